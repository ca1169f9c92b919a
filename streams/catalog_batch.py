"""What a batch of the catalog says: of each item the entry that counts, or that it is gone (`workers.standing`).

The provider's entry and what interactions say of the same item have two keys and so come over two partitions, in any
order. An entry that another of the batch overrules is kept apart where it is a description: the topic must not keep it
as the item's last one (`streams.descriptions`). Nor may it keep what cannot be opened any more: somebody brought it who
was forgotten before the store had it, so that `streams.erasure` did not know of it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import ValidationError

from schemas.catalog import CatalogItem, split_catalog_key
from schemas.dead_letter import Reason
from streams.contract import Outgoing, Record
from streams.dead_letters import summarize
from workers.standing import described, gives_way, is_description, is_taken_away, provided, time_of, undescribed

Refuse = Callable[[Record, Reason, str], Outgoing]
"""Makes the dead-letter of what cannot be read."""


class Entry(NamedTuple):
    """Of one item. `raw` are the bytes it came in."""

    item: CatalogItem
    standing: str
    accepted_ms: int
    raw: bytes

    def counting_as(self, title: str, standing: str) -> "Entry":
        """The description that counts in the place of this one, as far as the store has kept it."""
        item = CatalogItem.model_construct(provider=self.item.provider, item=self.item.item, title=title)
        return Entry(item, standing, time_of(standing), b"")


@dataclass(slots=True)
class CatalogBatch:
    """By the items' keys. `deleted` has the standings of tombstones."""

    entries: dict[str, Entry] = field(default_factory=dict)
    deleted: dict[str, str] = field(default_factory=dict)
    overruled: set[str] = field(default_factory=set)
    """Items of which a description came that does not count."""
    letters: list[Outgoing] = field(default_factory=list)
    nulls: list[Outgoing] = field(default_factory=list)
    """Of what people brought who were forgotten since."""

    def take(self, key: str, entry: Entry) -> None:
        before, gone = self.entries.get(key), self.deleted.get(key)
        is_gone = gone is not None and is_taken_away(entry.standing, gone)
        if is_gone or (before is not None and not gives_way(before.standing, entry.standing)):
            self._overrule(key, entry)
            return
        if before is not None:
            self._overrule(key, before)
        self.deleted.pop(key, None)
        self.entries[key] = entry

    def take_away(self, key: str, tombstone: str) -> None:
        before = self.entries.get(key)
        if before is not None and not is_taken_away(before.standing, tombstone):
            return
        if before is not None:
            self._overrule(key, self.entries.pop(key))
        self.deleted[key] = max(tombstone, self.deleted.get(key, ""))

    def _overrule(self, key: str, entry: Entry) -> None:
        if is_description(entry.standing):
            self.overruled.add(key)


def read_catalog(records: Iterable[Record], refuse: Refuse) -> CatalogBatch:
    """Every record counts in it, is overruled, is a letter, or is to be taken from the topic."""
    batch = CatalogBatch()
    for record in records:
        if record.forgotten:
            batch.nulls.append(Outgoing(record.topic, record.key or b"", None))
            continue
        is_told, key = split_catalog_key((record.key or b"").decode(errors="replace"))
        if record.value is not None:
            entry = _read(record, record.value, refuse, is_told, key)
            if isinstance(entry, Outgoing):
                batch.letters.append(entry)
            else:
                batch.take(key, entry)
        elif ":" not in key:
            batch.letters.append(refuse(record, Reason.WRONG_KEY, "key it by provider:item"))
        else:
            batch.take_away(key, _tombstone(record, is_told))
    return batch


def _read(record: Record, value: bytes, refuse: Refuse, is_told: bool, key: str) -> Entry | Outgoing:
    try:
        item = CatalogItem.model_validate_json(value)
    except ValidationError as error:
        return refuse(record, Reason.INVALID, summarize(error))
    if key != item.key or is_told != (item.described_ms is not None):
        return refuse(record, Reason.WRONG_KEY, "key it by the provider:item that it describes")
    return Entry(item, _standing(record, item), record.timestamp_ms, value)


def _standing(record: Record, item: CatalogItem) -> str:
    if item.described_ms is None:
        return provided(record.timestamp_ms, record.offset)
    return described(item.described_ms, item.text or item.title)


def _tombstone(record: Record, is_told: bool) -> str:
    return undescribed(record.timestamp_ms) if is_told else provided(record.timestamp_ms, record.offset)
