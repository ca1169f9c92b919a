-- Writes items of one bucket, then deletes others with all their spaces; keeps count of the items of each provider.
--
-- KEYS   1 providers: HASH provider -> number of items; 2 keys: SET of the keys of all items
--        for each item written, then for each one deleted: HASH space -> packed item
-- ARGV   how many are written; for each of them: key, provider, space, packed item; for each deleted one: key, provider
-- Reply  the providers that have no item in this bucket any more

local at = 1

local function take()
    at = at + 1
    return ARGV[at]
end

local written = tonumber(ARGV[1])
local emptied = {}

for key = 3, 2 + written do
    local name, provider, space, item = take(), take(), take(), take()
    if redis.call('EXISTS', KEYS[key]) == 0 then
        redis.call('HINCRBY', KEYS[1], provider, 1)
    end
    redis.call('HSET', KEYS[key], space, item)
    redis.call('SADD', KEYS[2], name)
end

for key = 3 + written, #KEYS do
    local name, provider = take(), take()
    redis.call('SREM', KEYS[2], name)
    if redis.call('DEL', KEYS[key]) == 1 and redis.call('HINCRBY', KEYS[1], provider, -1) == 0 then
        redis.call('HDEL', KEYS[1], provider)
    end
    -- Also where the item was gone before: whoever deleted it may have died without seeing to its provider.
    if redis.call('HEXISTS', KEYS[1], provider) == 0 then
        emptied[#emptied + 1] = provider
    end
end

return emptied
