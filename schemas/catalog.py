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
    """Topic `attune.item-embeddings`, keyed by provider:item. A null value is a tombstone."""

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
