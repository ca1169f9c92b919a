-- Names the life of this server and of what it holds: a restart and a failover give the history of the data another id,
-- and a wipe takes the name that was given to the data.
--
-- KEYS   1 the name that was given to the data: STRING
-- ARGV   a random name, for data that have none
-- Reply  the life

redis.call('SET', KEYS[1], ARGV[1], 'NX')
return string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') .. ':' .. redis.call('GET', KEYS[1])
