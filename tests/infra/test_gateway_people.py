"""Reading a profile, and asking for a re-fit."""

from urllib.parse import quote

import pytest

from schemas.command import PROFILE_COMMAND, RefreshCommand
from tests.infra.gateway_fakes import FakeProducer, FakeStore, gateway, held, state_of
from workers.errors import StoreUnavailable


async def test_the_profile_is_what_the_store_holds() -> None:
    state = state_of(7, [held("jazz", 0.6), held("golf", -0.1, 1)], [held("crime", 0.2, 2)])
    async with gateway(store=FakeStore({"anna": state})) as client:
        answer = await client.get("/v1/users/anna/profile")
    profile = answer.json()
    assert answer.status_code == 200
    assert (profile["user"], profile["version"], profile["space"]) == ("anna", 7, "space-1")
    assert [(one["text"], one["weight"]) for one in profile["interests"]] == [("jazz", 0.6), ("golf", -0.1)]
    assert [one["text"] for one in profile["avoid"]] == ["crime"]
    assert profile["updated"] == "2026-09-21T14:13:20Z"


@pytest.mark.parametrize("user", ["a/b", "ä ö", "a%2Fb", "anna/profile", "x?y#z"])
async def test_any_user_id_can_stand_in_the_path(user: str) -> None:
    async with gateway(store=FakeStore({user: state_of(1, [held("jazz", 0.6)])})) as client:
        answer = await client.get(f"/v1/users/{quote(user, safe='')}/profile")
    assert (answer.status_code, answer.json()["user"]) == (200, user)


@pytest.mark.parametrize("what", ["profile", "recommendations"])
async def test_an_unknown_or_forgotten_user_is_a_404_that_says_how_a_profile_comes_about(what: str) -> None:
    async with gateway(store=FakeStore(forgotten={"gone"})) as client:
        for user in ("nobody", "gone"):
            answer = await client.get(f"/v1/users/{user}/{what}")
            assert answer.status_code == 404
            assert "POST an interaction of theirs to /v1/interactions" in answer.json()["detail"]
            assert "what they like to /v1/users/{user}/edits" in answer.json()["detail"]


async def test_a_user_id_has_limits() -> None:
    async with gateway() as client:
        answer = await client.get(f"/v1/users/{'u' * 129}/profile")
    assert (answer.status_code, answer.json()["detail"]) == (422, "'user' is too long: at most 128 characters")


async def test_without_a_store_reading_is_unavailable() -> None:
    async with gateway(store=FakeStore(failing=StoreUnavailable("no"))) as client:
        answer = await client.get("/v1/users/anna/profile")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["detail"].startswith("The store does not answer")


async def test_a_refresh_becomes_a_command_in_the_users_mailbox() -> None:
    producer = FakeProducer()
    async with gateway(producer=producer) as client:
        answer = await client.post("/v1/users/anna/refresh")
    (message,) = producer.sent
    command = PROFILE_COMMAND.validate_json(message.value or b"")
    assert answer.status_code == 202
    assert (message.topic, message.key) == ("attune.commands", b"anna")
    assert isinstance(command, RefreshCommand)
    assert (command.user, command.time.isoformat()) == ("anna", "2026-09-21T14:13:20+00:00")
    assert command.command_id == answer.json()["command_id"]
    assert command.what == "weights"


@pytest.mark.parametrize(
    ("body", "what"), [({}, "weights"), ({"what": "weights"}, "weights"), ({"what": "texts"}, "texts")]
)
async def test_the_body_says_what_to_refresh(body: dict[str, str], what: str) -> None:
    producer = FakeProducer()
    async with gateway(producer=producer) as client:
        assert (await client.post("/v1/users/anna/refresh", json=body)).status_code == 202
    command = PROFILE_COMMAND.validate_json(producer.sent[0].value or b"")
    assert isinstance(command, RefreshCommand)
    assert command.what == what


async def test_a_body_that_asks_for_something_else_is_refused() -> None:
    producer = FakeProducer()
    async with gateway(producer=producer) as client:
        answer = await client.post("/v1/users/anna/refresh", json={"what": "everything"})
        not_json = await client.post("/v1/users/anna/refresh", content="what=texts")
    assert (answer.status_code, not_json.status_code, producer.sent) == (422, 415, [])
    assert "'what'" in answer.json()["detail"]


async def test_each_refresh_has_an_id_of_its_own() -> None:
    async with gateway() as client:
        ids = {(await client.post("/v1/users/anna/refresh")).json()["command_id"] for _ in range(3)}
    assert len(ids) == 3
