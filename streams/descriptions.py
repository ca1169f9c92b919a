"""Keeps what interactions say of items in its place on the catalog's topic, for whoever reads it from the start.

1. Where the provider has spoken, with an entry or a tombstone, the description goes: a tombstone for its key.
2. Where a description came that does not count, since another one was the first, the first one's bytes are sent again:
   compaction keeps the last. That ends, since among descriptions the earlier always counts, in every space.
3. What the store does not take since its person was forgotten (`workers.mine`) goes: somebody had sealed it before that
   and sent it after `streams.erasure` had taken away what there was.

Bounded: the bytes of the last 1,000 descriptions are at hand (4 KB each at most, so 4 MB). An item is described only
while nobody knows it, which are the seconds before it is embedded: where more than that many others come in between, or
the process restarts, a space that is opened later takes the last that was said in those seconds instead of the first.
So it does of what a person brought (`workers.mine`): both are their own words, and none of them is kept here.
"""

from collections.abc import Iterable, Mapping

from schemas.catalog import description_key
from streams.catalog_batch import CatalogBatch, Entry
from streams.contract import Outgoing
from streams.topics import CATALOG
from workers.mine import is_mine, owner_of
from workers.standing import is_description

MOST = 1_000


class Descriptions:
    """Of one embedder."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._first: dict[str, Entry] = {}

    def settle(self, batch: CatalogBatch, before: Mapping[str, str], kept: Mapping[str, str | None]) -> list[Outgoing]:
        """What to send. `before` has the standings that the store had before the batch, of those that it had; `kept`
        those of the items for which the batch changed nothing."""
        self._remember(batch.entries, kept)
        told = {key for key, entry in batch.entries.items() if key in kept and is_description(entry.standing)}
        spoken = {key for key in (*batch.entries, *batch.deleted) if is_description(before.get(key) or "")}
        messages = [self._settled(key, batch, kept) for key in sorted(batch.overruled | told | spoken)]
        return [message for message in messages if message is not None]

    def _settled(self, key: str, batch: CatalogBatch, kept: Mapping[str, str | None]) -> Outgoing | None:
        standing = self._standing(key, batch, kept)
        if standing is None:  # 3
            return None if owner_of(key) is None else Outgoing(CATALOG, description_key(key).encode(), None)
        if not is_description(standing):  # 1
            self._first.pop(key, None)
            return Outgoing(CATALOG, description_key(key).encode(), None)
        first = self._first.get(key)  # 2
        if first is None or first.standing != standing or not self._is_beaten(key, batch, kept):
            return None
        return Outgoing(CATALOG, description_key(key).encode(), first.raw)

    def _standing(self, key: str, batch: CatalogBatch, kept: Mapping[str, str | None]) -> str | None:
        """Of what counts now."""
        if key in kept:
            return kept[key]
        entry = batch.entries.get(key)
        return batch.deleted.get(key) if entry is None else entry.standing

    def _is_beaten(self, key: str, batch: CatalogBatch, kept: Mapping[str, str | None]) -> bool:
        """Whether something was said of it that does not count."""
        return key in batch.overruled or (key in kept and key in batch.entries)

    def _remember(self, entries: Mapping[str, Entry], kept: Iterable[str]) -> None:
        for key in entries.keys() - set(kept):
            if is_description(entries[key].standing) and not is_mine(key):
                self._first.pop(key, None)
                self._first[key] = entries[key]
        while len(self._first) > self._most:
            self._first.pop(next(iter(self._first)))
