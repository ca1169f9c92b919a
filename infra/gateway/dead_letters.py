"""What could not be applied, for the operator: shown by default without its content, which holds ids; sent again, or
given up."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Base64Bytes, Field, StringConstraints

from infra.gateway.body import JsonBody, checked
from infra.gateway.problems import ProblemError
from schemas.base import Contract, Instant
from schemas.dead_letter import Reason, Settled
from streams.letter_book import Entry, LetterBook, Outcome, Result

MAX_LETTERS = 200
"""In one answer, and settled with one request."""

LetterId = Annotated[str, StringConstraints(min_length=1, max_length=300)]
"""TOPIC/PARTITION/OFFSET of the message that was set aside."""


class Letter(Contract):
    """One message set aside. `topic`, `partition` and `offset` say where it came from, and together are its id."""

    id: str
    topic: str
    partition: int
    offset: int
    stage: str
    reason: Reason
    detail: str
    first_time: Instant
    last_time: Instant
    settled: Settled | None = None
    key: Base64Bytes | None = None
    value: Base64Bytes | None = None


class DeadLetters(Contract):
    dead_letters: tuple[Letter, ...]


class ReplayBody(Contract):
    """Either `ids`, or `all` that are open (of one `reason`, where it is given), the oldest first. `again` replays what
    is settled already, too."""

    ids: Annotated[tuple[LetterId, ...], Field(max_length=MAX_LETTERS)] = ()
    all: bool = False
    reason: Reason | None = None
    again: bool = False


class DropBody(Contract):
    ids: Annotated[tuple[LetterId, ...], Field(min_length=1, max_length=MAX_LETTERS)]


class Settlement(Contract):
    """What became of one letter; `note` says why nothing was done."""

    id: str
    outcome: Outcome
    note: str = ""


class Settlements(Contract):
    """`left` counts what `all` would replay next: ask again until it is 0."""

    results: tuple[Settlement, ...]
    left: int = 0


def create_router(book: LetterBook) -> APIRouter:
    """`GET /v1/dead-letters`, and `POST` under it: `replay`, `drop`."""
    router = APIRouter(tags=["operation"], prefix="/v1/dead-letters")

    @router.get("", response_model_exclude_none=True)
    async def get_dead_letters(
        limit: Annotated[int, Query(ge=1, le=MAX_LETTERS)] = 20,
        content: bool = False,
        settled: bool = False,
        reason: Reason | None = None,
        id: Annotated[list[LetterId] | None, Query(max_length=MAX_LETTERS)] = None,
    ) -> DeadLetters:
        """The newest first; those named by `id`, settled or not, or else those that are open (`settled`: all) and have
        the `reason`. `content` adds key and value of each message, in base64: they hold ids."""
        found = await (book.named(id) if id else book.entries(settled=settled, reason=reason))
        return DeadLetters(dead_letters=tuple([await _letter(book, one, content) for one in found[:limit]]))

    @router.post("/replay", response_model_exclude_defaults=True, openapi_extra=_takes(ReplayBody))
    async def post_replay(body: JsonBody) -> Settlements:
        """Sends the original messages to the topics that they came from. Safe to repeat: the event id is the same."""
        asked = checked(ReplayBody, body.parsed(), "What is to be replayed")
        if bool(asked.ids) is asked.all:
            raise ProblemError(422, "Invalid request", "Name the letters in 'ids', or set 'all' to true.")
        ids = asked.ids or await _oldest_open(book, asked.reason)
        results = await book.replay(ids, again=asked.again)
        left = len(await _oldest_open(book, asked.reason, None)) if asked.all else 0
        return _settlements(results, left)

    @router.post("/drop", response_model_exclude_defaults=True, openapi_extra=_takes(DropBody))
    async def post_drop(body: JsonBody) -> Settlements:
        """Gives the messages up: they are not listed any more, and go with the topic's month."""
        asked = checked(DropBody, body.parsed(), "What is to be dropped")
        return _settlements(await book.drop(asked.ids), 0)

    return router


def _takes(model: type[Contract]) -> dict[str, Any]:
    """What it refers to is described with the answers."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


async def _oldest_open(book: LetterBook, reason: Reason | None, limit: int | None = MAX_LETTERS) -> tuple[str, ...]:
    """In the order in which they came, as far as they can be replayed."""
    found = [entry.letter for entry in await book.entries(reason=reason) if entry.can_be_replayed]
    found.sort(key=lambda letter: (letter.first_time, letter.topic, letter.partition, letter.offset))
    return tuple(letter.id for letter in found[:limit])


async def _letter(book: LetterBook, entry: Entry, content: bool) -> Letter:
    whole = (await book.content(entry) if content else None) or entry.letter
    # As it stands on the wire: key and value are base64 there, and are so here.
    return Letter.model_validate(whole.model_dump(mode="json") | {"id": whole.id})


def _settlements(results: list[Result], left: int) -> Settlements:
    return Settlements(
        results=tuple(Settlement(id=one.id, outcome=one.outcome, note=one.note) for one in results), left=left
    )
