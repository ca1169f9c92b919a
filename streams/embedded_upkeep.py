"""Keeps the embedded log small, as a broker's cleaner does: run while the log opens, before anybody reads.

1. A compacted topic keeps the newest message of each key.
2. What every group of a topic has consumed and is older than the topic's retention goes; of a compacted topic only the
   tombstones do, after a day. A group that has never committed holds everything.
"""

import sqlite3
from collections.abc import Collection, Mapping

from streams.contract import Partition
from streams.embedded_tables import first_id
from streams.topics import Topic

TOMBSTONE_MS = 24 * 60 * 60 * 1000
"""How long a reader may lag and still see that a key is gone: a day, as Kafka ships it."""


def tidy(connection: sqlite3.Connection, topics: Collection[Topic], ids: Mapping[Partition, int], now_ms: int) -> None:
    """Steps 1 and 2 for every partition of the topics."""
    by_name = {topic.name: topic for topic in topics}
    for source, id_ in ids.items():
        topic = by_name.get(source.topic)
        if topic is None:
            continue
        if topic.compacted:
            compact(connection, id_)
        _expire(connection, id_, topic, now_ms)


def compact(connection: sqlite3.Connection, partition: int) -> None:
    """Step 1 for one partition."""
    span = (first_id(partition), first_id(partition + 1))
    connection.execute(
        "DELETE FROM log_messages WHERE id >= ? AND id < ? AND id NOT IN"
        " (SELECT max(id) FROM log_messages WHERE id >= ? AND id < ? GROUP BY key)",
        span * 2,
    )


def _expire(connection: sqlite3.Connection, partition: int, topic: Topic, now_ms: int) -> None:
    (consumed,) = connection.execute(
        "SELECT coalesce((SELECT min(next) FROM log_offsets WHERE partition = ?), next)"
        " FROM log_partitions WHERE id = ?",
        (partition, partition),
    ).fetchone()
    keep_ms = TOMBSTONE_MS if topic.compacted else topic.retention_ms
    connection.execute(
        "DELETE FROM log_messages WHERE id >= ? AND id < ? AND time_ms < ?" + (" AND value IS NULL" * topic.compacted),
        (first_id(partition), first_id(partition, consumed), now_ms - keep_ms),
    )
