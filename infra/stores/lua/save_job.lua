-- Keeps how far the job that runs for one user has come, and renews its lease.
--
-- KEYS   1 record HASH; jobs: 2 ready ZSET, 3 leased ZSET, 4 origin HASH
-- ARGV   id, token, progress, end of the lease
-- Reply  1; 0 and no effect where the token is not that of the last lease

if redis.call('HGET', KEYS[1], 'token') ~= ARGV[2] then
    return 0
end

redis.call('HSET', KEYS[1], 'progress', ARGV[3])
-- A lease that ran out and that nobody has taken up yet may have been put back already.
local since = redis.call('ZSCORE', KEYS[2], ARGV[1])
if since then
    redis.call('ZREM', KEYS[2], ARGV[1])
    redis.call('HSET', KEYS[4], ARGV[1], since)
end
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
return 1
