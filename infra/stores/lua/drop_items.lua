-- Deletes the vectors that items of one bucket have in one space. An item that is in no other space is gone with it, as
-- if it had been deleted (put_items.lua).
--
-- KEYS   1 providers: HASH provider -> number of items; 2 keys: SET of the keys of all items
--        for each item: HASH space -> packed item
-- ARGV   the space; for each item: key, provider
-- Reply  the providers that have no item in this bucket any more

local emptied = {}

for i = 3, #KEYS do
    local name, provider = ARGV[2 * i - 4], ARGV[2 * i - 3]
    if redis.call('HDEL', KEYS[i], ARGV[1]) == 1 and redis.call('EXISTS', KEYS[i]) == 0 then
        redis.call('SREM', KEYS[2], name)
        if redis.call('HINCRBY', KEYS[1], provider, -1) == 0 then
            redis.call('HDEL', KEYS[1], provider)
            emptied[#emptied + 1] = provider
        end
    end
end

return emptied
