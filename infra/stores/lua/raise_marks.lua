-- Raises high-water marks; one that stands higher stays.
--
-- KEYS   1 marks: HASH topic:partition -> offset
-- ARGV   for each partition: topic:partition, offset
-- Reply  nothing
--
-- A Lua number is exact up to 2^53; a partition that took a million messages a second would get there in 285 years.

for i = 1, #ARGV, 2 do
    local mark = redis.call('HGET', KEYS[1], ARGV[i])
    if not mark or tonumber(mark) < tonumber(ARGV[i + 1]) then
        redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    end
end
