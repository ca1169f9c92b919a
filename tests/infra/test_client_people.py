"""What a person may ask the client for, against the gateway itself; and that what is sent again counts once."""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest

from attune_client import AttuneClient, AttuneClientError
from schemas import person
from schemas.command import PROFILE_COMMAND
from schemas.dead_letter import Reason
from schemas.document import ProfileDocument
from schemas.receipt import ErasureStatus
from tests.infra.gateway_fakes import SPACE, FakeProducer, FakeStore, held, item, state_of
from tests.infra.test_client import busy, to_answers, to_gateway
from tests.infra.test_gateway_versions import with_versions
from tests.schemas.bodies import BODIES
from workers.outcomes import refuse

USER = "a/ü"
VECTOR = b64encode(np.array([1, 0, 0, 0], "<f2").tobytes()).decode()


def command_of(producer: FakeProducer) -> Any:
    (message,) = producer.sent
    assert message.key == USER.encode()
    return PROFILE_COMMAND.validate_json(message.value or b"")


class TestWithTheGateway:
    def test_a_wish_is_read(self) -> None:
        with to_gateway(store=FakeStore({USER: state_of(7, [held("politics", 0.6)])})) as client:
            answer = client.read_wish(USER, "less politics, xyzzy plugh")
        assert answer["base_version"] == 7
        assert answer["edits"][0]["edit"]["op"] == "reweight"
        assert "politics" in answer["edits"][0]["sentence"]

    def test_versions_are_read_and_one_gone_back_to(self) -> None:
        producer = FakeProducer()
        with to_gateway(store=FakeStore({USER: with_versions(3)}), producer=producer) as client:
            answer = client.versions(USER)
            accepted = client.rollback(USER, 2, command_id="mine-1")
            with pytest.raises(AttuneClientError) as caught:
                client.rollback(USER, 9)
        assert (answer["current"], [one["version"] for one in answer["versions"]]) == (3, [3, 2, 1])
        assert answer["versions"][0]["differences"][0]["what"] == "reweighted"
        command = command_of(producer)
        assert (accepted, command.command_id, command.version) == ({"command_id": "mine-1"}, "mine-1", 2)
        assert (caught.value.status, caught.value.title) == (404, "Unknown version")

    def test_what_became_of_a_command_is_read(self) -> None:
        state = with_versions(3)
        refuse(state, "c/1", Reason.REFUSED, "remove one first")
        with to_gateway(store=FakeStore({USER: state})) as client:
            told = client.outcome(USER, "c/1")
            unread = client.outcome(USER, "c2")
        assert (told["state"], told["why"], told["version"]) == ("refused", "remove one first", 3)
        assert unread["state"] == "pending"

    def test_reasons_are_read(self) -> None:
        store = FakeStore(
            {USER: state_of(7, [held("jazz", 0.6)])}, items={"news:n/1": item("news", "n/1", (1, 0, 0, 0))}
        )
        with to_gateway(store=store) as client:
            why = client.why(USER, f"{0:012x}")
            explanation = client.explanation(USER, "news", "n/1")
        assert (why["text"], why["evidence"], why["reward_with"]) == ("jazz", [], None)
        assert (explanation["item"], explanation["contributions"][0]["share"]) == ("n/1", 1.0)

    def test_a_document_goes_out_and_comes_in(self) -> None:
        producer = FakeProducer()
        with to_gateway(store=FakeStore({"anna": state_of(7, [held("jazz", 0.6)])}), producer=producer) as client:
            document = client.export("anna")
            accepted = client.import_profile(USER, document)
        assert (document["format"], document["space"]) == ("attune-profile", SPACE)
        assert document["interests"][0]["vector"] == VECTOR
        command = command_of(producer)
        assert (command.kind, accepted["command_id"]) == ("import", command.command_id)
        assert [one.text for one in command.interests] == ["jazz"]

    def test_a_person_is_erased(self) -> None:
        producer = FakeProducer()
        with to_gateway(producer=producer) as client:
            accepted = client.forget(USER)
        command = command_of(producer)
        assert (command.kind, command.command_id) == ("forget", accepted["erasure"])
        assert accepted["status"] == f"/v1/erasures/{accepted['erasure']}"


