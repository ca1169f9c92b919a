-- Takes providers without an item off the list, unless somebody wrote an item of theirs since the caller looked.
--
-- KEYS   1 SET of every provider that has an item; 2 HASH provider -> how often its items were written
-- ARGV   for each provider: name, how often its items had been written when the caller looked
-- Reply  nothing

for i = 1, #ARGV, 2 do
    if redis.call('HGET', KEYS[2], ARGV[i]) == ARGV[i + 1] then
        redis.call('SREM', KEYS[1], ARGV[i])
    end
end
