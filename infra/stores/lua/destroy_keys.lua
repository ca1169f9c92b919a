-- Deletes the keys of mailboxes of one bucket, and what their persons brought, and remembers that.
--
-- KEYS   1 keys: HASH mailbox -> its wrapped keys, each behind a byte that is its length
--        2 gone: SET of the mailboxes whose keys were destroyed
--        3 owners: SET of the mailboxes of whom there is something that they brought
--        for each mailbox: own, HASH of that (put_own_items.lua)
-- ARGV   the mailboxes

for at, mailbox in ipairs(ARGV) do
    redis.call('HDEL', KEYS[1], mailbox)
    redis.call('SREM', KEYS[3], mailbox)
    redis.call('DEL', KEYS[3 + at])
    redis.call('SADD', KEYS[2], mailbox)
end
