"""The record of one user: what the agent knows between two batches, and its encoding for the store.

Every list in it is bounded, so a record is too. A typical one has 10 KB. With every list full (256 remembered
interactions, 24 interests and 24 to avoid of 384 dimensions, 1,024 hashes of event ids, 192 texts not to come back) it
has 131 KB where ids have 36 characters and 228 KB where they have 128. At most 64 KB more are its earlier versions
(`workers.versions`), 42 KB what was carried in and has gone (`workers.rollback`), 4 KB what was refused
(`workers.outcomes`), and 4/3 of its own limit what waits.

The bytes: one JSON object with all that is text and number, then the hashes of the event ids, the earlier versions and
the vectors, these three as they are (base64 alone would take as long as all the rest of an event).
"""

import hashlib
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from struct import Struct
from typing import Any, NamedTuple

import numpy as np
import orjson

from schemas.profile import Profile, Removed
from schemas.proposal import RefineTrigger
from workers.errors import ConfigurationError
from workers.held import HeldInterest, interest_id, pack_interest, unpack_interest, vectors_of
from workers.ports import Matrix, Record
from workers.remembered import Remembered, pack_brief, pack_window, unpack_window
from workers.triggers import SinceRefinement
from workers.weights import Moments

__all__ = [
    "HeldInterest",
    "Refused",
    "Remembered",
    "UserState",
    "Waiting",
    "decode_state",
    "encode_state",
    "vectors_of",
]

MAX_SEEN = 1_024
"""Event ids remembered against producer duplicates. 64-bit hashes: two of 1,024 meet with a chance of 3e-14."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message whose item nobody knows yet, or whose texts have no vectors yet. Its time is up at `deadline_ms`."""

    record: Record
    item: str | None
    deadline_ms: int
    texts: tuple[str, ...] = ()


class Refused(NamedTuple):
    """A command of the person's that had no effect, and why, in words for them."""

    command: str
    why: str


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
    refine: SinceRefinement = field(default_factory=SinceRefinement)
    unfitted: tuple[str, ...] = ()
    """Items that the person took to since the last re-fit, the latest of them."""
    removed: tuple[str, ...] = ()
    """Texts that the person removed, oldest first: no inference brings them back."""
    dropped: tuple[str, ...] = ()
    """Texts that refinements took out for a better profile, oldest first: no re-fit names them again."""
    edited_version: int = 0
    """The latest version that a person's edit made; 0 before the first."""
    space: str = ""
    """Of all its vectors; empty where an agent of an earlier release wrote the record."""
    keep_away: float | None = None
    """As the person has set it (`schemas.command.KeepAway`); None is the default."""
    versions: bytes = b""
    """Those that it has had, as `workers.versions` writes and reads them."""
    carried: tuple[tuple[str, bytes], ...] = ()
    """Texts that came with a vector of their own and have gone since, with it (`workers.rollback`), oldest first."""
    refused: tuple[Refused, ...] = ()
    """The latest that were (`workers.outcomes`), oldest first."""

    def has_seen(self, event_id: str) -> bool:
        return bool((np.frombuffer(self.seen, "<u8") == _hash(event_id)).any())

    def see(self, event_id: str) -> None:
        self.seen = (self.seen + _hash(event_id).to_bytes(8, "little"))[-8 * MAX_SEEN :]

    def unsee(self, event_id: str) -> None:
        """As if it had never come: what is set aside may be sent again."""
        hashes = np.frombuffer(self.seen, "<u8")
        self.seen = hashes[hashes != _hash(event_id)].tobytes()

    def items_seen(self) -> frozenset[str]:
        """Keys of the items in the window."""
        return frozenset(entry.item for entry in self.window)

    def vectors(self) -> Matrix:
        """(m, d), one row an interest."""
        return vectors_of(self.interests)

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
            interests=tuple(one.shown() for one in self.interests),
            avoid=tuple(one.shown() for one in self.avoid),
            removed=tuple(Removed(id=one, text=text) for one, text in self.taken_out()),
            keep_away=self.keep_away,
        )

    def taken_out(self) -> list[tuple[str, str]]:
        """Ids and texts that the person removed and does not merely avoid, oldest first."""
        avoided = {one.id for one in self.avoid}
        removed = ((interest_id(text), text) for text in self.removed)
        return [(one, text) for one, text in removed if one not in avoided]


_FRAME = Struct("<BII")
"""The encoding, bytes of the JSON, bytes of the hashes; in encoding 3 bytes of the versions. The vectors are last."""
_VERSIONS = Struct("<I")

_ENCODING = 3
"""1 had nothing of refinements and edits, and 2 no versions: they are read as if there had been none."""


def encode_state(state: UserState) -> bytes:
    """Deterministic: equal states give equal bytes. Raises `ValueError` where vectors differ in length."""
    text = orjson.dumps(
        {
            "version": state.version,
            "interests": [pack_interest(interest) for interest in state.interests],
            "avoid": [pack_interest(interest) for interest in state.avoid],
            "window": pack_window(state.window),
            **pack_brief(state.window),
            "past": _pack_past(state.past, state.past_ms),
            "offsets": dict(sorted(state.offsets.items())),
            "waiting": [_pack_waiting(waiting) for waiting in state.waiting],
            "pending": [state.pending, state.pending_since_ms, state.since_version],
            "times": [state.refitted_ms, state.updated_ms],
            "refine": [*state.refine],
            "unfitted": state.unfitted,
            "removed": state.removed,
            "dropped": state.dropped,
            "edited": state.edited_version,
            "space": state.space,
            **_pack_third(state),
        }
    )
    vectors = [one.vector for one in state.interests + state.avoid] + [vector for _, vector in state.carried]
    if len(set(map(len, vectors))) > 1:
        raise ValueError("a profile has vectors of two lengths: they are of two spaces, re-embed its interests")
    head = _FRAME.pack(_ENCODING, len(text), len(state.seen)) + _VERSIONS.pack(len(state.versions))
    return b"".join((head, text, state.seen, state.versions, *vectors))


