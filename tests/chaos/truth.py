"""What is the case, read with plain means: the topics with a consumer of its own, the store through its port."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from schemas.dead_letter import DeadLetter
from schemas.profile import ProfileChanged, ProfileEmbedding
from streams.contract import Keys, Record
from streams.kafka_clients import consumer_client, partitions_of, record_of
from streams.topics import DEAD_LETTERS, MAILBOX, PROFILE_EMBEDDINGS, PROFILE_EVENTS
from workers.ports import Store, UserRecord

_SECONDS = 60.0
_PAGE = 2_000


@dataclass(frozen=True)
class Topics:
    """Everything that the topics hold."""

    mail: tuple[Record, ...]
    """Of the mailbox topics, each partition in order."""
    letters: Mapping[str, DeadLetter]
    """By id: a letter that was written twice is one."""
    embeddings: Mapping[str, ProfileEmbedding]
    """The newest of each subject."""
    stepped_back: int
    """Times that an older version of a subject follows a newer one."""
    announced: Mapping[str, frozenset[int]]
    """Versions by user."""


async def read_topics(bootstrap: str, people: Collection[str], keys: Keys) -> Topics:
    """From the first record to the last that is there now; of mail and letters, what bears these people's key. `keys`
    open what is sealed."""
    records = await keys.open(await _read(bootstrap, (*MAILBOX, DEAD_LETTERS, PROFILE_EMBEDDINGS, PROFILE_EVENTS)))
    names = {user.encode() for user in people}
    letters = [DeadLetter.model_validate_json(one.value or b"") for one in records if one.topic == DEAD_LETTERS]
    embeddings, stepped_back = _newest([one for one in records if one.topic == PROFILE_EMBEDDINGS])
    return Topics(
        mail=tuple(record for record in records if record.topic in MAILBOX and record.key in names),
        letters={letter.id: letter for letter in letters if letter.key in names},
        embeddings=embeddings,
        stepped_back=stepped_back,
        announced=_announced([one for one in records if one.topic == PROFILE_EVENTS]),
    )


async def read_users(store: Store, users: Collection[str], space: str) -> dict[str, UserRecord]:
    return dict((await store.read(users, (), space)).users)


async def _read(bootstrap: str, topics: Sequence[str]) -> list[Record]:
    partitions = await partitions_of(bootstrap, topics, _SECONDS)
    records: list[Record] = []
    async with consumer_client(bootstrap, _SECONDS) as consumer:
        ends = await consumer.end_offsets(partitions)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        deadline = time.monotonic() + _SECONDS
        while [at for at in partitions if await consumer.position(at) < ends[at]]:
            assert time.monotonic() < deadline, "the topics could not be read to their ends"
            pages = await consumer.getmany(timeout_ms=500, max_records=_PAGE)
            records += [record_of(message) for page in pages.values() for message in page]
    return sorted(records, key=lambda one: (one.topic, one.partition, one.offset))


def _newest(records: Sequence[Record]) -> tuple[dict[str, ProfileEmbedding], int]:
    newest: dict[str, ProfileEmbedding] = {}
    stepped_back = 0
    for record in records:
        subject = (record.key or b"").decode()
        if record.value is None:
            newest.pop(subject, None)
            continue
        embedding = ProfileEmbedding.model_validate_json(record.value)
        if subject in newest and newest[subject].version > embedding.version:
            stepped_back += 1
        newest[subject] = embedding
    return newest, stepped_back


def _announced(records: Sequence[Record]) -> dict[str, frozenset[int]]:
    versions: dict[str, set[int]] = {}
    for record in records:
        notice = ProfileChanged.model_validate_json(record.value or b"")
        versions.setdefault(notice.user, set()).add(notice.version)
    return {user: frozenset(found) for user, found in versions.items()}
