-- Reads items of one bucket in one space.
--
-- KEYS   for each item: HASH space -> packed item
-- ARGV   the space
-- Reply  for each item: the packed item, or nil

local items = {}
for i, key in ipairs(KEYS) do
    items[i] = redis.call('HGET', key, ARGV[1])
end
return items
