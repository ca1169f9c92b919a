-- Corrects what an account has spent; nothing falls below zero.
--
-- KEYS   1 what the account has spent in this period: HASH calls, tokens
-- ARGV   calls, tokens, seconds to keep it
-- Reply  nothing

local spent = redis.call('HMGET', KEYS[1], 'calls', 'tokens')
local calls = math.max(0, tonumber(spent[1] or '0') + tonumber(ARGV[1]))
local tokens = math.max(0, tonumber(spent[2] or '0') + tonumber(ARGV[2]))
redis.call('HSET', KEYS[1], 'calls', string.format('%.0f', calls), 'tokens', string.format('%.0f', tokens))
redis.call('EXPIRE', KEYS[1], ARGV[3])
