-- Leases the users of one bucket whose time has come, earliest first.
--
-- KEYS   1 ready ZSET, 2 leased ZSET, 3 origin HASH
-- ARGV   now, how many, end of the lease
-- Reply  for each user: id, time

local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
for i = 1, #due, 2 do
    redis.call('ZREM', KEYS[1], due[i])
    redis.call('ZADD', KEYS[2], ARGV[3], due[i])
    redis.call('HSET', KEYS[3], due[i], due[i + 1])
end
return due
