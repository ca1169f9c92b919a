-- Looks at the front of one bucket's index (times or jobs), after putting back everyone whose lease ran out.
--
-- KEYS   1 ready ZSET, 2 leased ZSET, 3 origin HASH
-- ARGV   now, the latest time of interest, how many
-- Reply  the times of the first so many, earliest first, parted by spaces; the member of the first one ('' for none)

for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1])) do
    redis.call('ZADD', KEYS[1], redis.call('HGET', KEYS[3], member), member)
    redis.call('ZREM', KEYS[2], member)
    redis.call('HDEL', KEYS[3], member)
end

local front = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[2], 'WITHSCORES', 'LIMIT', 0, ARGV[3])
local times = {}
for i = 2, #front, 2 do
    times[#times + 1] = front[i]
end
return { table.concat(times, ' '), front[1] or '' }
