"""From a file's rows to the gateway: in batches, in order, one at a time, with what it refuses traced to its lines."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic

import orjson

from infra.loaders.identity import fingerprint
from infra.loaders.rows import Body, Refusal, Row
from infra.loaders.summary import Seen, Tally
from schemas.api import MAX_BODY_BYTES, ItemBody
from schemas.interaction import Interaction

BATCH_BYTES = MAX_BODY_BYTES * 3 // 4
"""Of the rows of one request as JSON; the rest is room for what stands between them."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry of a batch that the gateway did not take, by its position in the batch."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    accepted: int
    refused: tuple[Refused, ...] = ()


Fields = dict[str, Any]
Post = Callable[[list[Fields]], Answer]


@dataclass(frozen=True, slots=True)
class _Entry:
    line: int
    fields: Fields
    size: int


class Sender(Generic[Body]):
    """Sends the rows of one file. `tally` counts what became of them."""

    def __init__(self, post: Post, batch_rows: int) -> None:
        self.tally = Tally()
        self._post = post
        self._batch_rows = batch_rows
        self._seen = Seen()

    def send(self, rows: Iterator[Row[Body] | Refusal], batch_sent: Callable[[], None]) -> None:
        """Returns after the last row's answer; what `post` raises ends it, and the rows before it stand."""
        batch: list[_Entry] = []
        size = 0
        for row in rows:
            entry = self._entry(row)
            if entry is None:
                continue
            if len(batch) == self._batch_rows or size + entry.size > BATCH_BYTES:
                self._send(batch)
                batch_sent()
                batch, size = [], 0
            batch.append(entry)
            size += entry.size
        if batch:
            self._send(batch)
        batch_sent()

    def _entry(self, row: Row[Body] | Refusal) -> _Entry | None:
        """None for a row that is not sent: refused, or a repetition."""
        self.tally.met(row.line)
        if isinstance(row, Refusal):
            self.tally.reject(row)
            return None
        fields = row.body.model_dump(mode="json", exclude_defaults=True)
        text = orjson.dumps(fields)
        if self._seen.repeats(*_mark(row.body, text)):
            self.tally.duplicates += 1
            return None
        return _Entry(row.line, fields, len(text))

    def _send(self, batch: Sequence[_Entry]) -> None:
        answer = self._post([entry.fields for entry in batch])
        self.tally.accepted += answer.accepted
        for refused in answer.refused:
            self.tally.reject(Refusal(batch[refused.index].line, refused.reason))


def _mark(body: object, text: bytes) -> tuple[int, int]:
    """What the row is known by, and its content: an event's id names it for good, an item may change."""
    match body:
        case Interaction():
            return fingerprint(f"{body.user}\x1f{body.event_id}".encode()), 0
        case ItemBody():
            return fingerprint(body.item.encode()), fingerprint(text)
    raise TypeError(f"rows of {type(body).__name__} are not sent")
