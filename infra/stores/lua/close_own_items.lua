-- Takes nothing more that one person brought, until all of it goes with the keys (destroy_keys.lua), and says what there
-- is.
--
-- KEYS   1 own: HASH space/key of an item -> its standing, a line's end, the packed item; '' -> it is closed
--        2 owners: SET of the mailboxes of whom there is something
--        3 gone: SET of the mailboxes whose keys were destroyed
-- ARGV   the mailbox
-- Reply  the fields of the HASH

if redis.call('SISMEMBER', KEYS[3], ARGV[1]) == 0 then
    redis.call('HSET', KEYS[1], '', '')
    redis.call('SADD', KEYS[2], ARGV[1])
end
return redis.call('HKEYS', KEYS[1])
