"""POST /v1/users/{u}/edits: what a person changes becomes a command in their mailbox."""

import logging
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from schemas.command import PROFILE_COMMAND, AddInterest, EditCommand
from tests.infra.gateway_fakes import FakeProducer, FakeStore, gateway, held, state_of
from workers.errors import AttuneError, BrokerUnavailable, Overloaded

ONE = "0123456789ab"
EVERY: list[dict[str, Any]] = [
    {"op": "remove", "interest": ONE},
    {"op": "add", "text": "I like jazz from the seventies", "weight": 0.75},
    {"op": "rewrite", "interest": ONE, "text": "bebop"},
    {"op": "reweight", "interest": ONE, "weight": -0.5, "held": False},
    {"op": "pin", "interest": ONE, "pinned": False},
    {"op": "avoid", "text": "boxing"},
    {"op": "restore", "interest": ONE},
    {"op": "keep_away", "within": 0.25},
]
ADD = {"op": "add", "text": "jazz"}


def command_of(producer: FakeProducer) -> EditCommand:
    (message,) = producer.sent
    command = PROFILE_COMMAND.validate_json(message.value or b"")
    assert isinstance(command, EditCommand)
    return command


async def post(body: Any, user: str = "anna", **given: Any) -> httpx.Response:
    async with gateway(**given) as client:
        return await client.post(f"/v1/users/{quote(user, safe='')}/edits", json=body)


async def test_edits_become_one_command_in_the_users_mailbox() -> None:
    producer = FakeProducer()
    answer = await post({"edits": EVERY}, producer=producer)
    command = command_of(producer)
    assert (answer.status_code, answer.json()) == (202, {"command_id": command.command_id})
    assert (producer.sent[0].topic, producer.sent[0].key) == ("attune.commands", b"anna")
    assert (command.user, command.time.isoformat()) == ("anna", "2026-09-21T14:13:20+00:00")
    assert [edit.model_dump(exclude_none=True) for edit in command.edits] == EVERY


async def test_they_may_be_of_somebody_nobody_has_heard_of() -> None:
    producer = FakeProducer()
    answer = await post({"edits": [ADD]}, user="a/ü", producer=producer)
    assert answer.status_code == 202
    assert command_of(producer).user == "a/ü"
    assert command_of(producer).edits == (AddInterest(text="jazz"),)


async def test_who_sends_the_same_again_may_say_so() -> None:
    producer = FakeProducer()
    answer = await post({"edits": [ADD], "command_id": "mine-1", "base_version": 7}, producer=producer)
    assert answer.json() == {"command_id": "mine-1"}
    assert (command_of(producer).command_id, command_of(producer).base_version) == ("mine-1", 7)


