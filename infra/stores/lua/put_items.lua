-- Writes items of one bucket, then deletes others with all their spaces; keeps count of the items of each provider. What
-- counts more than what is to be written, or came after the tombstone, stays as it is (workers/standing.py).
--
-- KEYS   1 providers: HASH provider -> number of items; 2 keys: SET of the keys of all items
--        3 gone: ZSET key of an item -> when its provider's tombstone was taken
--        for each item written, then for each one deleted: HASH space -> packed item
-- ARGV   how many are written; for how long the gone are remembered, in milliseconds;
--        for each written one: key, provider, space, standing, packed item;
--        for each deleted one: key, provider, standing
-- Reply  the providers that were to lose or to get an item and have none in this bucket; the keys of which something
--        stayed as it was

local at = 2

local function take()
    at = at + 1
    return ARGV[at]
end

-- It follows the hash, which is the third field (codec.py); '' where an earlier release wrote the item.
local function standing_of(item)
    local field = 1
    for _ = 1, 2 do
        field = field + 4 + struct.unpack('>I4', item, field)
    end
    local hash = string.sub(item, field + 4, field + 3 + struct.unpack('>I4', item, field))
    local standing = string.match(hash, '@([01]%d+)$')
    return standing and #standing == 36 and standing or ''
end

local function gives_way(stored, new)
    if stored == '' or new == '' then
        return true
    end
    local before, after = string.sub(stored, 1, 1), string.sub(new, 1, 1)
    if before ~= after then
        return before < after
    end
    if after == '0' then
        return new <= stored
    end
    return stored <= new
end

local function is_taken_away(stored, tombstone)
    return stored == '' or tombstone == ''
        or (string.sub(stored, 1, 1) <= string.sub(tombstone, 1, 1) and string.sub(stored, 2) <= string.sub(tombstone, 2))
end

local function time_of(standing)
    return tonumber(string.sub(standing, 2, 17))
end

local written = tonumber(ARGV[1])
local emptied, kept, latest = {}, {}, nil

for key = 4, 3 + written do
    local name, provider, space, standing, item = take(), take(), take(), take(), take()
    local stored = redis.call('HGET', KEYS[key], space)
    local gone = standing ~= '' and redis.call('ZSCORE', KEYS[3], name)
    if stored and not gives_way(standing_of(stored), standing) or gone and time_of(standing) < tonumber(gone) then
        kept[#kept + 1] = name
        -- Whoever writes lists the provider, not knowing that this comes too late to be an item of theirs.
        if redis.call('HEXISTS', KEYS[1], provider) == 0 then
            emptied[#emptied + 1] = provider
        end
    else
        if redis.call('EXISTS', KEYS[key]) == 0 then
            redis.call('HINCRBY', KEYS[1], provider, 1)
        end
        redis.call('HSET', KEYS[key], space, item)
        redis.call('SADD', KEYS[2], name)
    end
end

for key = 4 + written, #KEYS do
    local name, provider, standing = take(), take(), take()
    if string.sub(standing, 1, 1) == '1' then
        redis.call('ZADD', KEYS[3], 'GT', time_of(standing), name)
        latest = math.max(latest or 0, time_of(standing))
    end
    local stored = redis.call('HGETALL', KEYS[key])
    local left = #stored / 2
    for field = 1, #stored, 2 do
        if is_taken_away(standing_of(stored[field + 1]), standing) then
            redis.call('HDEL', KEYS[key], stored[field])
            left = left - 1
        end
    end
    if left > 0 then
        kept[#kept + 1] = name
    else
        redis.call('SREM', KEYS[2], name)
        if #stored > 0 and redis.call('HINCRBY', KEYS[1], provider, -1) == 0 then
            redis.call('HDEL', KEYS[1], provider)
        end
        -- Also where the item was gone before: whoever deleted it may have died without seeing to its provider.
        if redis.call('HEXISTS', KEYS[1], provider) == 0 then
            emptied[#emptied + 1] = provider
        end
    end
end

if latest then
    redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', '(' .. string.format('%d', latest - tonumber(ARGV[2])))
end

return {emptied, kept}
