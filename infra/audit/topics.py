"""All messages of all topics: as they are, and opened where they can be opened.

1. Key and value are searched as they lie there.
2. What is sealed is opened with whatever key there still is, and searched again. Under the person's own mailbox nothing
   may open, and no key may be left.
3. Of each name that a provider knows the person by, the newest embedding must be a tombstone, and so must be the newest
   description of each item that the person brought. An older one that waits to be compacted is no finding: it holds
   vectors under a name that leads nowhere, or is sealed.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from infra.audit.needles import Needles
from infra.audit.report import Report
from streams.contract import History, Record
from streams.replay import Span, pages
from streams.sealing import DoesNotOpen, is_sealed, key_id, mailbox_in, mailbox_of, open_record, unwrap, wrapping_key
from streams.topics import CATALOG, KEYS, PROFILE_EMBEDDINGS, TOPICS


class KeysOfStore(Protocol):
    """What is asked of `workers.ports.Store`."""

    async def read_keys(self, mailboxes: Collection[bytes]) -> dict[bytes, tuple[bytes, ...]]:
        """The wrapped keys of the mailboxes."""

    async def own_items(self, mailbox: bytes) -> list[str]:
        """Keys of the items that the person of this mailbox brought."""


_KINDS = {
    KEYS: "a key of the person",
    PROFILE_EMBEDDINGS: "an embedding of the person",
    CATALOG: "an item that the person brought",
}


@dataclass
class Topics:
    """`subjects` are the person's names at providers; `store` has the keys. All methods raise `BrokerUnavailable` and
    `StoreUnavailable`."""

    history: History
    store: KeysOfStore
    secret: bytes
    user: str
    subjects: Collection[bytes]
    needles: Needles
    report: Report
    _newest: dict[bytes, Record] = field(default_factory=dict)
    """Of the person's names, their keys, and the items that they brought."""

    async def look(self) -> None:
        mailbox = mailbox_of(self.secret, self.user)
        for topic in (one.name for one in TOPICS):
            for source, end in (await self.history.ends([topic])).items():
                async for page in pages(self.history, source, Span(0, end)):
                    await self._look_at(page, mailbox)
        for record in self._newest.values():
            if record.value is not None and record.value != b"destroyed":
                self.report.place(record.topic, "messages").add(f"{_KINDS[record.topic]}, at {_place(record)}")
        brought = await self.store.own_items(mailbox)
        self.report.place("brought items in the store", "persons").look(bool(brought), "what the person brought")
        held = await self.store.read_keys([mailbox])
        self.report.place("keys in the store", "mailboxes").look(bool(held.get(mailbox)), "a key of the person")

    async def _look_at(self, page: Iterable[Record], mailbox: bytes) -> None:
        page = list(page)
        keys = await self._keys({mailbox_in(record) for record in page if is_sealed(record.value)})
        for record in page:
            place = self.report.place(record.topic, "messages")
            opened = _opened(record, keys)
            place.look(self._is_found(record) or self._is_found(opened), _place(record))
            if opened is not record and mailbox_in(record) == mailbox:
                place.add(f"{_place(record)} (it can still be opened)")
            if self._is_persons(record, mailbox):
                self._newest[record.key or b""] = record

    def _is_persons(self, record: Record, mailbox: bytes) -> bool:
        if record.topic == KEYS:
            return (record.key or b"").startswith(mailbox)
        if record.topic == CATALOG:
            return mailbox_in(record) == mailbox
        return record.topic == PROFILE_EMBEDDINGS and record.key in self.subjects

    def _is_found(self, record: Record) -> bool:
        return any(self.needles.are_in(one) for one in (record.key, record.value) if one is not None)

    async def _keys(self, mailboxes: Collection[bytes]) -> dict[bytes, bytes]:
        """By their ids."""
        wrapping, found = wrapping_key(self.secret), await self.store.read_keys(mailboxes)
        opened = [unwrap(wrapping, mailbox, one) for mailbox, wrapped in found.items() for one in wrapped]
        return {one.id: one.key for one in opened}


def _opened(record: Record, keys: dict[bytes, bytes]) -> Record:
    """As it is, where it is not sealed or there is no key."""
    key = keys.get(key_id(record.value)) if is_sealed(record.value) else None
    if key is None:
        return record
    try:
        return open_record(record, key)
    except DoesNotOpen:
        return record


def _place(record: Record) -> str:
    return f"partition {record.partition}, offset {record.offset}"
