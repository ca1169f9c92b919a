-- Reads the users of one bucket, each as one moment saw it.
--
-- KEYS   1 gone: SET of the digests of forgotten users; then for each user: record HASH, outbox ZSET
-- ARGV   for each user: digest
-- Reply  first a summary, then what it announces. The summary has a word for each user: 'gone' for a forgotten one,
--        '-' for an unknown one, else REVISION:N; for each of the latter follow the state and N outbox entries.
--
-- Short facts go into one string because an element costs the client more than it costs here; states do not, because
-- joining 4 KB strings in Lua costs more than all the rest.

local summary = {}
local reply = { '' }

for i = 1, #ARGV do
    local stored = redis.call('HMGET', KEYS[2 * i], 'rev', 'state')
    if stored[1] then
        local entries = redis.call('ZRANGE', KEYS[2 * i + 1], 0, -1)
        summary[i] = stored[1] .. ':' .. #entries
        reply[#reply + 1] = stored[2]
        for _, entry in ipairs(entries) do
            reply[#reply + 1] = entry
        end
    elseif redis.call('SISMEMBER', KEYS[1], ARGV[i]) == 1 then
        summary[i] = 'gone'
    else
        summary[i] = '-'
    end
end

reply[1] = table.concat(summary, ' ')
return reply
