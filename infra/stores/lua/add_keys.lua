-- Adds wrapped keys to mailboxes of one bucket, each by itself, and says what they have then.
--
-- KEYS   1 keys: HASH mailbox -> its wrapped keys, each behind a byte that is its length
--        2 gone: SET of the mailboxes whose keys were destroyed
-- ARGV   for each mailbox: its id, number of keys, the keys
-- Reply  an entry for each mailbox: its field of the HASH, or a nil where its keys were destroyed

local function has(held, key)
    local at = 1
    while at <= #held do
        local length = string.byte(held, at)
        if string.sub(held, at + 1, at + length) == key then
            return true
        end
        at = at + 1 + length
    end
    return false
end

local reply = {}
local at = 1
while at <= #ARGV do
    local mailbox, count = ARGV[at], tonumber(ARGV[at + 1])
    if redis.call('SISMEMBER', KEYS[2], mailbox) == 1 then
        reply[#reply + 1] = false
    else
        local before = redis.call('HGET', KEYS[1], mailbox) or ''
        local held = before
        for i = at + 2, at + 1 + count do
            if not has(held, ARGV[i]) then
                held = held .. string.char(#ARGV[i]) .. ARGV[i]
            end
        end
        if held ~= before then
            redis.call('HSET', KEYS[1], mailbox, held)
        end
        reply[#reply + 1] = held
    end
    at = at + 2 + count
end
return reply
