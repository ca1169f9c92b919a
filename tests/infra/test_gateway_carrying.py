"""A profile as a document, out and in; and erasing a person."""

from base64 import b64encode
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest

from infra.gateway.app import create_app
from infra.gateway.endpoints.erasures import create_router
from schemas.command import PROFILE_COMMAND, ForgetCommand, ImportCommand
from schemas.document import ProfileDocument
from schemas.receipt import ErasureStatus
from tests.infra.gateway_fakes import (
    SPACE,
    FakeErasures,
    FakeProducer,
    FakeStore,
    gateway,
    held,
    ports,
    speak_to,
    state_of,
)
from workers.errors import BrokerUnavailable


def vector(*values: float) -> str:
    return b64encode(np.array(values, "<f2").tobytes()).decode()


UNIT = vector(1, 0, 0, 0)
ONE = {"text": "jazz", "weight": 0.5, "vector": UNIT}
DOCUMENT: dict[str, Any] = {
    "format": "attune-profile",
    "format_version": 1,
    "exported": "2026-09-21T12:00:00Z",
    "version": 3,
    "space": SPACE,
    "interests": [ONE],
    "avoid": [{"text": "boxing", "weight": -1.0, "own": True}],
    "removed": ["golf"],
    "keep_away": 0.25,
}


class TestExport:
    async def test_is_the_profile_with_its_vectors_and_without_the_person(self) -> None:
        state = state_of(7, [held("jazz", 0.6, 0, pinned=True)], [held("crime", -1.0, 2)], met=["news:1"])
        async with gateway(store=FakeStore({"anna": state})) as client:
            answer = await client.get("/v1/users/anna/export")
        document = ProfileDocument.model_validate_json(answer.content)
        assert (answer.status_code, document.version, document.space) == (200, 7, SPACE)
        assert [(one.text, one.weight, one.pinned) for one in document.interests] == [("jazz", 0.6, True)]
        assert document.interests[0].vector == state.interests[0].vector
        assert [one.text for one in document.avoid] == ["crime"]
        assert document.exported.isoformat() == "2026-09-21T14:13:20+00:00"
        assert "anna" not in answer.text + str(answer.headers)
        assert "news:1" not in answer.text
        assert answer.headers["content-disposition"] == 'attachment; filename="attune-profile.json"'

    async def test_of_an_unknown_user_there_is_none(self) -> None:
        async with gateway() as client:
            answer = await client.get("/v1/users/nobody/export")
        assert (answer.status_code, answer.json()["title"]) == (404, "Unknown user")


class TestImport:
    async def post(self, body: Any, query: str = "", **given: Any) -> httpx.Response:
        async with gateway(**given) as client:
            return await client.post(f"/v1/users/{quote('a/ü', safe='')}/import{query}", json=body)

    def command_of(self, producer: FakeProducer) -> ImportCommand:
        (message,) = producer.sent
        command = PROFILE_COMMAND.validate_json(message.value or b"")
        assert isinstance(command, ImportCommand)
        assert (message.topic, message.key) == ("attune.commands", "a/ü".encode())
        return command

    async def test_becomes_a_command_of_somebody_who_may_be_new(self) -> None:
        producer = FakeProducer()
        answer = await self.post(DOCUMENT, producer=producer)
        command = self.command_of(producer)
        assert (answer.status_code, answer.json()) == (202, {"command_id": command.command_id})
        assert (command.space, command.removed, command.keep_away) == (SPACE, ("golf",), 0.25)
        assert [one.text for one in command.interests + command.avoid] == ["jazz", "boxing"]
        assert command.interests[0].vector == np.array([1, 0, 0, 0], "<f2").tobytes()

    async def test_who_sends_the_same_again_may_say_so(self) -> None:
        producer = FakeProducer()
        answer = await self.post(DOCUMENT, "?command_id=mine-1", producer=producer)
        assert answer.json() == {"command_id": "mine-1"}
        assert self.command_of(producer).command_id == "mine-1"

    async def test_what_was_exported_can_be_imported(self) -> None:
        producer = FakeProducer()
        state = state_of(7, [held("jazz", 0.6), held("chess", 0.2, 1)], [held("crime", -1.0, 2)])
        async with gateway(store=FakeStore({"anna": state}), producer=producer) as client:
            document = (await client.get("/v1/users/anna/export")).json()
            assert (await client.post("/v1/users/bob/import", json=document)).status_code == 202
        command = PROFILE_COMMAND.validate_json(producer.sent[0].value or b"")
        assert isinstance(command, ImportCommand)
        assert [(one.text, one.vector) for one in command.interests] == [
            (one.text, one.vector) for one in state.interests
        ]

    async def test_of_another_space_the_vectors_may_have_any_length(self) -> None:
        body = DOCUMENT | {"space": "other-1", "interests": [ONE | {"vector": vector(0.5, 0.5)}]}
        assert (await self.post(body)).status_code == 202

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"format": "other"}, "'format' must be 'attune-profile'"),
            ({"format_version": 2}, "'format_version' must be 1"),
            ({"interests": [ONE] * 25}, "'interests' is too long: at most 24 entries"),
            ({"interests": [{"text": "jazz"}]}, "'interests.0.weight' is missing"),
            ({"interests": [ONE | {"vector": vector(1, 0)}]}, "'interests.0.vector' must be of length 1 and have 4"),
            ({"avoid": [ONE | {"text": "x", "vector": vector(2, 0, 0, 0)}]}, "'avoid.0.vector' must be of length 1"),
            ({"interests": [ONE | {"vector": vector(0, 0, 0, 0)}]}, "'interests.0.vector' must be of length 1"),
            ({"removed": ["Jazz"]}, "it names a text twice"),
            ({"avoid": [ONE]}, "it names a text twice"),
        ],
    )
    async def test_what_is_no_document_is_a_problem_that_says_what_to_mend(
        self, change: dict[str, Any], said: str
    ) -> None:
        producer = FakeProducer()
        answer = await self.post(DOCUMENT | change, producer=producer)
        assert (answer.status_code, producer.sent) == (422, [])
        assert said in answer.json()["detail"]

    async def test_what_the_broker_does_not_take_was_not_accepted(self) -> None:
        answer = await self.post(DOCUMENT, producer=FakeProducer(failing=BrokerUnavailable("no")))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


