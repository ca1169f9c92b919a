-- The tables of the store in the embedded service's one file. Times are epoch seconds.

-- One record per user; `revision` counts its writes.
CREATE TABLE IF NOT EXISTS users (
    user TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    state BLOB NOT NULL
);

-- Committed and not yet known to be published; a null value is a tombstone.
CREATE TABLE IF NOT EXISTS outbox (
    user TEXT NOT NULL,
    revision INTEGER NOT NULL,
    place INTEGER NOT NULL,
    topic TEXT NOT NULL,
    key BLOB NOT NULL,
    value BLOB,
    PRIMARY KEY (user, revision, place)
);

-- Forgotten users, by the SHA-256 of their id in hex.
CREATE TABLE IF NOT EXISTS gone (
    digest TEXT PRIMARY KEY
) WITHOUT ROWID;

-- The keys that seal what the log holds of a person, by mailbox, in the order in which they were added.
CREATE TABLE IF NOT EXISTS sealing_keys (
    place INTEGER PRIMARY KEY,
    mailbox BLOB NOT NULL,
    wrapped BLOB NOT NULL,
    UNIQUE (mailbox, wrapped)
);

-- Mailboxes whose keys were destroyed.
CREATE TABLE IF NOT EXISTS destroyed_keys (
    mailbox BLOB PRIMARY KEY
) WITHOUT ROWID;

-- What persons brought, by mailbox; nothing of one whose keys were destroyed. `packed` as in `items`. A row without a
-- space, named after the mailbox: nothing more is taken of it.
CREATE TABLE IF NOT EXISTS own_items (
    item TEXT NOT NULL,
    space TEXT NOT NULL,
    mailbox BLOB NOT NULL,
    packed BLOB NOT NULL,
    PRIMARY KEY (item, space)
);
CREATE INDEX IF NOT EXISTS own_items_by_mailbox ON own_items (mailbox);
CREATE INDEX IF NOT EXISTS own_items_by_space ON own_items (space);

-- The indexes by time: `time` is what was set, `hidden_until` the end of a lease on it.
CREATE TABLE IF NOT EXISTS times (
    user TEXT NOT NULL,
    name TEXT NOT NULL,
    time REAL NOT NULL,
    hidden_until REAL,
    PRIMARY KEY (user, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS times_by_time ON times (name, time, hidden_until);

-- Per user at most one job that waits (no token) and one that runs; `place` is its place in the queue.
CREATE TABLE IF NOT EXISTS jobs (
    user TEXT NOT NULL,
    running INTEGER NOT NULL,
    place INTEGER NOT NULL,
    job BLOB NOT NULL,
    token INTEGER,
    leased_until REAL,
    PRIMARY KEY (user, running)
);
CREATE INDEX IF NOT EXISTS jobs_by_place ON jobs (place);

-- How far the job that runs for a user has come.
CREATE TABLE IF NOT EXISTS progress (
    user TEXT PRIMARY KEY,
    progress BLOB NOT NULL
);

-- What each account has spent in a period (a day).
CREATE TABLE IF NOT EXISTS budgets (
    period INTEGER NOT NULL,
    account TEXT NOT NULL,
    calls INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (period, account)
) WITHOUT ROWID;

-- Numbers that only rise: the last place in the queue of jobs, the last fencing token.
CREATE TABLE IF NOT EXISTS counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS marks (
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
) WITHOUT ROWID;

-- `packed` is what infra/stores/codec.py makes of the rest of the record.
CREATE TABLE IF NOT EXISTS items (
    item TEXT NOT NULL,
    space TEXT NOT NULL,
    provider TEXT NOT NULL,
    packed BLOB NOT NULL,
    PRIMARY KEY (item, space)
);
CREATE INDEX IF NOT EXISTS items_by_provider ON items (provider);
-- Every index ends with the rowid: this one finds the next item of a space from any rowid on.
CREATE INDEX IF NOT EXISTS items_by_space ON items (space);

-- Every provider that has or ever had an item.
CREATE TABLE IF NOT EXISTS providers (
    provider TEXT PRIMARY KEY
) WITHOUT ROWID;
-- An earlier release kept none; of a file in use this reads an index.
INSERT OR IGNORE INTO providers SELECT DISTINCT provider FROM items;

-- Items whose provider's tombstone was taken in the last hour, in milliseconds.
CREATE TABLE IF NOT EXISTS gone_items (
    item TEXT PRIMARY KEY,
    time_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS gone_items_by_time ON gone_items (time_ms);

-- The vectors of phrases, and of words that people typed: by a digest, so that nobody can read them here.
CREATE TABLE IF NOT EXISTS words (
    space TEXT NOT NULL,
    digest BLOB NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (space, digest)
) WITHOUT ROWID;

-- Candidates for the bank of a space: `sightings` has a line an item, `touched` rises with each sighting.
CREATE TABLE IF NOT EXISTS candidates (
    space TEXT NOT NULL,
    phrase TEXT NOT NULL,
    touched INTEGER NOT NULL,
    sightings TEXT NOT NULL,
    PRIMARY KEY (space, phrase)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS candidates_by_touch ON candidates (space, touched);

-- What the bank of a space has grown by, in order.
CREATE TABLE IF NOT EXISTS grown (
    space TEXT NOT NULL,
    place INTEGER NOT NULL,
    phrase TEXT NOT NULL,
    packed TEXT NOT NULL,
    PRIMARY KEY (space, place),
    UNIQUE (space, phrase)
) WITHOUT ROWID;
