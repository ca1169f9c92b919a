-- Writes one user's state: the least that a commit in one step can be.
--
-- KEYS   1 record HASH
-- ARGV   state
-- Reply  how often it has been written

redis.call('HSET', KEYS[1], 'state', ARGV[1])
return redis.call('HINCRBY', KEYS[1], 'rev', 1)
