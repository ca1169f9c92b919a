"""What providers offer: the item in words, and the item as a vector."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.base import (
    MAX_TEXT,
    Contract,
    Count,
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
    """Topic `attune.catalog`, keyed by provider:item. A null value is a tombstone: the item is gone. What somebody else
    than the provider says of an item, in an interaction, is keyed by `description_key`, so that compaction keeps both;
    it counts only where the provider says nothing (`workers.standing`)."""

    schema_version: Literal[1] = 1
    provider: ProviderId
    item: ItemId
    title: Title
    text: Annotated[str, StringConstraints(max_length=MAX_TEXT)] | None = None
    category: Label | None = None
    """Plain words; levels from general to specific are parted by '/', '>' or ';' ("sports/football")."""
    tags: Annotated[tuple[Label, ...], Field(max_length=16)] = ()
    time: Instant | None = None
    described_ms: Count | None = None
    """Of a description: when the broker took the interaction that it stands in, in milliseconds since 1970."""

    @property
    def key(self) -> str:
        """The item's, which is also that of its entry where the provider has made it."""
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
    accepted_ms: Count
    """When the broker took the catalog entry, in milliseconds since 1970: the start of the item's freshness."""
    standing: Annotated[str, StringConstraints(pattern=r"^[01][0-9]{35}$")] | None = None
    """Which of two embeddings of an item in a space counts, whatever order they come in (`workers.standing`). Absent
    where an earlier release made it: such a one gives way to the next."""
    gone: bool | None = None
    """True: no embedding, but the date of the tombstone that follows it: `standing` is the tombstone's. Its vector has
    one component, so that readers of an earlier release pass over it."""

    @property
    def key(self) -> str:
        return item_key(self.provider, self.item)


_DESCRIBED = "~"
"""No provider's name begins with it."""


def description_key(item: str) -> str:
    """The key in `attune.catalog` of what interactions say of an item, given the item's own key."""
    return _DESCRIBED + item


def split_catalog_key(key: str) -> tuple[bool, str]:
    """Whether the entry is a description, and the key of its item."""
    return key.startswith(_DESCRIBED), key.removeprefix(_DESCRIBED)


def embedding_key(space: str, item: str) -> str:
    """The key of `attune.item-embeddings`: an item has one embedding in each space that is served, and compaction must
    keep them all. A space's name has neither '/' nor ':', so it can be split again."""
    return f"{space}/{item}"


def split_embedding_key(key: str) -> tuple[str | None, str]:
    """The space and the item's key. The space is None for the key of an earlier release, which was the item's alone."""
    head, slash, rest = key.partition("/")
    return (head, rest) if slash and ":" not in head else (None, key)
