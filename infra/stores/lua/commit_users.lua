-- Commits users of one bucket, each by itself: the conflict of one leaves the others.
--
-- KEYS   1 gone: SET of the digests of forgotten users
--        2 pending: SET of the users with something in the outbox
--        3 names: SET of the names of the indexes by time
--        4 jobs that may be claimed: ZSET user -> since when
--        for each of the T names that follow in ARGV: ready ZSET, leased ZSET, origin HASH
--        for each user: record HASH, outbox ZSET
-- ARGV   T, the T names
--        for each user: digest, id, expected revision, next revision, state,
--          outbox entry ('' for none), number of jobs (0 or 1), the job,
--          number of times, for each of them: position of its name (1 to T), time ('' to clear it)
-- Reply  one letter for each user, in order: c committed, x conflict, f forgotten
--
-- Revisions are compared as text and times are kept as text, so that no number is rounded on the way.

local at = 0

local function take()
    at = at + 1
    return ARGV[at]
end

-- Microseconds of the server's one clock: jobs of all buckets are served in the order in which they came.
local clock = redis.call('TIME')
local since = string.format('%.0f', clock[1] * 1000000 + clock[2])

local names = {}
for i = 1, tonumber(take()) do
    names[i] = take()
end
local first_user_key = 5 + 3 * #names

local function set_time(user, position, time)
    local key = 2 + 3 * position
    if time == '' then
        redis.call('ZREM', KEYS[key], user)
    else
        redis.call('ZADD', KEYS[key], time, user)
        redis.call('SADD', KEYS[3], names[position])
    end
    redis.call('ZREM', KEYS[key + 1], user)
    redis.call('HDEL', KEYS[key + 2], user)
end

local function queue_job(user, record, job)
    -- A job that waited keeps its place: a busy user would otherwise never be served.
    if redis.call('HEXISTS', record, 'wait') == 1 then
        redis.call('HSET', record, 'wait', job)
        return
    end
    redis.call('HSET', record, 'wait', job, 'since', since)
    if redis.call('HEXISTS', record, 'run') == 0 then
        redis.call('ZADD', KEYS[4], since, user)
    end
end

local outcomes = {}
for key = first_user_key, #KEYS, 2 do
    local record, outbox = KEYS[key], KEYS[key + 1]
    local digest, user, expected, revision, state = take(), take(), take(), take(), take()
    local entry = take()
    local jobs = {}
    for i = 1, tonumber(take()) do
        jobs[i] = take()
    end
    local times = {}
    for i = 1, tonumber(take()) do
        times[i] = { tonumber(take()), take() }
    end

    if redis.call('SISMEMBER', KEYS[1], digest) == 1 then
        outcomes[#outcomes + 1] = 'f'
    elseif (redis.call('HGET', record, 'rev') or '0') ~= expected then
        outcomes[#outcomes + 1] = 'x'
    else
        redis.call('HSET', record, 'rev', revision, 'state', state)
        if entry ~= '' then
            redis.call('ZADD', outbox, revision, entry)
            redis.call('SADD', KEYS[2], user)
        end
        for _, time in ipairs(times) do
            set_time(user, time[1], time[2])
        end
        for _, job in ipairs(jobs) do
            queue_job(user, record, job)
        end
        outcomes[#outcomes + 1] = 'c'
    end
end

return table.concat(outcomes)
