"""Both compacted topics as one log, and providers that read them at their own pace."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np

from schemas.catalog import ItemEmbedding, embedding_key
from schemas.profile import ProfileEmbedding
from streams.contract import Outgoing, Record
from streams.metrics import Metrics
from streams.provider import ProviderStage
from streams.topics import ITEM_EMBEDDINGS, PROFILE_EMBEDDINGS
from workers.standing import provided
from workers.vectors import pack

SPACE, D = "test-1", 4
ANN = "a" * 32
Message = tuple[str, bytes, bytes | None]


def vectors(*rows: Sequence[float]) -> tuple[bytes, ...]:
    return tuple(map(b64encode, pack(np.array(rows, np.float32))))


def profile(version: int, subject: str = ANN) -> Message:
    body = ProfileEmbedding(
        subject=subject,
        provider="news",
        version=version,
        space=SPACE,
        vectors=vectors((0.6, 0.8, 0, 0), (0, 0, 1 / 3, 0.9428)),
        weights=(0.123457, -0.7),
        avoid=vectors((0, 1, 0, 0)),
        keep_away=0.4,
        accepted_ms=1_000 + version,
    )
    return PROFILE_EMBEDDINGS, subject.encode(), body.to_bytes()


def item(standing: str | None, title: str = "Storm", **fields: Any) -> Message:
    body = ItemEmbedding(
        provider="news",
        item="storm",
        title=title,
        space=SPACE,
        vector=vectors((0.1, 0.2, 0.3, 0.9273))[0],
        accepted_ms=1_000,
        standing=standing,
        **fields,
    )
    return ITEM_EMBEDDINGS, embedding_key(SPACE, body.key).encode(), body.to_bytes()


def gone(message: Message) -> Message:
    return message[0], message[1], None


def dated(standing: str) -> tuple[Message, Message]:
    """An item's tombstone as the embedder sends it: what says as of when it counts, and the tombstone."""
    said = item(standing, gone=True)
    return said, gone(said)


def end(message: Message) -> tuple[Message, ...]:
    """A tombstone that was taken in long after the message."""
    return (gone(message),) if message[0] == PROFILE_EMBEDDINGS else dated(provided(9, 0))


class Topics:
    """Both topics as one log, which every provider reads from the start at its own pace."""

    def __init__(self) -> None:
        self.log: list[Record] = []
        self.now_ms = 0

    def append(self, *messages: Message) -> None:
        for topic, key, value in messages:
            self.log.append(Record(topic, 0, len(self.log), key, value, self.now_ms))

    def newest(self, message: Message) -> bytes | None:
        return [one.value for one in self.log if one.key == message[1]][-1]

    async def send(self, messages: Sequence[Outgoing]) -> None:
        self.append(*((one.topic, one.key, one.value) for one in messages))

    async def close(self) -> None: ...


class Reader:
    def __init__(self, topics: Topics, producer: Any = None) -> None:
        self.metrics = Metrics()
        self.stage = ProviderStage(SPACE, D, self.metrics, producer=producer or topics)
        self._topics = topics
        self._at = 0

    async def read(self, limit: int = 1) -> bool:
        """Whether there was something."""
        batch = self._topics.log[self._at : self._at + limit]
        if batch:
            await self.stage.handle(batch)
            self._at += len(batch)
        return bool(batch)

    async def read_all(self, limit: int = 1) -> None:
        while await self.read(limit):
            pass

    def stepped_back(self, what: str) -> float | None:
        return self.metrics.registry.get_sample_value("attune_stepped_back_total", {"what": what})
