"""What a version changed: the differences between two versions of a profile, what a person did first.

A re-fit moves every weight a little. What moves by less than `NOTICED` is left out, unless a person set the weight.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal

from schemas.person import Difference, Version, VersionedInterest
from workers.held import interest_id
from workers.versions import VersionedText, VersionRecord

NOTICED = 0.01
"""Of a weight: a person reads them with two digits."""

MAX_DIFFERENCES = 64
"""As many as there are edits in one command; of a version that changed more, the smallest changes of weight are
left out."""


def history(records: Sequence[VersionRecord]) -> tuple[Version, ...]:
    """Newest first, out of records oldest first. Each one's differences are to the one before it that is remembered;
    the oldest has none, unless it is the first that there ever was."""
    told = []
    for at, record in enumerate(records):
        is_known = at > 0 or record.version == 1
        changed = differences(records[at - 1] if at else None, record) if is_known else ()
        told.append(_shown(record, changed))
    return tuple(reversed(told))


def differences(before: VersionRecord | None, after: VersionRecord) -> tuple[Difference, ...]:
    """From the one to the other; `before` None is a profile that had nothing. At most `MAX_DIFFERENCES`."""
    return tuple(_Between(before, after).all())[:MAX_DIFFERENCES]


class _Between:
    """Both versions, each of their lists by id."""

    def __init__(self, before: VersionRecord | None, after: VersionRecord) -> None:
        self._old = _by_id(before.interests if before else ())
        self._new = _by_id(after.interests)
        self._shunned = _by_id(before.avoid if before else ())
        self._shuns = _by_id(after.avoid)
        self._barred = _texts(before.taken_out if before else ())
        self._bars = _texts(after.taken_out)
        self._distance = (before.keep_away if before else None, after.keep_away)
        self._rewritten = dict(self._rewrites())

    def all(self) -> Iterator[Difference]:
        yield from self._came()
        yield from self._went()
        yield from self._avoided()
        yield from self._allowed()
        yield from self._pinned()
        yield from self._let_go()
        yield from self._keep_away()
        yield from self._reweighted()

    def _came(self) -> Iterator[Difference]:
        """Those in other words first."""
        words = [(old, new) for old, new in self._kept() if old.text != new.text]
        words += [(self._old[old], self._new[new]) for old, new in self._rewritten.items()]
        for old, new in words:
            yield Difference(what="rewritten", text=new.text, text_before=old.text, before=old.weight, after=new.weight)
        for one in self._new.values():
            if one.id not in self._old and one.id not in self._rewritten.values():
                what: Literal["restored", "added"] = "restored" if one.id in self._barred else "added"
                shunned = self._shunned.get(one.id)
                yield Difference(what=what, text=one.text, before=shunned and shunned.weight, after=one.weight)

    def _went(self) -> Iterator[Difference]:
        for one in self._old.values():
            if one.id not in self._new and one.id not in self._rewritten and one.id not in self._shuns:
                yield Difference(what="removed", text=one.text, before=one.weight)

    def _avoided(self) -> Iterator[Difference]:
        for one in self._shuns.values():
            if one.id not in self._shunned:
                liked = self._old.get(one.id)
                yield Difference(what="avoided", text=one.text, before=liked and liked.weight, after=one.weight)

    def _allowed(self) -> Iterator[Difference]:
        """What stood in the way of a text no longer does, and it has not come back by itself."""
        for one in self._shunned.values():
            if one.id not in self._shuns and one.id not in self._new:
                yield Difference(what="allowed", text=one.text, before=one.weight)
        for barred, text in self._barred.items():
            if barred not in self._bars and barred not in self._new and barred not in self._shuns:
                yield Difference(what="allowed", text=text)

    def _pinned(self) -> Iterator[Difference]:
        for old, new in self._kept():
            if old.pinned != new.pinned:
                yield Difference(what="pinned" if new.pinned else "unpinned", text=new.text)

    def _let_go(self) -> Iterator[Difference]:
        for old, new in self._kept():
            if old.held and not new.held:
                yield Difference(what="let_go", text=new.text, before=old.weight, after=new.weight)

    def _keep_away(self) -> Iterator[Difference]:
        before, after = self._distance
        if before != after:
            yield Difference(what="keep_away", text="how near to what is avoided", before=before, after=after)

    def _reweighted(self) -> Iterator[Difference]:
        """The largest change first."""
        moved = [(old, new) for old, new in self._kept() if _is_noticed(old, new)]
        for old, new in sorted(moved, key=lambda pair: -abs(pair[1].weight - pair[0].weight)):
            yield Difference(what="reweighted", text=new.text, before=old.weight, after=new.weight)

    def _kept(self) -> Iterator[tuple[VersionedText, VersionedText]]:
        for old, new in ((self._old, self._new), (self._shunned, self._shuns)):
            yield from ((old[one.id], one) for one in new.values() if one.id in old)

    def _rewrites(self) -> Iterator[tuple[str, str]]:
        """Ids before and after. A rewritten text goes away for good, and hands its weight to what the person wrote in
        its place, to the last digit (`workers.editing`); each is taken for one rewriting at most."""
        fresh = [one for one in self._new.values() if one.id not in self._old and one.held]
        for old in self._old.values():
            if old.id in self._bars and old.id not in self._barred:
                heir = next((one for one in fresh if one.weight == old.weight), None)
                if heir is not None:
                    fresh.remove(heir)
                    yield old.id, heir.id


def _is_noticed(old: VersionedText, new: VersionedText) -> bool:
    return abs(new.weight - old.weight) >= NOTICED or (new.held and new.weight != old.weight)


def _by_id(texts: Sequence[VersionedText]) -> dict[str, VersionedText]:
    return {one.id: one for one in texts}


def _texts(texts: Sequence[str]) -> dict[str, str]:
    return {interest_id(text): text for text in texts}


def _shown(record: VersionRecord, changed: tuple[Difference, ...]) -> Version:
    return Version(
        version=record.version,
        cause=record.cause,
        time=datetime.fromtimestamp(record.accepted_ms / 1000, UTC),
        differences=changed,
        reward_before=record.reward_before,
        reward_after=record.reward_after,
        interests=tuple(VersionedInterest.model_validate(one._asdict()) for one in record.interests),
        avoid=tuple(VersionedInterest.model_validate(one._asdict()) for one in record.avoid),
    )
