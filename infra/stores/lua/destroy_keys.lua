-- Deletes the keys of mailboxes of one bucket, and what their persons brought, and remembers that.
--
-- KEYS   1 keys: HASH mailbox -> its wrapped keys, each behind a byte that is its length
--        2 gone: SET of the mailboxes whose keys were destroyed
--        3 owners: SET of the mailboxes of whom there is something that they brought
--        for each mailbox: own, HASH of that (put_own_items.lua)
-- ARGV   the history of the data in which their owners were erased (life.lua); the mailboxes
-- Reply  1, or 0 where the history is another one: their owners may be back, and nothing is done

if string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') ~= ARGV[1] then
    return 0
end
for at = 2, #ARGV do
    redis.call('HDEL', KEYS[1], ARGV[at])
    redis.call('SREM', KEYS[3], ARGV[at])
    redis.call('DEL', KEYS[2 + at])
    redis.call('SADD', KEYS[2], ARGV[at])
end
return 1