class TestErasing:
    async def delete(self, user: str = "anna", query: str = "", **given: Any) -> httpx.Response:
        async with gateway(**given) as client:
            return await client.delete(f"/v1/users/{quote(user, safe='')}{query}")

    @pytest.mark.parametrize("user", ["anna", "a/b", "nobody ü", "anna/profile"])
    async def test_becomes_a_command_whose_id_is_the_erasures(self, user: str) -> None:
        """Also of somebody who is not known: what is on its way to their profile is to be erased too."""
        producer = FakeProducer()
        answer = await self.delete(user, producer=producer)
        (message,) = producer.sent
        command = PROFILE_COMMAND.validate_json(message.value or b"")
        assert isinstance(command, ForgetCommand)
        assert (message.topic, message.key, command.user) == ("attune.commands", user.encode(), user)
        erasure = command.command_id
        assert (answer.status_code, answer.json()) == (202, {"erasure": erasure, "status": f"/v1/erasures/{erasure}"})

    async def test_who_sends_the_same_again_may_say_so(self) -> None:
        answer = await self.delete(query="?command_id=mine%2F1")
        assert answer.json() == {"erasure": "mine/1", "status": "/v1/erasures/mine%2F1"}

    async def test_each_has_an_id_of_its_own(self) -> None:
        assert len({(await self.delete()).json()["erasure"] for _ in range(3)}) == 3

    async def test_a_user_id_has_limits(self) -> None:
        answer = await self.delete("u" * 129)
        assert (answer.status_code, answer.json()["detail"]) == (422, "'user' is too long: at most 128 characters")

    async def test_what_the_broker_does_not_take_was_not_accepted(self) -> None:
        answer = await self.delete(producer=FakeProducer(failing=BrokerUnavailable("no")))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


class TestHowFarItIs:
    async def ask(self, path: str, erasures: FakeErasures) -> httpx.Response:
        app = create_app(ports())
        app.include_router(create_router(erasures))
        async with speak_to(app) as client:
            return await client.get(f"/v1/erasures/{path}")

    async def test_names_who_has_confirmed_and_who_has_not(self) -> None:
        status = ErasureStatus(erasure="a/b", state="pending", confirmed=("news",), missing=("music",))
        answer = await self.ask("a%2Fb", FakeErasures({"a/b": status}))
        assert answer.status_code == 200
        assert ErasureStatus.model_validate_json(answer.content) == status

    async def test_of_what_nobody_has_heard_nothing_is_known(self) -> None:
        assert (await self.ask("e1", FakeErasures())).json()["state"] == "unknown"

    async def test_the_key_is_there_for_everybody(self) -> None:
        assert (await self.ask("key", FakeErasures())).json() == {
            "algorithm": "Ed25519",
            "public_key": bytes(range(32)).hex(),
        }

    async def test_without_a_broker_it_cannot_be_told(self) -> None:
        answer = await self.ask("e1", FakeErasures(failing=BrokerUnavailable("no")))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
