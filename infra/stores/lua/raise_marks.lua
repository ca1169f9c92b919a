-- Raises high-water marks; one that stands higher stays, and so does one below its floor: something was lost there.
--
-- KEYS   1 marks: HASH topic:partition -> offset; 2 the name that was given to the data: STRING
-- ARGV   the life (life.lua) in which all was written that the marks stand for, or '' where it is written with them
--        for each partition: topic:partition, offset, floor
-- Reply  1, or 0 where this is another life, in which some of that may be gone: nothing is raised
--
-- A Lua number is exact up to 2^53; a partition that took a million messages a second would get there in 285 years.

if ARGV[1] ~= '' then
    local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
    if ARGV[1] ~= history .. ':' .. (redis.call('GET', KEYS[2]) or '') then
        return 0
    end
end
for i = 2, #ARGV, 3 do
    local mark = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or 0)
    if mark >= tonumber(ARGV[i + 2]) and mark < tonumber(ARGV[i + 1]) then
        redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    end
end
return 1