def decode_state(raw: bytes | None) -> UserState:
    """None is a user nobody has heard of. Raises `ConfigurationError` for a record of a later release."""
    if raw is None:
        return UserState()
    encoding, text_size, seen_size = _FRAME.unpack_from(raw)
    if encoding not in (1, 2, _ENCODING):
        raise ConfigurationError(f"a user's record has encoding {encoding} and this release reads {_ENCODING}: upgrade")
    text_at, versions_size = _FRAME.size, 0
    if encoding == _ENCODING:
        (versions_size,) = _VERSIONS.unpack_from(raw, text_at)
        text_at += _VERSIONS.size
    seen_at = text_at + text_size
    versions_at = seen_at + seen_size
    vectors_at = versions_at + versions_size
    data = orjson.loads(raw[text_at:seen_at])
    rows, carried, kept = data["interests"] + data["avoid"], data.get("carried", ()), data.get("kept", ())
    vectors = _cut(raw[vectors_at:], len(rows) + len(carried))
    held = tuple(map(unpack_interest, rows, vectors))
    held = tuple(one._replace(kept=at in kept) for at, one in enumerate(held)) if kept else held
    interests, avoid = held[: len(data["interests"])], held[len(data["interests"]) :]
    past, past_ms = _unpack_past(data["past"], len(interests))
    return UserState(
        version=data["version"],
        interests=interests,
        avoid=avoid,
        window=unpack_window(data["window"], data.get("brief", ())),
        past=past,
        past_ms=past_ms,
        seen=raw[seen_at:versions_at],
        offsets=data["offsets"],
        waiting=tuple(map(_unpack_waiting, data["waiting"])),
        pending=data["pending"][0],
        pending_since_ms=data["pending"][1],
        since_version=data["pending"][2],
        refitted_ms=data["times"][0],
        updated_ms=data["times"][1],
        keep_away=data.get("keep_away"),
        versions=raw[versions_at:vectors_at],
        carried=tuple(zip(carried, vectors[len(rows) :], strict=True)),
        refused=tuple(Refused(*one) for one in data.get("refused", ())),
        **(_unpack_second(data) if encoding > 1 else {}),
    )


def _hash(event_id: str) -> int:
    return int.from_bytes(hashlib.blake2b(event_id.encode(), digest_size=8).digest(), "little")


def _unpack_second(data: dict[str, Any]) -> dict[str, Any]:
    """The fields that came with encoding 2."""
    refine = SinceRefinement(*data["refine"])
    refine = refine._replace(trigger=_TRIGGERS.get(refine.trigger))
    texts = {name: tuple(data[name]) for name in ("unfitted", "removed", "dropped")}
    return {"refine": refine, "edited_version": data["edited"], "space": data.get("space", ""), **texts}


def _pack_third(state: UserState) -> dict[str, Any]:
    """What few have, beside what all have."""
    kept = [at for at, one in enumerate(state.interests + state.avoid) if one.kept]
    return {
        **({} if state.keep_away is None else {"keep_away": state.keep_away}),
        **({"carried": [text for text, _ in state.carried]} if state.carried else {}),
        **({"kept": kept} if kept else {}),
        **({"refused": list(map(list, state.refused))} if state.refused else {}),
    }


def _cut(joined: bytes, pieces: int) -> list[bytes]:
    """The vectors, which are of one length."""
    size = len(joined) // max(1, pieces)
    return [joined[size * piece : size * (piece + 1)] for piece in range(pieces)]


def _pack_past(past: Moments, past_ms: int) -> list[Any] | None:
    """Nothing where nothing has left the window, as for most."""
    return [past.gram.tolist(), past.target.tolist(), past.mass, past_ms] if past.mass else None


def _unpack_past(packed: list[Any] | None, interests: int) -> tuple[Moments, int]:
    if packed is None:
        return Moments.zero(interests), 0
    gram, target, mass, past_ms = packed
    return Moments(np.array(gram, float).reshape(interests, interests), np.array(target, float), mass), past_ms


_TRIGGERS: dict[str | None, RefineTrigger] = {trigger.value: trigger for trigger in RefineTrigger}


def _pack_waiting(waiting: Waiting) -> list[Any]:
    record = waiting.record
    raw = [None if part is None else b64encode(part).decode() for part in (record.key, record.value)]
    place = [record.topic, record.partition, record.offset]
    return [*place, *raw, record.timestamp_ms, waiting.item, waiting.deadline_ms, waiting.texts]


def _unpack_waiting(row: list[Any]) -> Waiting:
    key, value = (None if part is None else b64decode(part) for part in row[3:5])
    return Waiting(Record(row[0], row[1], row[2], key, value, row[5]), row[6], row[7], tuple(*row[8:]))
