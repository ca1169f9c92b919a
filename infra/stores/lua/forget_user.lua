-- Sets the tombstone of one user and deletes everything else of them.
--
-- KEYS   1 gone: SET of the digests of forgotten users
--        2 pending: SET of the users with something in the outbox
--        3 names: SET of the names of the indexes by time
--        4 record HASH, 5 outbox ZSET
--        6 7 8 jobs: ready ZSET, leased ZSET, origin HASH
--        for each name that follows in ARGV: ready ZSET, leased ZSET, origin HASH
-- ARGV   digest, id, the names that the caller knows
-- Reply  an empty list when done; all names, and nothing done, where the caller does not know them all

local known = {}
for i = 3, #ARGV do
    known[ARGV[i]] = true
end

local names = redis.call('SMEMBERS', KEYS[3])
for _, name in ipairs(names) do
    if not known[name] then
        return names
    end
end

redis.call('SADD', KEYS[1], ARGV[1])
redis.call('SREM', KEYS[2], ARGV[2])
redis.call('DEL', KEYS[4], KEYS[5])
for key = 6, #KEYS, 3 do
    redis.call('ZREM', KEYS[key], ARGV[2])
    redis.call('ZREM', KEYS[key + 1], ARGV[2])
    redis.call('HDEL', KEYS[key + 2], ARGV[2])
end
return {}
