"""The client against the gateway's own application, and against a gateway that is busy, gone or no gateway."""

import ast
import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

import attune_client
from attune_client import AttuneClient, AttuneClientError, GatewayUnreachable
from infra.gateway.app import create_app
from schemas.api import Found
from schemas.command import PROFILE_COMMAND, AddInterest, AvoidText, EditCommand
from tests.infra.gateway_fakes import FakeProducer, FakeSearch, FakeStore, click, held, no_problems, ports, state_of

Answer = Callable[[httpx.Request], httpx.Response]

ADD_JAZZ, AVOID_BOXING = AddInterest(text="jazz"), AvoidText(text="boxing")


class Blocking(httpx.BaseTransport):
    """The application without a socket, for a client that blocks."""

    def __init__(self, transport: httpx.ASGITransport) -> None:
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run(self._handle(request))

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        whole = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        response = await self._transport.handle_async_request(whole)
        return httpx.Response(response.status_code, headers=response.headers, content=await response.aread())


class Time:
    """A clock that only sleeping moves on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def to_gateway(**given: object) -> AttuneClient:
    return AttuneClient("http://gateway", transport=Blocking(httpx.ASGITransport(create_app(ports(**given)))))


def to_answers(*answers: httpx.Response | Exception) -> tuple[AttuneClient, Time, list[httpx.Request]]:
    """A client that gets these answers one after the other, the last one for ever."""
    asked: list[httpx.Request] = []
    time = Time()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        one = answers[min(len(asked), len(answers)) - 1]
        if isinstance(one, Exception):
            raise one
        return one

    transport = httpx.MockTransport(answer)
    client = AttuneClient("http://gateway/", transport=transport, sleep=time.sleep, clock=lambda: time.now)
    return client, time, asked


def busy(status: int, after: str | None = None) -> httpx.Response:
    headers = {} if after is None else {"Retry-After": after}
    return httpx.Response(status, headers=headers, json={"title": "Busy", "status": status, "detail": "Come again."})


def taken() -> httpx.Response:
    return httpx.Response(202, json={"accepted": 1, "rejected": [], "added": "by a newer gateway"})


class TestWithTheGateway:
    def test_interactions_are_sent_and_the_refused_named(self) -> None:
        producer = FakeProducer()
        with to_gateway(producer=producer) as client:
            answer = client.send_interactions([click(), click(event_id="e-2", signal="?")])
        assert answer["accepted"] == len(producer.sent) == 1
        (refused,) = answer["rejected"]
        assert (refused["index"], refused["event_id"]) == (1, "e-2")
        assert "'signal' must be" in refused["reason"]

    def test_when_all_are_refused_it_is_a_result_too(self) -> None:
        with to_gateway() as client:
            answer = client.send_interactions([click(signal="?")])
        assert (answer["accepted"], len(answer["rejected"])) == (0, 1)

    def test_items_are_sent(self) -> None:
        producer = FakeProducer()
        with to_gateway(producer=producer) as client:
            answer = client.send_items("news", [{"item": "n-1", "title": "One"}, {"item": "n-2"}])
        assert (answer["accepted"], answer["rejected"][0]["item"]) == (1, "n-2")
        assert producer.sent[0].key == b"news:n-1"

    def test_a_profile_is_read(self) -> None:
        state = state_of(7, [held("jazz", 0.6, pinned=True)], [held("crime", 0.1, 1)])
        with to_gateway(store=FakeStore({"a/ü": state})) as client:
            profile = client.profile("a/ü")
        assert (profile["user"], profile["version"], profile["space"]) == ("a/ü", 7, "space-1")
        assert profile["updated"] == "2026-09-21T14:13:20Z"
        assert [(one["text"], one["weight"], one["pinned"]) for one in profile["interests"]] == [("jazz", 0.6, True)]
        assert [one["text"] for one in profile["avoid"]] == ["crime"]

    def test_recommendations_are_read(self) -> None:
        search = FakeSearch({"news": [Found(item="n-1", title="One", score=0.5, interest=0)]}, {"news": 7})
        store = FakeStore({"anna": state_of(7, [held("jazz", 0.6)])})
        with to_gateway(store=store, search=search) as client:
            answer = client.recommendations("anna", provider="news", k=3, threshold=0.1, scoring="linear")
        assert answer["version"] == 7
        (one,) = answer["items"]
        assert (one["provider"], one["item"], one["interest"], one["seen"]) == ("news", "n-1", "jazz", False)
        body = search.asked[0][1]
        assert (body.k, body.threshold, body.scoring) == (3, 0.1, "linear")

    def test_edits_are_sent_and_give_the_commands_id(self) -> None:
        producer = FakeProducer()
        edits = [{"op": "add", "text": "jazz"}, {"op": "avoid", "text": "boxing"}]
        with to_gateway(producer=producer) as client:
            answer = client.edit("a/ü", edits, base_version=3)
            given = client.edit("anna", edits, command_id="mine-1")
        first, second = (PROFILE_COMMAND.validate_json(one.value or b"") for one in producer.sent)
        assert isinstance(first, EditCommand)
        assert (first.user, first.base_version, first.edits) == ("a/ü", 3, (ADD_JAZZ, AVOID_BOXING))
        assert answer == {"command_id": first.command_id}
        assert (given, second.command_id) == ({"command_id": "mine-1"}, "mine-1")

    def test_edits_that_are_none_are_refused_with_what_to_mend(self) -> None:
        with to_gateway() as client, pytest.raises(AttuneClientError) as caught:
            client.edit("anna", [])
        assert caught.value.status == 422
        assert "'edits' has too few entries" in caught.value.detail

    def test_a_refresh_gives_the_commands_id(self) -> None:
        producer = FakeProducer()
        with to_gateway(producer=producer) as client:
            command = client.refresh("anna")["command_id"]
        assert command.encode() in (producer.sent[0].value or b"")

    def test_a_refresh_can_be_of_the_texts(self) -> None:
        producer = FakeProducer()
        with to_gateway(producer=producer) as client:
            client.refresh("anna", "texts")
        assert b'"what":"texts"' in (producer.sent[0].value or b"")

    def test_status_and_readiness_are_read(self) -> None:
        async def broken() -> list[str]:
            return ["no store"]

        with to_gateway(problems=broken) as client:
            assert client.ready() == ("no store",)
            status = client.status()
        assert status == {"stages": {"agents": {"lag": 3}}, "providers": {"news": 160}, "space": "space-1"}
        with to_gateway(problems=no_problems) as client:
            assert client.ready() == ()

    def test_a_refusal_carries_what_to_do(self) -> None:
        with to_gateway() as client, pytest.raises(AttuneClientError) as caught:
            client.profile("nobody")
        assert (caught.value.status, caught.value.title) == (404, "Unknown user")
        assert "POST an interaction" in caught.value.detail


class TestTryingAgain:
    @pytest.mark.parametrize("status", [429, 503])
    def test_waits_as_long_as_the_gateway_asks(self, status: int) -> None:
        client, time, asked = to_answers(busy(status, "3"), busy(status, "1"), taken())
        assert client.send_interactions([click()], retry=True)["accepted"] == 1
        assert time.slept == [3.0, 1.0]
        assert len({request.content for request in asked}) == 1

    def test_edits_sent_again_are_the_same_command(self) -> None:
        accepted = httpx.Response(202, json={"command_id": "c1"})
        client, _, asked = to_answers(busy(503, "1"), httpx.ReadTimeout("slow"), accepted)
        assert client.edit("anna", [{"op": "add", "text": "jazz"}], retry=True) == {"command_id": "c1"}
        assert len(asked) == 3
        assert len({json.loads(request.content)["command_id"] for request in asked}) == 1

    def test_waits_longer_each_time_where_nobody_answers(self) -> None:
        gone = httpx.ConnectError("refused")
        client, time, _ = to_answers(*[gone] * 7, taken())
        assert client.send_interactions([click()], retry=True)["accepted"] == 1
        assert len(time.slept) == 7
        bounds = (0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0)
        assert all(top / 2 <= pause <= top for pause, top in zip(time.slept, bounds, strict=True))

    def test_gives_up_before_the_deadline(self) -> None:
        client, time, _ = to_answers(httpx.ConnectError("refused"))
        with pytest.raises(GatewayUnreachable):
            client.send_items("news", [], retry=True, deadline=5.0)
        assert 3.0 <= time.now < 5.0

    def test_does_not_begin_a_wait_that_is_longer_than_the_deadline(self) -> None:
        client, time, asked = to_answers(busy(503, "60"))
        with pytest.raises(AttuneClientError, match=r"Come again\."):
            client.send_interactions([click()], retry=True, deadline=30.0)
        assert (time.slept, len(asked)) == ([], 1)

    def test_only_when_asked_to(self) -> None:
        client, time, asked = to_answers(busy(503, "1"), taken())
        with pytest.raises(AttuneClientError):
            client.send_interactions([click()])
        assert (time.slept, len(asked)) == ([], 1)

    @pytest.mark.parametrize("status", [400, 404, 413, 422, 500])
    def test_never_what_would_fail_again(self, status: int) -> None:
        client, _, asked = to_answers(busy(status))
        with pytest.raises(AttuneClientError):
            client.profile("anna", retry=True)
        assert len(asked) == 1


class TestAddress:
    def test_nobody_there_names_the_cure(self) -> None:
        with AttuneClient("http://127.0.0.1:1") as client, pytest.raises(GatewayUnreachable) as caught:
            client.status()
        assert "http://127.0.0.1:1 does not answer" in str(caught.value)
        assert "Start `attune up`, or set ATTUNE_GATEWAY_URL" in caught.value.detail

    @pytest.mark.parametrize("url", ["no url", "http://a:b", "ftp://x"])
    def test_an_address_that_is_none_names_the_cure(self, url: str) -> None:
        with AttuneClient(url) as client, pytest.raises(GatewayUnreachable, match="ATTUNE_GATEWAY_URL"):
            client.ready()

    @pytest.mark.parametrize("answer", [httpx.Response(200, text="<html>"), httpx.Response(502, text="Bad gateway")])
    def test_something_else_answering_is_said(self, answer: httpx.Response) -> None:
        client, _, _ = to_answers(answer)
        with pytest.raises(AttuneClientError, match="not an Attune gateway"):
            client.status()

    def test_comes_from_the_environment_unless_given(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ATTUNE_GATEWAY_URL", "http://elsewhere:81/")
        with AttuneClient() as client, AttuneClient("http://given") as given:
            assert (client.url, given.url) == ("http://elsewhere:81", "http://given")
        monkeypatch.delenv("ATTUNE_GATEWAY_URL")
        with AttuneClient() as client:
            assert client.url == "http://127.0.0.1:8080"


def test_it_needs_httpx_and_nothing_else() -> None:
    folder = Path(attune_client.__file__).parent
    allowed = {*sys.stdlib_module_names, "attune_client", "httpx"}
    assert {name for file in folder.glob("*.py") for name in _imports(file)} <= allowed
    assert (folder / "py.typed").exists()


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]
