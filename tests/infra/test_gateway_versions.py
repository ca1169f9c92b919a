"""The versions of a profile, and going back to one."""

from typing import Any

import httpx
import pytest

from schemas.command import PROFILE_COMMAND, RollbackCommand
from schemas.profile import Cause
from tests.infra.gateway_fakes import FakeProducer, FakeStore, gateway, held, state_of
from workers.errors import BrokerUnavailable, StoreUnavailable
from workers.mailbox import Change
from workers.state import UserState
from workers.versions import remember


def with_versions(count: int) -> UserState:
    """Jazz, a little stronger with each."""
    state = state_of(0)
    for version in range(1, count + 1):
        state.interests = (held("jazz", version / 10),)
        state.version = version
        remember(state, Change(version, Cause.EDIT, 1, 0, 1_790_000_000_000 + version))
    return state


class TestVersions:
    async def test_are_listed_newest_first_with_what_they_changed(self) -> None:
        async with gateway(store=FakeStore({"anna": with_versions(3)})) as client:
            answer = (await client.get("/v1/users/anna/versions")).json()
        assert answer["current"] == 3
        assert [(one["version"], one["cause"]) for one in answer["versions"]] == [(3, "edit"), (2, "edit"), (1, "edit")]
        newest, _, first = answer["versions"]
        (change,) = newest["differences"]
        assert (change["what"], change["text"], change["before"], change["after"]) == ("reweighted", "jazz", 0.2, 0.3)
        assert [one["what"] for one in first["differences"]] == ["added"]
        assert newest["time"].startswith("2026-09-21T")
        assert [(one["text"], one["weight"]) for one in newest["interests"]] == [("jazz", 0.3)]

    async def test_a_record_of_an_earlier_release_has_none(self) -> None:
        async with gateway(store=FakeStore({"anna": state_of(7, [held("jazz", 0.6)])})) as client:
            assert (await client.get("/v1/users/anna/versions")).json() == {"current": 7, "versions": []}

    async def test_of_an_unknown_user_there_are_none(self) -> None:
        async with gateway() as client:
            answer = await client.get("/v1/users/nobody/versions")
        assert (answer.status_code, answer.json()["title"]) == (404, "Unknown user")

    async def test_without_a_store_reading_is_unavailable(self) -> None:
        async with gateway(store=FakeStore(failing=StoreUnavailable("no"))) as client:
            assert (await client.get("/v1/users/anna/versions")).status_code == 503


class TestRollback:
    async def post(self, body: Any, user: str = "anna", **given: Any) -> httpx.Response:
        store = FakeStore({"anna": with_versions(3)})
        async with gateway(**({"store": store} | given)) as client:
            return await client.post(f"/v1/users/{user}/rollback", json=body)

    async def test_becomes_a_command_in_the_users_mailbox(self) -> None:
        producer = FakeProducer()
        answer = await self.post({"version": 2}, producer=producer)
        (message,) = producer.sent
        command = PROFILE_COMMAND.validate_json(message.value or b"")
        assert isinstance(command, RollbackCommand)
        assert (answer.status_code, answer.json()) == (202, {"command_id": command.command_id})
        assert (message.topic, message.key, command.user, command.version) == ("attune.commands", b"anna", "anna", 2)

    async def test_before_the_first_is_always_a_way_back(self) -> None:
        producer = FakeProducer()
        store = FakeStore({"anna": state_of(7, [held("jazz", 0.6)])})
        answer = await self.post({"version": 0}, producer=producer, store=store)
        assert answer.status_code == 202
        assert b'"version":0' in (producer.sent[0].value or b"")

    async def test_who_sends_the_same_again_may_say_so(self) -> None:
        producer = FakeProducer()
        answer = await self.post({"version": 2, "command_id": "mine-1"}, producer=producer)
        assert answer.json() == {"command_id": "mine-1"}
        assert b'"mine-1"' in (producer.sent[0].value or b"")

    @pytest.mark.parametrize(
        ("user", "body", "status", "title"),
        [
            ("anna", {"version": 4}, 404, "Unknown version"),
            ("nobody", {"version": 1}, 404, "Unknown user"),
            ("anna", {"version": -1}, 422, "Invalid request"),
            ("anna", {}, 422, "Invalid request"),
        ],
    )
    async def test_what_cannot_be_is_a_problem(self, user: str, body: Any, status: int, title: str) -> None:
        producer = FakeProducer()
        answer = await self.post(body, user, producer=producer)
        assert (answer.status_code, answer.json()["title"], producer.sent) == (status, title, [])
        assert answer.headers["content-type"] == "application/problem+json"

    async def test_what_the_broker_does_not_take_was_not_accepted(self) -> None:
        answer = await self.post({"version": 2}, producer=FakeProducer(failing=BrokerUnavailable("no")))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
