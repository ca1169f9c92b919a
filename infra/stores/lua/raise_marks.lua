-- Raises high-water marks; one that stands higher stays, and so does one below its floor: something was lost there.
--
-- KEYS   1 marks: HASH topic:partition -> offset
-- ARGV   for each partition: topic:partition, offset, floor
-- Reply  nothing
--
-- A Lua number is exact up to 2^53; a partition that took a million messages a second would get there in 285 years.

for i = 1, #ARGV, 3 do
    local mark = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or 0)
    if mark >= tonumber(ARGV[i + 2]) and mark < tonumber(ARGV[i + 1]) then
        redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    end
end
