-- Counts the times of one bucket's index by intervals; one in somebody's hands counts with the time that was set.
--
-- KEYS   1 ready ZSET, 2 origin HASH
-- ARGV   the bounds b1 < b2 < ... < bn
-- Reply  how many lie in (-inf, b1), [b1, b2), ..., [bn, inf)

local counts = {}
for i = 1, #ARGV + 1 do
    local from = ARGV[i - 1] or '-inf'
    local to = ARGV[i] and '(' .. ARGV[i] or '+inf'
    counts[i] = redis.call('ZCOUNT', KEYS[1], from, to)
end

for _, time in ipairs(redis.call('HVALS', KEYS[2])) do
    local i = 1
    while ARGV[i] and tonumber(time) >= tonumber(ARGV[i]) do
        i = i + 1
    end
    counts[i] = counts[i] + 1
end

return counts