async def test_those_without_an_id_get_one_each() -> None:
    ids = {(await post({"edits": [ADD]})).json()["command_id"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "'edits' is missing"),
        ({"edits": []}, "'edits' has too few entries: at least 1"),
        ({"edits": [ADD] * 65}, "'edits' is too long: at most 64 entries"),
        ({"edits": ADD}, "'edits' must be a list"),
        ([ADD], "must be a JSON object"),
        ({"edits": ["jazz"]}, "'edits.0' must be a JSON object"),
        ({"edits": [{"op": "love", "text": "jazz"}]}, "'edits.0' needs 'op' to be one of 'add', 'rewrite', "),
        ({"edits": [{"text": "jazz"}]}, "'edits.0' needs 'op'."),
        ({"edits": [ADD, {"op": "add"}]}, "'edits.1.add.text' is missing"),
        ({"edits": [ADD | {"text": "x" * 81}]}, "'edits.0.add.text' is too long: at most 80 characters"),
        ({"edits": [ADD | {"text": ""}]}, "'edits.0.add.text' must not be empty"),
        ({"edits": [ADD | {"text": " "}]}, "'edits.0.add.text' must not be blank or hold control characters"),
        ({"edits": [ADD | {"text": "ja\x1bzz"}]}, "'edits.0.add.text' must not be blank or hold control characters"),
        ({"edits": [ADD | {"weight": 1.5}]}, "'edits.0.add.weight' input should be less than or equal to 1"),
        ({"edits": [{"op": "remove", "interest": "jazz"}]}, "'edits.0.remove.interest' must be the id of an interest"),
        ({"edits": [ADD], "command_id": "c" * 129}, "'command_id' is too long: at most 128 characters"),
        ({"edits": [ADD], "base_version": -1}, "'base_version' input should be greater than or equal to 0"),
    ],
)
async def test_what_is_none_is_a_problem_that_says_what_to_mend(
    body: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    producer = FakeProducer()
    with caplog.at_level(logging.DEBUG, logger="infra"):
        answer = await post(body, producer=producer)
    assert (answer.status_code, producer.sent) == (422, [])
    assert answer.headers["content-type"] == "application/problem+json"
    detail = answer.json()["detail"]
    assert said in detail
    assert ";" not in detail  # one thing is wrong, and one is named
    assert "love" not in answer.text
    assert caplog.text == ""


async def test_a_user_id_has_limits() -> None:
    answer = await post({"edits": [ADD]}, user="u" * 129)
    assert (answer.status_code, answer.json()["detail"]) == (422, "'user' is too long: at most 128 characters")


async def test_a_body_that_is_no_json_is_refused() -> None:
    producer = FakeProducer()
    async with gateway(producer=producer) as client:
        form = await client.post("/v1/users/anna/edits", content="add=jazz")
        broken = await client.post("/v1/users/anna/edits", content="{", headers={"Content-Type": "application/json"})
        nothing = await client.post("/v1/users/anna/edits", headers={"Content-Type": "application/json"})
    assert (form.status_code, broken.status_code, nothing.status_code, producer.sent) == (415, 400, 400, [])


@pytest.mark.parametrize(("error", "status"), [(BrokerUnavailable("no"), 503), (Overloaded("full"), 429)])
async def test_what_the_broker_does_not_take_was_not_accepted(error: AttuneError, status: int) -> None:
    answer = await post({"edits": [ADD]}, producer=FakeProducer(failing=error))
    assert (answer.status_code, "retry-after" in answer.headers) == (status, True)


async def test_the_description_says_what_an_edit_looks_like() -> None:
    async with gateway() as client:
        description = (await client.get("/openapi.json")).json()
    body = description["paths"]["/v1/users/{user}/edits"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/EditsBody"}
    assert {"AddInterest", "AvoidText", "EditsBody"} <= set(description["components"]["schemas"])


class TestReading:
    """POST /v1/users/{u}/edits/read: what a wish means, before anything is done."""

    async def post(self, text: Any, user: str = "anna", **given: Any) -> httpx.Response:
        store = FakeStore({"anna": state_of(7, [held("politics", 0.6), held("chess", 0.2, 1)])})
        async with gateway(**({"store": store} | given)) as client:
            return await client.post(f"/v1/users/{user}/edits/read", json={"text": text})

    async def test_says_what_was_understood_and_changes_nothing(self) -> None:
        producer = FakeProducer()
        answer = await self.post("less politics, more jazz, wobble", producer=producer)
        told = answer.json()
        assert (answer.status_code, told["base_version"], producer.sent) == (200, 7, [])
        assert [one["edit"]["op"] for one in told["edits"]][:2] == ["reweight", "add"]
        assert told["edits"][0]["edit"]["interest"] == f"{0:012x}"
        assert all(one["sentence"].endswith(".") for one in told["edits"])

    async def test_what_was_read_can_be_sent(self) -> None:
        edits = [one["edit"] for one in (await self.post("less politics, more jazz")).json()["edits"]]
        producer = FakeProducer()
        assert (await post({"edits": edits}, producer=producer)).status_code == 202
        assert len(command_of(producer).edits) == 2

    async def test_somebody_nobody_has_heard_of_may_begin_so(self) -> None:
        told = (await self.post("more jazz", user="nobody")).json()
        assert (told["base_version"], [one["edit"]["text"] for one in told["edits"]]) == (0, ["jazz"])

    async def test_what_cannot_be_read_is_handed_back(self) -> None:
        told = (await self.post("xyzzy")).json()
        assert (told["edits"], told["unread"]) == ([], ["xyzzy"])

    async def test_control_characters_are_read_as_blanks(self) -> None:
        told = (await self.post("more\x7fjazz\nno\x00acid\x1bhouse")).json()
        assert [one["edit"]["text"] for one in told["edits"]] == ["jazz", "acid house"]

    async def test_no_more_than_one_request_may_hold(self) -> None:
        many = [held(f"topic {n}", 0.5, n) for n in range(24)]
        store = FakeStore({"anna": state_of(7, many)})
        told = (await self.post("less topic, more topic, pin topic", store=store)).json()
        assert len(told["edits"]) == 48
        assert told["unread"] == ["pin topic"]
        edits = [one["edit"] for one in told["edits"]]
        assert (await post({"edits": edits})).status_code == 202

    @pytest.mark.parametrize("text", ["", " ", "x" * 1_001, 7, None])
    async def test_a_wish_has_limits(self, text: Any) -> None:
        answer = await self.post(text)
        assert answer.status_code == 422
        assert "'text'" in answer.json()["detail"]
