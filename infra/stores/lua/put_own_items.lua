-- Writes what one person brought, then deletes some of it with all its spaces. The first description of an item counts
-- (workers/standing.py). Of a mailbox that is closed (close_own_items.lua) or whose keys were destroyed nothing is
-- written.
--
-- KEYS   1 own: HASH space/key of an item -> its standing, a line's end, the packed item
--        2 owners: SET of the mailboxes of whom there is something
--        3 gone: SET of the mailboxes whose keys were destroyed
-- ARGV   the mailbox; how many are written; for each of them: key, space, standing, packed item;
--        for each deleted one: key, standing of its tombstone
-- Reply  the keys of which something stayed as it was

local mailbox, written = ARGV[1], tonumber(ARGV[2])
local is_gone = redis.call('SISMEMBER', KEYS[3], mailbox) == 1 or redis.call('HEXISTS', KEYS[1], '') == 1
local kept = {}

local function standing_of(field)
    local stored = redis.call('HGET', KEYS[1], field)
    return stored and string.match(stored, '^(%d*)\n')
end

for at = 3, 2 + 4 * written, 4 do
    local key, field, standing = ARGV[at], ARGV[at + 1] .. '/' .. ARGV[at], ARGV[at + 2]
    local before = standing_of(field)
    if is_gone or before and before ~= '' and standing ~= '' and before < standing then
        kept[#kept + 1] = key
    else
        redis.call('HSET', KEYS[1], field, standing .. '\n' .. ARGV[at + 3])
        redis.call('SADD', KEYS[2], mailbox)
    end
end

local tombstones = {}
for at = 3 + 4 * written, #ARGV, 2 do
    tombstones[ARGV[at]] = ARGV[at + 1]
end

if next(tombstones) then
    for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
        local key = string.match(field, '/(.*)$')
        local tombstone = tombstones[key]
        if tombstone then
            local before = standing_of(field)
            if before == '' or tombstone == '' or string.sub(before, 2) <= string.sub(tombstone, 2) then
                redis.call('HDEL', KEYS[1], field)
            else
                kept[#kept + 1] = key
            end
        end
    end
end

return kept
