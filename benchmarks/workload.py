"""What a benchmark feeds in: interactions of simulated people, and the sample's items with made-up vectors."""

import itertools
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from infra.sample.catalog import sample_items
from infra.sample.people import simulate
from schemas.catalog import CatalogItem, ItemEmbedding
from schemas.interaction import Interaction
from streams.contract import Outgoing
from streams.topics import INTERACTIONS, ITEM_EMBEDDINGS
from workers.phrases import phrases_of
from workers.ports import ItemRecord, Matrix, Store
from workers.space import SpaceInfo
from workers.vectors import pack, unit

_SEED = 7
_START = datetime(2010, 1, 1, tzinfo=UTC)
"""Long ago: a person does about 7 things a day, so that even 40,000 of one person end before today. What lies in the
future is not applied."""


def interactions(users: int, events: int) -> list[Outgoing]:
    """The first `events` things that so many people do, in the order of their times; the same in every run."""
    stream = itertools.islice(simulate(users, _SEED, _START), events)
    messages = (Interaction.model_validate(event) for event in stream)
    return [Outgoing(INTERACTIONS, message.user.encode(), message.to_bytes()) for message in messages]


@dataclass(frozen=True, slots=True)
class Catalog:
    """The 480 items of the sample, as the embedder would have written and sent them."""

    records: tuple[ItemRecord, ...]
    phrases: Mapping[str, bytes]
    messages: tuple[Outgoing, ...]

    async def fill(self, store: Store) -> None:
        await store.put_phrases(self.records[0].space, self.phrases)
        await store.put_items(self.records)


def catalog(space: SpaceInfo) -> Catalog:
    """Vectors are random but seeded. An item lies between its phrases and somewhere of its own, at a cosine of about
    0.35 to a phrase of four, as MiniLM has it (0.4); so profiles grow as many interests as they do on real vectors, and
    no model is loaded."""
    items = [CatalogItem.model_validate(item) for item in sample_items()]
    named = [phrases_of(item) for item in items]
    texts = sorted(set(itertools.chain.from_iterable(named)))
    rng = np.random.default_rng(_SEED)
    words = dict(zip(texts, _random_rows(rng, len(texts), space.dimension), strict=True))
    own = _random_rows(rng, len(items), space.dimension)
    vectors = pack(unit(np.stack([row + _between(words, name) for row, name in zip(own, named, strict=True)])))
    now_ms = int(time.time() * 1000)
    return Catalog(
        records=tuple(_record(*one, space.id) for one in zip(items, vectors, named, strict=True)),
        phrases=dict(zip(texts, pack(np.stack([words[text] for text in texts])), strict=True)),
        messages=tuple(_message(*one, space.id, now_ms) for one in zip(items, vectors, strict=True)),
    )


def _random_rows(rng: np.random.Generator, rows: int, dimension: int) -> Matrix:
    return unit(rng.standard_normal((rows, dimension)).astype(np.float32))


def _between(words: Mapping[str, Matrix], phrases: tuple[str, ...]) -> Matrix:
    together: Matrix = unit(np.stack([words[phrase] for phrase in phrases]).sum(axis=0, keepdims=True))
    return together.reshape(-1)


def _record(item: CatalogItem, vector: bytes, phrases: tuple[str, ...], space: str) -> ItemRecord:
    return ItemRecord(item.key, space, vector, item.title, phrases, content_hash="")


def _message(item: CatalogItem, vector: bytes, space: str, now_ms: int) -> Outgoing:
    body = ItemEmbedding(
        provider=item.provider,
        item=item.item,
        title=item.title,
        category=item.category,
        space=space,
        vector=b64encode(vector),
        accepted_ms=now_ms,
    )
    return Outgoing(ITEM_EMBEDDINGS, item.key.encode(), body.to_bytes())
