-- Writes items of one bucket where they still are what they were.
--
-- KEYS   for each item: HASH space -> packed item
-- ARGV   for each item: space, packed item before, packed item after
-- Reply  for each item: 1, or 0 and no effect where another has written meanwhile

local replaced = {}
for i, key in ipairs(KEYS) do
    local space, before, after = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
    if redis.call('HGET', key, space) == before then
        redis.call('HSET', key, space, after)
        replaced[i] = 1
    else
        replaced[i] = 0
    end
end
return replaced
