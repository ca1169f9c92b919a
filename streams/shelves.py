"""What a provider holds: an index for each space that is served, and each subject's embedding.

A subject is searched for in the space of its own embedding, and in no other: vectors of two spaces never meet. While
a new space is rolled out a subject's newest embedding may be of a space whose items are not all here yet:

1. Its newest embedding of the other space is kept beside it.
2. That one answers until the new space has as many items as the old one.
3. Then the new one does, for good: the older one is dropped.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from schemas.base import item_key
from schemas.catalog import ItemEmbedding
from schemas.profile import ProfileEmbedding
from streams.gone import Gone
from workers.errors import SpaceMismatch
from workers.retrieval import ItemIndex
from workers.scoring import Floats
from workers.standing import NONE, is_taken_away
from workers.vectors import pack, unpack


@dataclass(frozen=True, slots=True)
class Label:
    """All of an item's embedding but its vector: what an answer says, and what it takes to send it again."""

    item: str
    title: str
    category: str | None
    time: datetime | None = None
    accepted_ms: int = 0
    standing: str | None = None

    @classmethod
    def of(cls, embedding: ItemEmbedding) -> "Label":
        one = embedding
        return cls(one.item, one.title, one.category, one.time, one.accepted_ms, one.standing)

    def published(self, provider: str, index: ItemIndex) -> ItemEmbedding:
        """The very message that it came as, given where its vector is. Raises `KeyError` where it is not there."""
        row = index.row(item_key(provider, self.item))
        return ItemEmbedding.model_construct(
            provider=provider,
            item=self.item,
            title=self.title,
            category=self.category,
            time=self.time,
            space=index.space,
            vector=pack(row[np.newaxis])[0],
            accepted_ms=self.accepted_ms,
            standing=self.standing,
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """An embedding as it is searched with. Of a published one the vectors stay in float16, as they came: at 12
    interests of 384 components 9 KB a person."""

    version: int
    space: str
    vectors: Floats
    weights: Floats
    avoid: Floats
    accepted_ms: int = 0
    keep_away: float | None = None

    @classmethod
    def of(cls, embedding: ProfileEmbedding, dimension: int) -> "Subject":
        return cls(
            embedding.version,
            embedding.space,
            unpack(embedding.vectors, dimension).astype(np.float16),
            np.asarray(embedding.weights, np.float64),
            unpack(embedding.avoid, dimension).astype(np.float16),
            embedding.accepted_ms,
            embedding.keep_away,
        )

    def published(self, name: str, provider: str) -> bytes:
        """The very message that it came as."""
        body = ProfileEmbedding(
            subject=name,
            provider=provider,
            version=self.version,
            space=self.space,
            vectors=tuple(map(b64encode, pack(self.vectors.astype(np.float32)))),
            weights=tuple(self.weights.tolist()),
            avoid=tuple(map(b64encode, pack(self.avoid.astype(np.float32)))),
            keep_away=self.keep_away,
            accepted_ms=self.accepted_ms,
        )
        return body.to_bytes()


@dataclass(frozen=True, slots=True)
class Room:
    """The items of one provider in one space."""

    index: ItemIndex
    labels: dict[str, Label] = field(default_factory=dict)
    gone: Gone = field(default_factory=Gone)
    """By the items' keys. It goes with the room: a space that is served again begins anew."""

    def end(self, dated: ItemEmbedding, at_ms: int) -> None:
        """Remembers as of when an item's tombstone counts: its latest. `at_ms` is when the broker took it."""
        known = self.gone.of(dated.key, at_ms) or NONE
        self.gone.remember(dated.key, max(known, dated.standing or NONE), at_ms)

    def comes_too_late(self, embedding: ItemEmbedding, at_ms: int) -> bool:
        """Whether a tombstone took it away before it came. `at_ms` is when the broker took it."""
        tombstone = self.gone.of(embedding.key, at_ms)
        return bool(tombstone and embedding.standing) and is_taken_away(embedding.standing or NONE, tombstone or NONE)

    def outlives(self, key: str, standing: str, at_ms: int) -> bool:
        """Whether it came after the item's last tombstone, which has come once more."""
        tombstone = self.gone.of(key, at_ms)
        return bool(tombstone and standing) and not is_taken_away(standing, tombstone or NONE)


@dataclass(frozen=True, slots=True)
class _Held:
    newest: Subject
    before: Subject | None = None
    """The newest of another space."""


@dataclass(slots=True)
class Shelf:
    """One provider: its rooms by space, and its subjects by pseudonym."""

    rooms: dict[str, Room] = field(default_factory=dict)
    _subjects: dict[str, _Held] = field(default_factory=dict)

    def __len__(self) -> int:
        """Items searchable."""
        return max((len(room.index) for room in self.rooms.values()), default=0)

    @property
    def subjects(self) -> int:
        return len(self._subjects)

    def remove(self, keys: Sequence[tuple[str | None, str]]) -> None:
        """Items, by space. A key without one, of an earlier release, is taken out of all."""
        for name, room in self.rooms.items():
            gone = [key for space, key in keys if space in {None, name}]
            room.index.remove(gone)
            for key in gone:
                room.labels.pop(key, None)

    def room(self, space: str, dimension: int) -> Room:
        """Made where it is not there yet."""
        if space not in self.rooms:
            self.rooms[space] = Room(ItemIndex(dimension, space))
        return self.rooms[space]

    def close(self, space: str) -> None:
        """Drops a space that is served no longer, with the embeddings in it."""
        self.rooms.pop(space, None)
        kept = {name: _without(held, space) for name, held in self._subjects.items()}
        self._subjects = {name: held for name, held in kept.items() if held is not None}

    def hold(self, name: str, subject: Subject) -> bool:
        """False (and no effect) where a version as new is held. The same version in another space is newer: it is what
        a provider gets that comes to another one (`streams.own_space`)."""
        held = self._subjects.get(name)
        if held is not None and not _goes_before(subject, held.newest):
            return False
        before = None if held is None else held.before if held.newest.space == subject.space else held.newest
        before = None if before is None or before.space == subject.space else before
        self._subjects[name] = _Held(subject, before)
        return True

    def newest(self, name: str) -> Subject | None:
        """Whichever space it is of."""
        held = self._subjects.get(name)
        return None if held is None else held.newest

    def drop(self, name: str) -> None:
        self._subjects.pop(name, None)

    def drop_all(self) -> None:
        """Every subject; the items stay."""
        self._subjects.clear()

    def subject(self, name: str) -> Subject | None:
        """The embedding to search with: step 2 or 3."""
        held = self._subjects.get(name)
        if held is None or held.before is None:
            return None if held is None else held.newest
        if self._items(held.newest.space) < self._items(held.before.space):
            return held.before
        self._subjects[name] = _Held(held.newest)
        return held.newest

    def searched(self, space: str) -> Room:
        """Raises `SpaceMismatch` where nothing of that space is served here."""
        room = self.rooms.get(space)
        if room is None:
            served = " and ".join(f"'{one}'" for one in sorted(self.rooms))
            raise SpaceMismatch(f"the vectors are of space '{space}' and this provider's items of {served}")
        return room

    def _items(self, space: str) -> int:
        room = self.rooms.get(space)
        return 0 if room is None else len(room.index)


def _goes_before(one: Subject, held: Subject) -> bool:
    return one.version > held.version or (one.version == held.version and one.space != held.space)


def _without(held: _Held, space: str) -> _Held | None:
    if held.newest.space == space:
        return None if held.before is None else _Held(held.before)
    return _Held(held.newest) if held.before is not None and held.before.space == space else held
