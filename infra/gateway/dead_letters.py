"""What could not be applied, for the operator: by default without its content, which holds ids."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Base64Bytes

from schemas.base import Contract, Instant
from schemas.dead_letter import DeadLetter, Reason

MAX_LETTERS = 200

Read = Callable[[int], Awaitable[list[DeadLetter]]]
"""Up to that many of the newest dead letters, in any order."""


class Letter(Contract):
    """One message set aside. `topic`, `partition` and `offset` say where it came from."""

    topic: str
    partition: int
    offset: int
    stage: str
    reason: Reason
    detail: str
    first_time: Instant
    last_time: Instant
    key: Base64Bytes | None = None
    value: Base64Bytes | None = None


class DeadLetters(Contract):
    dead_letters: tuple[Letter, ...]


def create_router(read: Read) -> APIRouter:
    """`GET /v1/dead-letters`."""
    router = APIRouter(tags=["operation"])

    @router.get("/v1/dead-letters", response_model_exclude_none=True)
    async def get_dead_letters(
        limit: Annotated[int, Query(ge=1, le=MAX_LETTERS)] = 20, content: bool = False
    ) -> DeadLetters:
        """The newest first. `content` adds key and value of each message, in base64: they hold ids."""
        letters = _newest_first(await read(limit))[:limit]
        return DeadLetters(dead_letters=tuple(_letter(one, content) for one in letters))

    return router


def _newest_first(letters: Iterable[DeadLetter]) -> list[DeadLetter]:
    """Each once: a letter written again after a crash is one letter, and its last time counts."""
    by_time = sorted(letters, key=lambda letter: letter.last_time)
    return sorted({letter.id: letter for letter in by_time}.values(), key=lambda one: one.last_time, reverse=True)


def _letter(letter: DeadLetter, content: bool) -> Letter:
    # As it stands on the wire: key and value are base64 there, and are so here.
    fields = letter.model_dump(mode="json", exclude=set() if content else {"key", "value"})
    return Letter.model_validate(fields)
