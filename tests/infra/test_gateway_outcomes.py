"""GET /v1/users/{u}/commands/{id}: what became of an edit, a rollback or an import."""

from typing import Any
from urllib.parse import quote

import pytest

from schemas.command import EditCommand, RemoveInterest
from schemas.dead_letter import Reason
from streams.topics import COMMANDS
from tests.infra.gateway_fakes import NOW, FakeStore, gateway, state_of
from workers.errors import StoreUnavailable
from workers.outcomes import refuse
from workers.ports import Record
from workers.state import UserState, Waiting


def somebody() -> UserState:
    """Of whom one command was carried out, one waits and one was refused."""
    state = state_of(7)
    for name in ("done/1", "waits"):
        state.see(f"command {name}")
    edit = EditCommand.model_validate(
        {
            "command_id": "waits",
            "user": "anna",
            "time": "2026-09-21T14:00:00Z",
            "edits": [RemoveInterest(interest="0" * 12)],
        }
    )
    record = Record(COMMANDS, 0, 1, b"anna", edit.to_bytes(), int(NOW * 1000))
    state.waiting = (Waiting(record, None, int(NOW * 1000) + 60_000, ("jazz",)),)
    refuse(state, "refused", Reason.REFUSED, "a profile holds at most 24 interests of your own: remove one first")
    return state


async def ask(command: str, user: str = "anna", store: FakeStore | None = None) -> Any:
    async with gateway(store=store or FakeStore({"anna": somebody()})) as client:
        return await client.get(f"/v1/users/{user}/commands/{quote(command, safe='')}")


@pytest.mark.parametrize(
    ("command", "state", "why"),
    [
        ("done/1", "done", None),
        ("waits", "waiting", None),
        ("refused", "refused", "a profile holds at most 24 interests of your own: remove one first"),
        ("never sent", "pending", None),
    ],
)
async def test_says_what_became_of_it_and_at_which_version(command: str, state: str, why: str | None) -> None:
    answer = await ask(command)
    assert answer.status_code == 200
    assert answer.json() == {"command_id": command, "state": state, "why": why, "version": 7}


async def test_of_somebody_nobody_has_heard_of_it_is_on_its_way() -> None:
    answer = await ask("c1", user="a%2Fb")
    assert answer.json() == {"command_id": "c1", "state": "pending", "why": None, "version": 0}


async def test_without_a_store_nobody_knows() -> None:
    assert (await ask("c1", store=FakeStore(failing=StoreUnavailable("no")))).status_code == 503


async def test_an_id_has_limits() -> None:
    assert (await ask("c" * 129)).status_code == 422
