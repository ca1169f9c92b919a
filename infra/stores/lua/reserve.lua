-- Takes calls and tokens from an account, unless that would exceed a limit.
--
-- KEYS   1 what the account has spent in this period: HASH calls, tokens
-- ARGV   calls, tokens, most calls, most tokens, seconds to keep it
-- Reply  1; 0 and no effect where either limit would be exceeded

local spent = redis.call('HMGET', KEYS[1], 'calls', 'tokens')
local calls = tonumber(spent[1] or '0') + tonumber(ARGV[1])
local tokens = tonumber(spent[2] or '0') + tonumber(ARGV[2])
if calls > tonumber(ARGV[3]) or tokens > tonumber(ARGV[4]) then
    return 0
end

redis.call('HSET', KEYS[1], 'calls', string.format('%.0f', calls), 'tokens', string.format('%.0f', tokens))
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 1
