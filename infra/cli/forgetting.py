"""`attune profile forget`: erases a person."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.carrying import write_document
from infra.cli.client import open_client
from infra.cli.options import Json, User, Yes
from infra.cli.output import emit, say, show_fields
from workers.errors import AttuneError

if TYPE_CHECKING:
    from attune_client import AttuneClient, ErasureStatus

POLL_SECONDS = 0.5

WAIT_SECONDS = 120.0
"""A provider has 60 s by default (`ATTUNE_ERASURE_DEADLINE`) once the agent has done its part, which is a moment after
its backlog."""


class NotErasedYet(AttuneError):
    """Somebody has not confirmed."""


def forget(
    user: User,
    export: Annotated[
        Path | None, typer.Option("--export", metavar="FILE", help="Write the profile there first.", show_default=False)
    ] = None,
    yes: Yes = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until every provider has confirmed.")] = False,
    as_json: Json = False,
) -> None:
    """Erase a person: profile, history and everything that providers hold of them, for good. Asks first."""
    with open_client() as client:
        if export is not None:
            write_document(export, client.export(user))
        if not yes and not typer.confirm(f"Erase everything of '{user}'? It cannot be taken back.", err=True):
            say("Nothing was erased.")
            raise typer.Exit(1)
        accepted = client.forget(user)
        say(f"Accepted as erasure {accepted['erasure']}.")
        if not wait:
            if as_json:
                emit(accepted)
            return
        _tell(waited(client, accepted["erasure"]), as_json)


def waited(
    client: "AttuneClient",
    erasure: str,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> "ErasureStatus":
    """Its status once it is complete. Raises `NotErasedYet` where a provider is late, or nothing comes of it."""
    end = now() + WAIT_SECONDS
    while True:
        status = client.erasure(erasure, retry=True)
        if status["state"] == "complete":
            return status
        if status["state"] == "late" or now() >= end:
            raise NotErasedYet(_unconfirmed(status))
        sleep(POLL_SECONDS)


def _unconfirmed(status: "ErasureStatus") -> str:
    if status["state"] == "unknown":
        return "the agent has not come to it yet: see that it runs (`attune status`); nothing needs to be sent again"
    missing = ", ".join(status["missing"])
    return f"erased here, and not confirmed by {missing}: see that they run; nothing needs to be sent again"


def _tell(status: "ErasureStatus", as_json: bool) -> None:
    if as_json:
        emit(status)
        return
    say("Erased, and every provider has confirmed.")
    fields = {
        "erasure": status["erasure"],
        "completed": status["completed"] or "",
        "signature": status["signature"] or "",
    }
    show_fields(fields)
