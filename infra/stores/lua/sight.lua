-- Keeps which items show which candidates for the bank of a space.
--
-- KEYS   1 sightings: HASH phrase -> lines, one an item; 2 touched: ZSET phrase -> when last sighted, in sightings;
--        3 phrases that the bank has grown by: HASH phrase -> 1; 4 clock: STRING, how many sightings there were
-- ARGV   least, each, most (`workers.ports.Bounds`); for each sighting: phrase, head and line (`bank_codec`)
-- Reply  phrase, lines of each candidate of which one of these is kept, where it has at least `least` lines

local least, each, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local sightings = (#ARGV - 3) / 3
local clock = redis.call('INCRBY', KEYS[4], sightings) - sightings

-- The lines with this one in the place of the one with its head, or behind them; and how many they are.
local function joined(lines, head, line)
    local kept, found = {}, false
    for old in string.gmatch(lines, '[^\n]+') do
        if string.sub(old, 1, #head) == head then
            old, found = line, true
        end
        kept[#kept + 1] = old
    end
    if not found and #kept < each then
        kept[#kept + 1], found = line, true
    end
    return found and table.concat(kept, '\n'), #kept
end

local told, order = {}, {}
for i = 1, sightings do
    local phrase, head, line = ARGV[3 * i + 1], ARGV[3 * i + 2], ARGV[3 * i + 3]
    if redis.call('HEXISTS', KEYS[3], phrase) == 0 then
        redis.call('ZADD', KEYS[2], clock + i, phrase)
        local lines, count = joined(redis.call('HGET', KEYS[1], phrase) or '', head, line)
        if lines then
            redis.call('HSET', KEYS[1], phrase, lines)
            if count >= least and not told[phrase] then
                told[phrase] = true
                order[#order + 1] = phrase
            end
        end
    end
end

local over = redis.call('ZCARD', KEYS[2]) - most
if over > 0 then
    for _, phrase in ipairs(redis.call('ZRANGE', KEYS[2], 0, over - 1)) do
        redis.call('HDEL', KEYS[1], phrase)
    end
    redis.call('ZREMRANGEBYRANK', KEYS[2], 0, over - 1)
end

local reply = {}
for _, phrase in ipairs(order) do
    local lines = redis.call('HGET', KEYS[1], phrase)
    if lines then
        reply[#reply + 1] = phrase
        reply[#reply + 1] = lines
    end
end
return reply
