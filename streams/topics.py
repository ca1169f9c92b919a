"""The one table of topics. Kafka's are created from it, and the embedded log keeps the same ones."""

from dataclasses import dataclass

INTERACTIONS = "attune.interactions"
COMMANDS = "attune.commands"
CATALOG = "attune.catalog"
ITEM_EMBEDDINGS = "attune.item-embeddings"
PROPOSALS = "attune.proposals"
PROFILE_EMBEDDINGS = "attune.profile-embeddings"
PROFILE_EVENTS = "attune.profile-events"
ERASURE_RECEIPTS = "attune.erasure-receipts"
DEAD_LETTERS = "attune.dead-letters"
SPACES = "attune.spaces"
KEYS = "attune.keys"

MAX_MESSAGE_BYTES = 2 * 1024 * 1024
"""The largest message there is: the dead-letter of one that is as large as brokers take as shipped, 1 MiB by 4/3."""

_DAY_MS = 24 * 60 * 60 * 1000

_HOUR_MS = 60 * 60 * 1000

_SHREDDED = {
    "segment.ms": str(_HOUR_MS // 4),
    "min.cleanable.dirty.ratio": "0.01",
    "max.compaction.lag.ms": str(_HOUR_MS),
    "delete.retention.ms": str(_HOUR_MS),
    "file.delete.delay.ms": "1000",
}
"""What is overwritten on a compacted topic stays in its files until they are compacted, and neither the file that is
written to nor what it overwrites is. It is closed by the first message after a quarter of an hour (`streams.key_ring`
sends one every ten minutes: 25 at the latest), cleaned at the cleaner's next look (15 s as shipped; an hour at most,
should it be busy), and the old file is deleted a second later (as shipped: a minute). So the bytes of a destroyed key
are gone from a broker's disk after 26 minutes as a rule and after an hour and a half in the worst case. A null is kept
for an hour: longer than anybody takes to read the topic (a million keys: 20 s)."""


@dataclass(frozen=True, slots=True)
class Topic:
    """`mailbox` topics have one number of partitions and one key hash, so that one agents process holds one user's
    whole mailbox. `retention_ms` is for topics that are deleted by age. `max_bytes` of a message, where it differs
    from what brokers take as shipped (1 MiB)."""

    name: str
    compacted: bool = False
    mailbox: bool = False
    retention_ms: int = 7 * _DAY_MS
    max_bytes: int | None = None
    shredded: bool = False
    """Whether what was overwritten must leave the brokers' disks soon."""

    def config(self) -> dict[str, str]:
        """Kafka's topic settings. LogAppendTime: event time lives in the payload, and with CreateTime retention would
        delete events of last year within half a second (FACTS)."""
        cleanup = "compact" if self.compacted else "delete"
        settings = {"cleanup.policy": cleanup, "message.timestamp.type": "LogAppendTime"}
        if self.max_bytes is not None:
            settings["max.message.bytes"] = str(self.max_bytes)
        if self.shredded:
            settings |= _SHREDDED
        return settings if self.compacted else settings | {"retention.ms": str(self.retention_ms)}


TOPICS: tuple[Topic, ...] = (
    Topic(INTERACTIONS, mailbox=True),
    Topic(COMMANDS, mailbox=True),
    Topic(PROPOSALS, mailbox=True),
    Topic(CATALOG, compacted=True),
    Topic(ITEM_EMBEDDINGS, compacted=True),
    Topic(PROFILE_EMBEDDINGS, compacted=True),
    Topic(SPACES, compacted=True),
    Topic(KEYS, compacted=True, shredded=True),
    Topic(PROFILE_EVENTS),
    Topic(ERASURE_RECEIPTS),
    # A person looks at these: a month, so that nothing vanishes over a holiday. A letter holds its message in base64,
    # so the letter of the largest message is larger than the largest message.
    Topic(DEAD_LETTERS, retention_ms=30 * _DAY_MS, max_bytes=MAX_MESSAGE_BYTES),
)

MAILBOX = tuple(topic.name for topic in TOPICS if topic.mailbox)

SEALED = frozenset((*MAILBOX, PROFILE_EVENTS, DEAD_LETTERS))
"""What stands in them about a person is sealed with that person's key (`streams.sealing`)."""

OPENED = SEALED | {CATALOG}
"""Where sealed messages stand: the catalog has what persons brought (`workers.mine`) beside what is everybody's."""

BY_NAME = {topic.name: topic for topic in TOPICS}
