"""What the doors for many entries share: taking a batch apart, naming an entry, refusing when nothing is left."""

from collections.abc import Sequence
from typing import Any

from fastapi import Request

from infra.doors.entering import charge
from infra.gateway.body import Received
from infra.gateway.problems import ProblemError
from schemas.api import MAX_BATCH, Rejected

MAX_ID_SHOWN = 128


def charged(body: Received, name: str, request: Request, single: bool = True) -> Sequence[Any]:
    """`entries_of` a body, counted among what its sender may send. Nobody keeps them beyond their sorting: they may be
    twenty times as large as the body (`Received`). Raises the problems 400, 422 and 429."""
    entries = entries_of(body.parsed(), name, single)
    charge(request, len(entries))
    return entries


def entries_of(body: object, name: str, single: bool = True) -> Sequence[Any]:
    """The entries of {name: [...]}, or the body itself as the only one where `single` is allowed. Raises the 422
    problem for anything else."""
    if single and isinstance(body, dict) and name not in body:
        return [body]
    entries = body.get(name) if isinstance(body, dict) else None
    if not isinstance(entries, list):
        form = f'{{"{name}": [...]}}'
        raise ProblemError(422, "Invalid request", f"Send {'one JSON object or ' if single else ''}{form}.")
    if len(entries) > MAX_BATCH:
        detail = f"{len(entries):,} entries in one request; send at most {MAX_BATCH:,} at once."
        raise ProblemError(422, "Too many entries", detail)
    return entries


def id_of(entry: Any, field: str) -> str | None:
    """The id that the sender gave, cut, so that they find the entry again; None where there is none."""
    given = entry.get(field) if isinstance(entry, dict) else None
    return given[:MAX_ID_SHOWN] if isinstance(given, str) else None


def refuse_if_none(accepted: Sequence[object], rejected: Sequence[Rejected]) -> None:
    """Raises the 422 problem where nothing passed and something did not."""
    if rejected and not accepted:
        detail = "No entry was accepted; 'rejected' says what to mend in each."
        if len(rejected) == 1:
            detail = f"Mend this and send it again: {rejected[0].reason}."
        raise ProblemError(422, "Nothing accepted", detail, rejected=rejected)
