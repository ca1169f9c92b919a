-- Adds to the phrases that the bank of a space has grown by, up to a limit; their sightings go.
--
-- KEYS   1 sightings: HASH phrase -> lines; 2 touched: ZSET phrase -> when last sighted;
--        3 grown: HASH phrase -> 1; 4 list: LIST of packed phrases, in the order in which they were added
-- ARGV   most; for each phrase: phrase, packed phrase
-- Reply  how many were added

local most, added = tonumber(ARGV[1]), 0
for i = 2, #ARGV, 2 do
    local phrase = ARGV[i]
    if redis.call('LLEN', KEYS[4]) < most and redis.call('HSETNX', KEYS[3], phrase, '1') == 1 then
        redis.call('RPUSH', KEYS[4], ARGV[i + 1])
        redis.call('HDEL', KEYS[1], phrase)
        redis.call('ZREM', KEYS[2], phrase)
        added = added + 1
    end
end
return added
