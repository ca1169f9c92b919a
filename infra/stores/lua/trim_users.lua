-- Drops what is published from the outboxes of users of one bucket.
--
-- KEYS   1 pending: SET of the users with something in the outbox; then for each user: outbox ZSET
-- ARGV   for each user: id, the revision up to which everything is published
-- Reply  nothing

for i = 2, #KEYS do
    local user, revision = ARGV[2 * i - 3], ARGV[2 * i - 2]
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', revision)
    if redis.call('EXISTS', KEYS[i]) == 0 then
        redis.call('SREM', KEYS[1], user)
    end
end
