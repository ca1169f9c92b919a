"""A profile document in, in the place of what stands in the profile."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query

from infra.gateway.body import JsonBody, checked
from infra.gateway.commands import current_time, new_id, send_command
from infra.gateway.context import Gateway, GatewayHere
from infra.gateway.openapi import takes
from infra.gateway.problems import ProblemError
from schemas.base import EventId, UserId
from schemas.command import ImportCommand
from schemas.document import Carried, ProfileDocument
from schemas.person import CommandAccepted
from workers.carrying import LENGTH_ERROR
from workers.held import interest_id

router = APIRouter(tags=["people"])


@router.post("/v1/users/{user:path}/import", status_code=202, openapi_extra=takes(ProfileDocument))
async def post_import(
    user: UserId, body: JsonBody, gateway: GatewayHere, command_id: Annotated[EventId | None, Query()] = None
) -> CommandAccepted:
    """Takes the document of an export. It stands in the profile, in the place of all that stood there, as soon as its
    agent has read it and every text has its vector; .../rollback takes it back, and
    .../commands/{command_id} says what became of it. After a 503 send the same again, with the same command_id."""
    document = checked(ProfileDocument, body.parsed(), "The profile document")
    _check_texts(document)
    _check_vectors(document, gateway)
    command = ImportCommand(
        command_id=command_id or new_id(),
        user=user,
        time=current_time(gateway),
        space=document.space,
        interests=document.interests,
        avoid=document.avoid,
        removed=document.removed,
        keep_away=document.keep_away,
    )
    await send_command(gateway, command)
    return CommandAccepted(command_id=command.command_id)


# What the agent would refuse, minutes later and where only an operator looks, is refused here.
def _check_texts(document: ProfileDocument) -> None:
    """Raises the 422 problem."""
    texts = [*(one.text for _, one in _carried(document)), *document.removed]
    if len(set(map(interest_id, texts))) < len(texts):
        raise _invalid("it names a text twice, in 'interests', 'avoid' or 'removed'; name it once")


def _check_vectors(document: ProfileDocument, gateway: Gateway) -> None:
    """Of another space, the texts count and not the vectors. Raises the 422 problem."""
    if document.space != gateway.ports.space:
        return
    size = 2 * gateway.ports.dimension
    for place, one in _carried(document):
        if one.vector is not None and (len(one.vector) != size or not _is_unit(one.vector)):
            what = f"must be of length 1 and have {gateway.ports.dimension} values, as all of its space have"
            raise _invalid(f"'{place}.vector' {what}; leave it out, and its text counts")


def _carried(document: ProfileDocument) -> Iterator[tuple[str, Carried]]:
    for name, carried in (("interests", document.interests), ("avoid", document.avoid)):
        yield from ((f"{name}.{at}", one) for at, one in enumerate(carried))


def _invalid(what: str) -> ProblemError:
    return ProblemError(422, "Invalid request", f"The profile document is not valid: {what}.")


def _is_unit(vector: bytes) -> bool:
    return abs(float(np.linalg.norm(np.frombuffer(vector, "<f2").astype(np.float64))) - 1) <= LENGTH_ERROR
