"""RecBole's atomic files of interactions: tab-separated, the header's columns written `name:type`.

`.inter` comes in two forms. Plain: one interaction a row (user_id, item_id, rating?, timestamp?). With a list
(user_id, item_id_list, item_id): the history and the item that followed, each a click; leave-one-out files repeat a
history with every longer prefix, and the repeated entries have the same ids. A rating beside a list is not read.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from infra.loaders.columns import Header, Record
from infra.loaders.identity import LineTimes, event_id, purchase_time
from infra.loaders.rows import Refusal, Row, make_row
from schemas.base import EARLIEST
from schemas.interaction import Interaction, Signal

USER = ("user_id",)
ITEM = ("item_id",)
HISTORY = ("item_id_list",)
RATING = ("rating",)
TIME = ("timestamp",)

_LIKE_FROM, _DISLIKE_TO = 4.0, 2.0

_MILLISECONDS_FROM = 1e11
"""A timestamp this large is in milliseconds: in seconds it would be the year 5138."""

Rows = Iterator[Row[Interaction] | Refusal]


def read_interactions(header: Header, records: Iterable[Record | Refusal], provider: str) -> Rows:
    """Rows in the order of the file. Raises `FileRefused` at once where a column is missing."""
    read = _lists(header, provider) if header.find(HISTORY) is not None else _plain(header, provider)
    return (row for record in records for row in ([record] if isinstance(record, Refusal) else read(record)))


def _lists(header: Header, provider: str) -> Callable[[Record], Rows]:
    user, history, target = header.need(USER), header.need(HISTORY), header.need(ITEM)

    def read(record: Record) -> Rows:
        who = record.values[user].strip()
        items = [*record.values[history].split(), record.values[target].strip()]
        for place, item in enumerate(items):
            event = _Event(who, str(place), item, Signal.CLICK, purchase_time(place))
            yield event.row(record.line, provider)

    return read


def _plain(header: Header, provider: str) -> Callable[[Record], Rows]:
    user, target, rating, time = header.need(USER), header.need(ITEM), header.find(RATING), header.find(TIME)
    times = LineTimes()

    def read(record: Record) -> Rows:
        rated = "" if rating is None else record.values[rating].strip()
        timed = "" if time is None else record.values[time].strip()
        signal = _signal(rated)
        who = record.values[user].strip()
        moment = _moment(timed) if timed else times.next(who)
        if signal is None:
            yield Refusal(record.line, "rating: is no number")
        elif moment is None:
            yield Refusal(record.line, "timestamp: is no time from 1970 on, in seconds or milliseconds")
        else:
            event = _Event(who, f"{timed}/{signal}", record.values[target].strip(), signal, moment)
            yield event.row(record.line, provider)

    return read


@dataclass(frozen=True, slots=True)
class _Event:
    user: str
    place: str
    """What tells two events of one user with one item apart."""
    item: str
    signal: Signal
    time: datetime

    def row(self, line: int, provider: str) -> Row[Interaction] | Refusal:
        fields = {
            "event_id": event_id("recbole", provider, self.user, self.place, self.item),
            "user": self.user,
            "provider": provider,
            "item": self.item,
            "signal": self.signal,
            "time": self.time,
            "source": "file",
        }
        return make_row(Interaction, line, fields)


def _signal(rating: str) -> Signal | None:
    """Of five stars: four and more a like, two and less a dislike. Without a rating a click; None for no number."""
    if not rating:
        return Signal.CLICK
    stars = _number(rating)
    if stars is None:
        return None
    if stars >= _LIKE_FROM:
        return Signal.LIKE
    return Signal.DISLIKE if stars <= _DISLIKE_TO else Signal.CLICK


def _moment(timestamp: str) -> datetime | None:
    value = _number(timestamp)
    if value is None or value < 0:
        return None
    try:
        return EARLIEST + timedelta(seconds=value / 1000 if value >= _MILLISECONDS_FROM else value)
    except OverflowError:
        return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
