"""MIND's own files: `news.tsv` and `behaviors.tsv` (Microsoft News Dataset), tab-separated, no header, no quotes.

A behaviors line is (impression id, user, time, history, candidates). The history has no times: they are made up one
minute apart, in order, the last one minute before the impression's time, or before `BASE` where that is empty.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from infra.loaders.identity import BASE, STEP, event_id
from infra.loaders.reading import Line, filled
from infra.loaders.rows import Refusal, Row, make_row
from schemas.api import ItemBody
from schemas.base import EARLIEST, MAX_TEXT
from schemas.interaction import Interaction, Signal

NEWS_COLUMNS = 8
BEHAVIORS_COLUMNS = 5
_TIME = "%m/%d/%Y %I:%M:%S %p"
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)
_LABELS = {"1": Signal.CLICK, "0": Signal.IMPRESSION}


def read_news(lines: Iterable[Line | Refusal]) -> Iterator[Row[ItemBody] | Refusal]:
    """Columns: id, category, subcategory, title, abstract, url, title entities, abstract entities."""
    for line in filled(lines):
        yield line if isinstance(line, Refusal) else _item(line)


def _item(line: Line) -> Row[ItemBody] | Refusal:
    columns = line.text.split("\t")
    if len(columns) != NEWS_COLUMNS:
        return Refusal(line.number, f"has {len(columns)} columns where MIND news has {NEWS_COLUMNS}")
    item, category, subcategory, title, abstract = (column.strip() for column in columns[:5])
    fields = {
        "item": item,
        "title": title,
        "text": abstract[:MAX_TEXT] or None,
        "category": "/".join(filter(None, (category, subcategory))) if category else None,
    }
    return make_row(ItemBody, line.number, fields)


def read_behaviors(
    lines: Iterable[Line | Refusal], provider: str, impressions: bool = False
) -> Iterator[Row[Interaction] | Refusal]:
    """Each history entry as a click. With `impressions` the candidates too: label 1 a click, 0 an impression."""
    for line in filled(lines):
        if isinstance(line, Refusal):
            yield line
        else:
            yield from _behavior(line, provider, impressions)


def _behavior(line: Line, provider: str, impressions: bool) -> Iterator[Row[Interaction] | Refusal]:
    columns = line.text.split("\t")
    if len(columns) != BEHAVIORS_COLUMNS:
        yield Refusal(line.number, f"has {len(columns)} columns where MIND behaviors has {BEHAVIORS_COLUMNS}")
        return
    impression, user, time, history, candidates = (column.strip() for column in columns)
    moment = read_time(time) if time else BASE
    if moment is None:
        yield Refusal(line.number, "its time is not like 11/15/2019 8:55:22 AM, from 1970 on")
        return
    yield from _history(line.number, provider, user, moment, history.split())
    if impressions:
        yield from _candidates(line.number, provider, user, moment, impression, candidates.split())


def read_time(text: str) -> datetime | None:
    """MIND writes no timezone: taken as UTC. None where it is not a time, or none that can be counted from."""
    try:
        moment = datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
    return moment if EARLIEST <= moment < _LATEST else None


def _history(
    line: int, provider: str, user: str, moment: datetime, items: list[str]
) -> Iterator[Row[Interaction] | Refusal]:
    for place, item in enumerate(items):
        time = moment - (len(items) - place) * STEP
        yield _interaction(line, provider, user, str(place), item, Signal.CLICK, time)


def _candidates(
    line: int, provider: str, user: str, moment: datetime, impression: str, candidates: list[str]
) -> Iterator[Row[Interaction] | Refusal]:
    if not impression:
        yield Refusal(line, "has no impression id, by which its candidates are known apart")
        return
    for place, candidate in enumerate(candidates):
        item, _, label = candidate.rpartition("-")
        if label not in _LABELS:
            yield Refusal(line, f"candidate {place + 1} has no label -0 or -1 (the test set has none)")
            continue
        # A millisecond apart: one event has one time, and the order of the list is kept.
        time = moment + timedelta(milliseconds=place)
        yield _interaction(line, provider, user, f"{impression}/{place}", item, _LABELS[label], time)


def _interaction(
    line: int, provider: str, user: str, place: str, item: str, signal: Signal, time: datetime
) -> Row[Interaction] | Refusal:
    fields = {
        "event_id": event_id("mind", provider, user, place, item),
        "user": user,
        "provider": provider,
        "item": item,
        "signal": signal,
        "time": time,
        "source": "file",
    }
    return make_row(Interaction, line, fields)
