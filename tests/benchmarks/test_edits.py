"""`attune bench edits` against a service that answers from memory: what counts as shown, and what is refused. How fast
the real one is, is the benchmark's to say."""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from benchmarks.editing import AT_ONCE, KINDS, Desk, texts
from benchmarks.edits import Plan, measure
from benchmarks.over_http import fill, post, refuse_letters, send_at
from benchmarks.service import Incomplete
from benchmarks.travel import TURNS
from workers.errors import ConfigurationError

TITLES = ("Boom Bap Bakery", "Red Planets", "Slow Stew")


@dataclass
class Person:
    version: int = 1
    interests: list[str] = field(default_factory=list)
    avoid: list[str] = field(default_factory=list)
    coming: list[dict[str, Any]] = field(default_factory=list)
    looks: int = 0

    def take(self) -> None:
        for edit in self.coming:
            text = edit.get("text") or edit["interest"]
            if edit["op"] == "remove":
                (self.interests if text in self.interests else self.avoid).remove(text)
            else:
                (self.interests if edit["op"] == "add" else self.avoid).append(text)
        self.coming = []

    def shown(self) -> dict[str, Any]:
        interest = self.interests[-1] if self.interests else "cooking"
        items = [
            {"provider": "p", "item": title, "title": title, "category": "x", "interest": interest} for title in TITLES
        ]
        return {"version": self.version, "items": [item for item in items if f"x: {item['title']}" not in self.avoid]}


@dataclass
class Service:
    """An edit is taken at the `takes`-th look at the recommendations, and a version says so at the `says`-th."""

    takes: int = 2
    says: int = 2
    letters: int = 0
    rejects: bool = False
    people: dict[str, Person] = field(default_factory=dict)
    events: int = 0
    looked: list[int] = field(default_factory=list)
    """At each edit, how many looks the one before it took."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.split("/")[1:]
        if path[0] == "metrics":
            return httpx.Response(200, text=f'attune_dead_letters_total{{reason="x"}} {self.letters}\n')
        if path[1] == "status":
            return httpx.Response(200, json={"stages": {"agents": {"lag": 0}}})
        if path[1] == "users":
            return self._person(self.people.setdefault(path[2], Person()), path[3], request)
        body = json.loads(request.content)
        self.events += len(body.get("interactions", ()))
        return httpx.Response(202, json={"rejected": [{"index": 0}] if self.rejects else []})

    def _person(self, person: Person, what: str, request: httpx.Request) -> httpx.Response:
        if what == "edits":
            self.looked.append(person.looks)
            person.coming, person.looks = json.loads(request.content)["edits"], 0
            return httpx.Response(202, json={"command_id": "1"})
        if what == "profile":
            told = [{"id": text, "text": text} for text in person.interests]
            return httpx.Response(200, json={"interests": told, "avoid": [{"id": t, "text": t} for t in person.avoid]})
        person.looks += 1
        if person.looks == self.takes:
            person.take()
        if person.looks == self.says:
            person.version += 1
        return httpx.Response(200, json=person.shown())

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url="http://attune", transport=httpx.MockTransport(self))


def plan(**changes: Any) -> Plan:
    return Plan(**{"rate": 200.0, "seconds": 0.2, "pace": 80.0, "editors": 4, "others": 20, **changes})


async def test_every_kind_is_measured_quiet_and_busy_and_everything_sent_is_counted() -> None:
    service = Service()
    async with service.client() as client:
        await fill(client)
        result = await measure(client, plan(), lambda _: None)
    past = service.events - result["events"]
    assert past > 0
    assert result["events"] == TURNS * plan().events
    for part in ("quiet", "busy"):
        assert result[part]["samples"] == TURNS * plan().edits
        assert {result[part][kind]["samples"] for kind in KINDS} == {TURNS * AT_ONCE}
    assert result["within_limit"] is (result["busy"]["p99_ms"] < 1000)
    assert set(result["ratio"]) == {"p50", "p90", "p99"}


@pytest.mark.parametrize(("takes", "says"), [(4, 2), (2, 4)])
async def test_an_edit_shows_in_an_answer_of_a_newer_version_that_has_it(takes: int, says: int) -> None:
    service = Service(takes, says)
    async with service.client() as client:
        taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
        await Desk(client, list("abcd"), texts()).edit(AT_ONCE * len(KINDS), 500.0, taken)
    # From the second edit of each on: the looks after the one before, and the look from which the next one starts.
    assert set(service.looked[AT_ONCE:]) == {4 + 1}


async def test_an_edit_that_never_shows_is_told() -> None:
    async with Service(takes=10_000).client() as client:
        with pytest.raises(Incomplete, match=r"\(add\) did not show"):
            await Desk(client, ["ada"], texts(), patience=0.05).edit(1, 10.0, {"add": []})


async def test_what_the_service_rejects_is_told() -> None:
    async with Service(rejects=True).client() as client:
        with pytest.raises(Incomplete, match="lower the rate"):
            await post(client, "/v1/interactions", {"interactions": []})


async def test_a_dead_letter_is_told() -> None:
    async with Service(letters=1).client() as client:
        with pytest.raises(Incomplete, match="dead-letter"):
            await refuse_letters(client)


async def test_events_go_at_their_rate() -> None:
    service = Service()
    async with service.client() as client:
        took = await send_at(client, [{"event_id": str(number)} for number in range(40)], rate=200.0)
    assert service.events == 40
    assert took >= 36 / 200


def test_nobody_has_typed_a_text_before() -> None:
    every = list(texts())
    assert len(every) == len(set(every)) == 540


@pytest.mark.parametrize("changes", [{"pace": 1.0}, {"editors": 3}, {"others": 0}, {"rate": 0.0}])
def test_what_makes_nothing_to_measure_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="who edit"):
        plan(**changes)


def test_each_turn_has_as_many_edits_of_every_kind() -> None:
    counts = [plan(seconds=seconds).edits % (AT_ONCE * len(KINDS)) for seconds in itertools.accumulate([0.2] * 5)]
    assert counts == [0] * 5
