-- Leases the job of one user: the one whose lease ran out where there is one, else the one that waits.
--
-- KEYS   1 record HASH; jobs: 2 ready ZSET, 3 leased ZSET, 4 origin HASH; 5 the bucket's last fencing token
-- ARGV   id, end of the lease
-- Reply  token, job, how far it has come (nil for not at all); nothing where another was quicker

local since = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not since then
    return nil
end

local job = redis.call('HGET', KEYS[1], 'run')
if not job then
    job = redis.call('HGET', KEYS[1], 'wait')
    redis.call('HSET', KEYS[1], 'run', job)
    redis.call('HDEL', KEYS[1], 'wait', 'since')
end

-- Milliseconds of the clock, or one more than the last: it grows even where a crash took the last token with it.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local last = tonumber(redis.call('GET', KEYS[5]) or '0')
local token = string.format('%.0f', math.max(last + 1, now))
redis.call('SET', KEYS[5], token)

redis.call('HSET', KEYS[1], 'token', token)
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[4], ARGV[1], since)
return { token, job, redis.call('HGET', KEYS[1], 'progress') }
