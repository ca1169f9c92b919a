"""The record of one user: what the agent knows between two batches, and its encoding for the store.

Every list in it is bounded, so a record is too: 256 remembered interactions, 24 interests with their vectors, 1,024
hashes of event ids and 64 waiting messages come to about 60 KB at the very most, and a typical one is under 10 KB.
"""

import hashlib
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import orjson

from schemas.interaction import Signal
from schemas.profile import Interest, Profile, Source
from workers.ports import Matrix, Record
from workers.weights import Moments

MAX_SEEN = 1_024
"""Event ids remembered against producer duplicates. 64-bit hashes: two of 1,024 meet with a chance of 3e-14."""


@dataclass(frozen=True, slots=True, order=True)
class Remembered:
    """One interaction in the window. They are kept in this order: event time, then event id."""

    time_ms: int
    event: str
    item: str
    signal: Signal
    retracts: str | None = None


@dataclass(frozen=True, slots=True)
class HeldInterest:
    """An interest with its vector, little-endian float16, (d,), unit length."""

    id: str
    text: str
    weight: float
    source: Source
    vector: bytes
    pinned: bool = False
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message whose item nobody knows yet. It becomes a dead-letter at `deadline_ms`."""

    record: Record
    item: str
    deadline_ms: int


@dataclass(slots=True)
class UserState:
    """Mutable while a fold works on it; every fold decodes its own."""

    version: int = 0
    interests: tuple[HeldInterest, ...] = ()
    avoid: tuple[HeldInterest, ...] = ()
    window: list[Remembered] = field(default_factory=list)
    past: Moments = field(default_factory=lambda: Moments.zero(0))
    """Of what has left the window, as seen by `interests`, faded to `past_ms`."""
    past_ms: int = 0
    seen: bytes = b""
    """64-bit hashes of event ids, oldest first."""
    offsets: dict[str, int] = field(default_factory=dict)
    """Last applied offset by "topic/partition"."""
    waiting: tuple[Waiting, ...] = ()
    pending: int = 0
    """Interactions applied since the last re-fit."""
    pending_since_ms: int | None = None
    refitted_ms: int | None = None
    since_version: int = 0
    """Interactions applied since the last version."""
    updated_ms: int | None = None

    def has_seen(self, event_id: str) -> bool:
        return bool((np.frombuffer(self.seen, "<u8") == _hash(event_id)).any())

    def see(self, event_id: str) -> None:
        self.seen = (self.seen + _hash(event_id).to_bytes(8, "little"))[-8 * MAX_SEEN :]

    def items_seen(self) -> frozenset[str]:
        """Keys of the items in the window."""
        return frozenset(entry.item for entry in self.window)

    def vectors(self) -> Matrix:
        """(m, d), one row an interest."""
        return _rows(self.interests)

    def weights(self) -> Matrix:
        """(m,)"""
        return np.array([interest.weight for interest in self.interests], np.float32)

    def profile(self, user: str, space: str) -> Profile:
        """As the person reads it."""
        updated = None if self.updated_ms is None else datetime.fromtimestamp(self.updated_ms / 1000, UTC)
        return Profile(
            user=user,
            version=self.version,
            space=space,
            updated=updated,
            interests=tuple(map(_readable, self.interests)),
            avoid=tuple(map(_readable, self.avoid)),
        )


def encode_state(state: UserState) -> bytes:
    """Deterministic: equal states give equal bytes."""
    return orjson.dumps(
        {
            "v": 1,
            "version": state.version,
            "interests": [_pack_interest(interest) for interest in state.interests],
            "avoid": [_pack_interest(interest) for interest in state.avoid],
            "window": _pack_window(state.window),
            "past": [state.past.gram.tolist(), state.past.target.tolist(), state.past.mass, state.past_ms],
            "seen": b64encode(state.seen).decode(),
            "offsets": dict(sorted(state.offsets.items())),
            "waiting": [_pack_waiting(waiting) for waiting in state.waiting],
            "pending": [state.pending, state.pending_since_ms, state.since_version],
            "times": [state.refitted_ms, state.updated_ms],
        }
    )


def decode_state(raw: bytes | None) -> UserState:
    """None is a user nobody has heard of."""
    if raw is None:
        return UserState()
    data = orjson.loads(raw)
    gram, target, mass, past_ms = data["past"]
    interests = tuple(map(_unpack_interest, data["interests"]))
    m = len(interests)
    return UserState(
        version=data["version"],
        interests=interests,
        avoid=tuple(map(_unpack_interest, data["avoid"])),
        window=_unpack_window(data["window"]),
        past=Moments(np.array(gram, float).reshape(m, m), np.array(target, float), mass),
        past_ms=past_ms,
        seen=b64decode(data["seen"]),
        offsets=data["offsets"],
        waiting=tuple(map(_unpack_waiting, data["waiting"])),
        pending=data["pending"][0],
        pending_since_ms=data["pending"][1],
        since_version=data["pending"][2],
        refitted_ms=data["times"][0],
        updated_ms=data["times"][1],
    )


def _hash(event_id: str) -> int:
    return int.from_bytes(hashlib.blake2b(event_id.encode(), digest_size=8).digest(), "little")


def _rows(interests: tuple[HeldInterest, ...]) -> Matrix:
    if not interests:
        return np.zeros((0, 0), np.float32)
    return np.frombuffer(b"".join(i.vector for i in interests), "<f2").reshape(len(interests), -1).astype(np.float32)


def _readable(interest: HeldInterest) -> Interest:
    return Interest(
        id=interest.id,
        text=interest.text,
        weight=interest.weight,
        pinned=interest.pinned,
        source=interest.source,
        evidence=interest.evidence,
    )


def _pack_interest(interest: HeldInterest) -> list[Any]:
    vector = b64encode(interest.vector).decode()
    return [interest.id, interest.text, interest.weight, interest.source, vector, interest.pinned, interest.evidence]


def _unpack_interest(row: list[Any]) -> HeldInterest:
    return HeldInterest(row[0], row[1], row[2], Source(row[3]), b64decode(row[4]), row[5], tuple(row[6]))


_SIGNALS = tuple(Signal)
_CODES = {signal: code for code, signal in enumerate(_SIGNALS)}


def _pack_window(window: list[Remembered]) -> list[Any]:
    """By columns: a third of the bytes and of the time of one object an interaction."""
    return [
        [entry.time_ms for entry in window],
        [entry.event for entry in window],
        [entry.item for entry in window],
        [_CODES[entry.signal] for entry in window],
        {entry.event: entry.retracts for entry in window if entry.retracts is not None},
    ]


def _unpack_window(columns: list[Any]) -> list[Remembered]:
    times, events, items, codes, retracts = columns
    return [
        Remembered(time, event, item, _SIGNALS[code], retracts.get(event))
        for time, event, item, code in zip(times, events, items, codes, strict=True)
    ]


def _pack_waiting(waiting: Waiting) -> list[Any]:
    record = waiting.record
    raw = [None if part is None else b64encode(part).decode() for part in (record.key, record.value)]
    return [record.topic, record.partition, record.offset, *raw, record.timestamp_ms, waiting.item, waiting.deadline_ms]


def _unpack_waiting(row: list[Any]) -> Waiting:
    key, value = (None if part is None else b64decode(part) for part in row[3:5])
    return Waiting(Record(row[0], row[1], row[2], key, value, row[5]), row[6], row[7])