Ask = Callable[[AttuneClient], Any]


class TestWithAnswers:
    def test_a_history_goes_as_it_came(self) -> None:
        client, _, asked = to_answers(httpx.Response(200, json=BODIES[person.HistoryTaken]))
        assert client.send_history(USER, b"PK\x03\x04", "netflix")["interactions"] == 5
        (request,) = asked
        assert (request.method, request.url.path, request.content) == (
            "POST",
            f"/v1/users/{USER}/history",
            b"PK\x03\x04",
        )
        assert request.url.raw_path.startswith(b"/v1/users/a%2F%C3%BC/history?platform=netflix")
        assert request.headers["content-type"] == "application/octet-stream"

    def test_an_erasure_is_followed(self) -> None:
        client, _, asked = to_answers(httpx.Response(200, json={"erasure": "e/1", "state": "pending"}))
        assert client.erasure("e/1")["state"] == "pending"
        client.erasure_key()
        assert [one.url.raw_path for one in asked] == [b"/v1/erasures/e%2F1", b"/v1/erasures/key"]

    @pytest.mark.parametrize(
        ("ask", "where"),
        [
            pytest.param(lambda client: client.rollback(USER, 2, retry=True), "body", id="rollback"),
            pytest.param(lambda client: client.import_profile(USER, {}, retry=True), "query", id="import"),
            pytest.param(lambda client: client.forget(USER, retry=True), "query", id="forget"),
        ],
    )
    def test_what_is_sent_again_is_the_same_command(self, ask: Ask, where: str) -> None:
        client, _, asked = to_answers(busy(503, "1"), httpx.ReadTimeout("slow"), httpx.Response(202, json={}))
        ask(client)
        ids = [
            json.loads(one.content)["command_id"] if where == "body" else one.url.params["command_id"] for one in asked
        ]
        assert (len(ids), len(set(ids))) == (3, 1)
        assert len(ids[0]) == 32

    @pytest.mark.parametrize(
        "ask",
        [
            pytest.param(lambda client: client.versions(USER, retry=True), id="versions"),
            pytest.param(lambda client: client.outcome(USER, "c1", retry=True), id="outcome"),
            pytest.param(lambda client: client.why(USER, "0" * 12, retry=True), id="why"),
            pytest.param(lambda client: client.explanation(USER, "news", "1", retry=True), id="explanation"),
            pytest.param(lambda client: client.export(USER, retry=True), id="export"),
            pytest.param(lambda client: client.read_wish(USER, "more jazz", retry=True), id="read_wish"),
            pytest.param(lambda client: client.send_history(USER, b"", retry=True), id="history"),
            pytest.param(lambda client: client.erasure("e", retry=True), id="erasure"),
            pytest.param(lambda client: client.erasure_key(retry=True), id="erasure_key"),
        ],
    )
    def test_it_waits_out_an_outage_where_it_is_asked_to(self, ask: Ask) -> None:
        client, time, asked = to_answers(busy(503, "3"), httpx.Response(200, json={}))
        ask(client)
        assert (time.slept, len(asked)) == ([3.0], 2)


TYPED = [
    person.ReadWish,
    person.ReadEdit,
    person.Difference,
    person.VersionedInterest,
    person.Version,
    person.Versions,
    person.CommandAccepted,
    person.CommandOutcome,
    person.Behind,
    person.Made,
    person.InterestWhy,
    person.Contribution,
    person.Explanation,
    person.RefusedRow,
    person.HistoryTaken,
    person.ErasureAccepted,
    person.ErasureKey,
    ErasureStatus,
    ProfileDocument,
]


@pytest.mark.parametrize("model", TYPED, ids=lambda model: model.__name__)
def test_its_types_have_the_fields_of_the_contracts(model: Any) -> None:
    import attune_client

    assert set(getattr(attune_client, model.__name__).__annotations__) == set(model.model_fields)
