-- Deletes the keys of mailboxes of one bucket, and remembers that.
--
-- KEYS   1 keys: HASH mailbox -> its wrapped keys, each behind a byte that is its length
--        2 gone: SET of the mailboxes whose keys were destroyed
-- ARGV   the mailboxes

for _, mailbox in ipairs(ARGV) do
    redis.call('HDEL', KEYS[1], mailbox)
    redis.call('SADD', KEYS[2], mailbox)
end
