"""A file from a platform as the interactions of one person, and the items that they are about.

1. Every row becomes an interaction, or a refusal with its file, its line and a reason without what it holds.
2. An event's id comes from platform, person and what the row says, so that a row counts once, however often it is
   brought, in one file or in several.
3. Only the newest rows count, 512 as a rule (`Platform.most`). An agent remembers 256 interactions, its interests come
   from those, and what is older stands in faded sums, which only the interests of today see. Twice as many fill both.
4. Of those, what the person's agent has met already is not taken again. And where its window has let go of something,
   nothing is taken that is older than the window: it would be added to sums in which it may stand already.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import BinaryIO, NamedTuple

from pydantic import ValidationError

from infra.platforms.archive import Archive, Member
from infra.platforms.dates import within_day
from infra.platforms.detect import AUTO, detect
from infra.platforms.export import Export
from infra.platforms.rows import Happened, HistoryRefused, NotTaken
from schemas.base import EARLIEST
from schemas.catalog import CatalogItem
from schemas.interaction import Interaction
from schemas.person import HistoryTaken, RefusedRow
from streams.sealing import own_item
from workers.mine import PREFIX

MAX_ROWS = 1_000_000
"""Fifty years of the liveliest listener."""

MAX_SHOWN = 20
"""Refusals that are shown; all are counted."""

_MAX_FILE_NAME = 60


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose history it is. With the installation's `secret` its items become theirs alone (`streams.sealing.own_item`).
    `profile` says which rows are theirs, where a file has several people's."""

    user: str
    secret: bytes
    platform: str = AUTO
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the person's agent has already. `now` is the latest that a row may have happened; `floor` the time of the
    oldest interaction that it still remembers one by one, where it has let go of others."""

    now: datetime
    has_seen: Callable[[str], bool] = lambda event: False
    """Whether an event's id is one of those that the agent has met."""
    floor: datetime | None = None


@dataclass(frozen=True, slots=True)
class History:
    """`interactions` are what is to be sent, oldest first, and `items` what they are about, by key."""

    taken: HistoryTaken
    interactions: tuple[Interaction, ...]
    items: dict[str, CatalogItem]


class _Row(NamedTuple):
    """Two never have one event id, so what happened is never compared."""

    moment: datetime
    event: str
    row: Happened
    is_known: bool = False


@dataclass(slots=True)
class _Count:
    rows: int = 0
    repeated: int = 0
    older: int = 0
    refused: int = 0
    shown: list[RefusedRow] = field(default_factory=list)

    def refuse(self, member: Member, line: int, reason: str) -> None:
        self.refused += 1
        if len(self.shown) < MAX_SHOWN:
            self.shown.append(RefusedRow(file=_file_name(member), line=line, reason=reason))


def read_history(file: BinaryIO, wish: Wish, known: Known) -> History:
    """Blocking: seconds for a large file. Raises `HistoryRefused`."""
    count = _Count()
    with Archive(file) as archive:
        platform, members = detect(archive, wish.platform)
        export = Export(archive, members, wish.profile)
        newest = _newest(_rows(platform.name, platform.read(export), wish, known, count), platform.most, count)
    sent = [_interaction(platform.name, wish, one) for one in newest]
    taken = HistoryTaken(
        platform=platform.name,
        interactions=len(sent),
        repeated=count.repeated,
        older=count.older,
        refused=count.refused,
        rows_refused=tuple(count.shown),
        first=sent[0].time if sent else None,
        last=sent[-1].time if sent else None,
        dropped_fields=tuple(sorted(export.dropped.names)),
    )
    items = {one.item_key: _item(one, taken_from.row) for one, taken_from in zip(sent, newest, strict=True)}
    return History(taken, tuple(sent), items)


def _newest(rows: Iterator[_Row], most: int, count: _Count) -> list[_Row]:
    """Of the newest `most` rows those that the agent has not met, oldest first. What it has met holds its place: or the
    same file again would bring what stood behind it."""
    newest: list[_Row] = []
    for row in rows:
        if len(newest) < most:
            heapq.heappush(newest, row)
        else:
            count.older += not heapq.heappushpop(newest, row).is_known
    return sorted(row for row in newest if not row.is_known)


def _rows(
    platform: str, rows: Iterator[tuple[Member, Happened | NotTaken]], wish: Wish, known: Known, count: _Count
) -> Iterator[_Row]:
    """Each once."""
    met: set[int] = set()
    for member, row in rows:
        count.rows += 1
        if count.rows > MAX_ROWS:
            raise HistoryRefused(f"it has more than {MAX_ROWS:,} rows: send it in parts")
        if isinstance(row, NotTaken):
            count.refuse(member, row.line, row.reason)
            continue
        event = event_id(platform, wish.user, row)
        moment = row.time or within_day(known.now - timedelta(days=2), row.names)
        fingerprint = int(event[-16:], 16)
        is_known = fingerprint not in met and known.has_seen(event)
        if is_known or fingerprint in met:
            count.repeated += 1
        if fingerprint in met:
            continue
        met.add(fingerprint)
        if is_known:
            yield _Row(moment, event, row, True)
        elif not EARLIEST <= moment <= known.now:
            count.refuse(member, row.line, "lies before 1970 or in the future")
        elif known.floor is not None and moment < known.floor:
            count.older += 1
        else:
            yield _Row(moment, event, row)


def item_id(names: tuple[str, ...]) -> str:
    """32 hex digits, the same in every export, whoever brings it: what a person's own item is named after."""
    return _digest("item", *names)


def event_id(platform: str, user: str, row: Happened) -> str:
    """The same for the same row however often it is read; another for every person."""
    return f"{platform}-{_digest('event', platform, user, item_id(row.names), row.signal.value, row.mark)}"


def _digest(*parts: str) -> str:
    """128 bits. Each part with its length before it: two lists of parts never make one text."""
    joined = "".join(f"{len(part)}:{part}" for part in parts)
    return blake2b(joined.encode(errors="replace"), digest_size=16).hexdigest()


def _interaction(platform: str, wish: Wish, taken: _Row) -> Interaction:
    row = taken.row
    try:
        return Interaction(
            event_id=taken.event,
            user=wish.user,
            provider=PREFIX + platform,
            item=own_item(wish.secret, wish.user, item_id(row.names)),
            signal=row.signal,
            time=taken.moment.astimezone(UTC),
            dwell_ms=row.dwell_ms,
            text=row.title,
            source="file",
        )
    except ValidationError as error:  # its parts were all checked: only the person's id can be wrong
        raise HistoryRefused("the person's id is none that is taken: use 1 to 128 printable characters") from error


def _item(interaction: Interaction, row: Happened) -> CatalogItem:
    return CatalogItem(
        provider=interaction.provider,
        item=interaction.item,
        title=row.title,
        tags=row.tags,
    )


def _file_name(member: Member) -> str:
    """The last part of its name: folders may be called after their owner, and so may files, beyond some letters."""
    shown = "".join(letter for letter in member.base if letter.isprintable())[:_MAX_FILE_NAME]
    return shown or "the file"
