-- Reads the wrapped keys of mailboxes of one bucket.
--
-- KEYS   1 keys: HASH mailbox -> its wrapped keys, each behind a byte that is its length
--        2 gone: SET of the mailboxes whose keys were destroyed
-- ARGV   the mailboxes
-- Reply  an entry for each: its field of the HASH, '' where it has none, or a nil where its keys were destroyed

local reply = {}
for i, held in ipairs(redis.call('HMGET', KEYS[1], unpack(ARGV))) do
    if held then
        reply[i] = held
    elseif redis.call('SISMEMBER', KEYS[2], ARGV[i]) == 1 then
        reply[i] = false
    else
        reply[i] = ''
    end
end
return reply
