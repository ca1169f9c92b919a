"""The versions that a profile has had: what each held, what made it, and when.

They stand in the user's record as one run of bytes (`UserState.versions`), one frame after another, oldest first. An
event that makes no version only copies them. A new version adds its frame and drops the oldest ones beyond the bound,
for which the heads are read and no body is: a head says how long its body is, which version it holds and what made it;
the body is JSON, deflated. A profile of 24 interests takes 400 bytes so, and 1.3 KB as it is.

What is kept: the newest `NEWEST` versions whatever made them, and before those up to `OWN` that the person made. (The
bytes of a body depend on the zlib that wrote them, what they say does not.)
"""

import zlib
from collections.abc import Iterator, Sequence
from struct import Struct
from typing import Any, NamedTuple

import orjson

from schemas.profile import Cause, Source
from workers.held import HeldInterest, interest_id
from workers.mailbox import Change
from workers.state import UserState

NEWEST = 16
OWN = 32
"""A person who undoes wants to go back to what they made, however much was learned since."""

MAX_BYTES = 65_536
"""Of all of them: 48 of 400 bytes are 19 KB, and with 128 removed texts in each 50 KB. Beyond it the oldest go, but
never the newest."""

OWN_CAUSES = frozenset({Cause.EDIT, Cause.ROLLBACK, Cause.IMPORT})
"""Of the versions that a person makes."""

_HEAD = Struct("<IQB")
"""Bytes of the body, the version, the cause by its place in `_CAUSES`."""

_CAUSES = tuple(Cause)
_SOURCES = tuple(Source)
"""Kept by their places: new ones come last."""


class VersionedText(NamedTuple):
    """An interest, or a text to avoid, as it stood in a version."""

    id: str
    text: str
    weight: float
    pinned: bool
    held: bool
    """Its weight was not learned."""
    source: Source
    own_vector: str = ""
    """Which one it came with (`workers.held.HeldInterest.own_vector`)."""
    kept: bool = False
    """And it was not of the person's own making (`workers.held.HeldInterest`)."""


def said(held: HeldInterest) -> VersionedText:
    """Of an interest that stands in the profile now."""
    is_held = held.held_weight is not None
    return VersionedText(held.id, held.text, held.weight, held.pinned, is_held, held.source, held.own_vector, held.kept)


class VersionRecord(NamedTuple):
    """One version. `accepted_ms` is when the broker took the message that made it, since 1970; rewards (0 to 1) are
    those that a refinement was accepted for. Interests stand strongest first; `removed` and `dropped` are texts as
    `workers.state.UserState` has them, what is avoided among the removed."""

    version: int
    cause: Cause
    accepted_ms: int
    reward_before: float | None
    reward_after: float | None
    interests: tuple[VersionedText, ...]
    avoid: tuple[VersionedText, ...]
    removed: tuple[str, ...]
    dropped: tuple[str, ...]
    keep_away: float | None

    @property
    def taken_out(self) -> tuple[str, ...]:
        """What was removed and is not merely avoided, oldest first."""
        avoided = {one.id for one in self.avoid}
        return tuple(text for text in self.removed if interest_id(text) not in avoided)


BEGINNING = VersionRecord(0, Cause.FIRST, 0, None, None, (), (), (), (), None)
"""Before the first version: it was never made, and is always remembered."""


def remember(state: UserState, change: Change) -> None:
    """Adds the profile as it stands, which `change` has made."""
    state.versions = _within_bounds(state.versions + _frame(state, change))


def remembered(state: UserState) -> list[VersionRecord]:
    """All that are kept, oldest first; none of a record that an earlier release wrote."""
    return [_read(frame) for frame in _frames(state.versions)]


def version_of(state: UserState, version: int) -> VersionRecord | None:
    """None where it is not kept."""
    if version == BEGINNING.version:
        return BEGINNING
    return next((_read(frame) for frame in _frames(state.versions) if frame.version == version), None)


class _Frame(NamedTuple):
    """`whole` is head and body."""

    version: int
    cause: Cause
    whole: bytes


def _frames(joined: bytes) -> Iterator[_Frame]:
    start = 0
    while start < len(joined):
        size, version, cause = _HEAD.unpack_from(joined, start)
        end = start + _HEAD.size + size
        yield _Frame(version, _CAUSES[cause], joined[start:end])
        start = end


def _within_bounds(joined: bytes) -> bytes:
    frames = list(_frames(joined))
    own = [frame for frame in frames[:-NEWEST] if frame.cause in OWN_CAUSES]
    kept = [*own[-OWN:], *frames[-NEWEST:]]
    size = sum(len(frame.whole) for frame in kept)
    first = 0
    while size > MAX_BYTES and first < len(kept) - 1:
        size -= len(kept[first].whole)
        first += 1
    return b"".join([frame.whole for frame in kept[first:]])


def _frame(state: UserState, change: Change) -> bytes:
    said = [change.accepted_ms, change.reward_before, change.reward_after, state.keep_away]
    texts = [_columns(state.interests), _columns(state.avoid), state.removed, state.dropped]
    body = zlib.compress(orjson.dumps([*said, *texts]))
    return _HEAD.pack(len(body), change.version, _CAUSES.index(change.cause)) + body


def _read(frame: _Frame) -> VersionRecord:
    accepted_ms, before, after, keep_away, interests, avoid, removed, dropped = orjson.loads(
        zlib.decompress(frame.whole[_HEAD.size :])
    )
    return VersionRecord(
        version=frame.version,
        cause=frame.cause,
        accepted_ms=accepted_ms,
        reward_before=before,
        reward_after=after,
        interests=_rows(interests),
        avoid=_rows(avoid),
        removed=tuple(removed),
        dropped=tuple(dropped),
        keep_away=keep_away,
    )


def _columns(held: Sequence[HeldInterest]) -> list[list[Any]]:
    """By columns, without what follows from the text. The third: the source's place, 4 for pinned, 8 for held, 16 for
    kept; a fourth where a text has a vector of its own."""
    marks = [
        _SOURCES.index(one.source) + 4 * one.pinned + 8 * (one.held_weight is not None) + 16 * one.kept for one in held
    ]
    columns: list[list[Any]] = [[one.text for one in held], [one.weight for one in held], marks]
    own = [one.own_vector for one in held]
    return [*columns, own] if any(own) else columns


def _rows(columns: list[list[Any]]) -> tuple[VersionedText, ...]:
    texts, weights, marks, *rest = columns
    own = rest[0] if rest else [""] * len(texts)
    return tuple(
        VersionedText(
            interest_id(text), text, weight, bool(mark & 4), bool(mark & 8), _SOURCES[mark & 3], vector, bool(mark & 16)
        )
        for text, weight, mark, vector in zip(texts, weights, marks, own, strict=True)
    )
