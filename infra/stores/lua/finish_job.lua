-- Ends the job that runs for one user, and lets the one that waits behind it be claimed.
--
-- KEYS   1 record HASH; jobs: 2 ready ZSET, 3 leased ZSET, 4 origin HASH
-- ARGV   id, token
-- Reply  1; 0 and no effect where the token is not that of the last lease

if redis.call('HGET', KEYS[1], 'token') ~= ARGV[2] then
    return 0
end

redis.call('HDEL', KEYS[1], 'run', 'token', 'progress')
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('HDEL', KEYS[4], ARGV[1])
local since = redis.call('HGET', KEYS[1], 'since')
if since then
    redis.call('ZADD', KEYS[2], since, ARGV[1])
end
return 1
