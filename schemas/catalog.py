"""What providers offer: the item in words, and the item as a vector."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.base import (
    MAX_TEXT,
    Contract,
    Float16Vector,
    Instant,
    ItemId,
    Label,
    ProviderId,
    SpaceId,
    Title,
    item_key,
)


class CatalogItem(Contract):
    """Topic `attune.catalog`, keyed by provider:item. A null value is a tombstone: the item is gone."""

    schema_version: Literal[1] = 1
    provider: ProviderId
    item: ItemId
    title: Title
    text: Annotated[str, StringConstraints(max_length=MAX_TEXT)] | None = None
    category: Label | None = None
    """Plain words; levels from general to specific are parted by '/', '>' or ';' ("sports/football")."""
    tags: Annotated[tuple[Label, ...], Field(max_length=16)] = ()
    time: Instant | None = None

    @property
    def key(self) -> str:
        return item_key(self.provider, self.item)


class ItemEmbedding(Contract):
    """Topic `attune.item-embeddings`, keyed by `embedding_key`. A null value is a tombstone."""

    schema_version: Literal[1] = 1
    provider: ProviderId
    item: ItemId
    title: Title
    category: Label | None = None
    time: Instant | None = None
    space: SpaceId
    vector: Float16Vector
    accepted_ms: Annotated[int, Field(ge=0)]
    """When the broker took the catalog entry, in milliseconds since 1970: the start of the item's freshness."""

    @property
    def key(self) -> str:
        return item_key(self.provider, self.item)


def embedding_key(space: str, item: str) -> str:
    """The key of `attune.item-embeddings`: an item has one embedding in each space that is served, and compaction must
    keep them all. A space's name has neither '/' nor ':', so it can be split again."""
    return f"{space}/{item}"


def split_embedding_key(key: str) -> tuple[str | None, str]:
    """The space and the item's key. The space is None for the key of an earlier release, which was the item's alone."""
    head, slash, rest = key.partition("/")
    return (head, rest) if slash and ":" not in head else (None, key)
