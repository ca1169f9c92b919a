"""A profile's texts get better by themselves and on demand, while the service runs: the refiner end to end."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from infra.sample.catalog import sample_items
from schemas.proposal import RefineTrigger
from tests.day.service import Service, eventually, interaction, run_attune, send_items
from tests.patience import AT_ONCE

pytestmark = pytest.mark.timeout(180)

TOPICS = ("astronomy", "jazz", "gardening", "football", "cooking")
SETTINGS = {
    "ATTUNE_REFINE_IDLE": "0.5",
    "ATTUNE_REFINE_COOLDOWN": "0",
    "ATTUNE_REFINE_FIRST": "30",
    "ATTUNE_REFINE_AFTER": "1000",
    "ATTUNE_REFINER_SHARE": "1",
}
ON_DEMAND = {
    name: value for name, value in SETTINGS.items() if name not in {"ATTUNE_REFINE_AFTER", "ATTUNE_REFINE_FIRST"}
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("up"), env=SETTINGS) as running:
        send_items(running, [item for item in sample_items() if item["category"] in TOPICS])
        yield running


def items_of(topic: str) -> list[dict[str, Any]]:
    return [item for item in sample_items() if item["category"] == topic]


def click(service: Service, user: str, *topics: str, each: int) -> None:
    chosen = [item for topic in topics for item in items_of(topic)[:each]]
    events = [interaction(user, one["provider"], one["item"], n=n) for n, one in enumerate(chosen)]
    assert service.post("/v1/interactions", {"interactions": events}).status_code == 202
    service.settle()


def ends(service: Service, trigger: str) -> float:
    return service.metric("attune_refiner_jobs_total", trigger=trigger)


def judged(service: Service, trigger: str) -> float:
    return service.metric("attune_refinements_total", trigger=trigger)


def test_on_demand_the_texts_are_refined_at_once_and_judged_by_the_agent(service: Service) -> None:
    click(service, "ann", "astronomy", "jazz", each=10)
    before = service.profile("ann")
    result = run_attune("refresh", "ann", "--texts", env=service.env)
    assert (result.returncode, result.stderr.count("refiner")) == (0, 1), result.stderr
    start = time.monotonic()
    eventually(lambda: judged(service, "demand") == 1)
    assert time.monotonic() - start < AT_ONCE
    assert ends(service, "demand") == 1
    assert service.get("/v1/status")["stages"]["refiner"]["lag"] == 0
    assert service.metric("attune_llm_calls_total") == 0
    after = service.profile("ann")
    accepted = service.metric("attune_refinements_total", outcome="accepted", trigger="demand")
    assert (after["version"] > before["version"]) == (accepted == 1)
    assert len(service.get("/v1/users/ann/recommendations", k=10)["items"]) == 10


def test_enough_interactions_and_a_pause_bring_the_first_refinement_by_itself(service: Service) -> None:
    click(service, "bob", "gardening", "football", "cooking", each=10)
    eventually(lambda: judged(service, "bootstrap") == 1)
    assert ends(service, "bootstrap") == 1


def test_a_refresh_of_the_weights_refines_nothing(service: Service) -> None:
    click(service, "cleo", "jazz", each=5)
    before = service.metric("attune_refinement_jobs_total")
    assert run_attune("refresh", "cleo", env=service.env).returncode == 0
    service.settle()
    assert service.metric("attune_refinement_jobs_total") == before


def test_a_refresh_for_nobody_is_harmless(service: Service) -> None:
    done = ends(service, "demand")
    assert service.post("/v1/users/nobody/refresh", {"what": "texts"}).status_code == 202
    service.settle()
    eventually(lambda: ends(service, "demand") >= done)
    assert service.profile("nobody")["interests"] == []


def test_many_asked_for_at_once_are_all_done_and_a_stop_is_orderly(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Stopped in the middle, the service goes on where it was. With the settings as they come, a demand is the only
    trigger: others would have come with the tenth interaction."""
    users = [f"user-{number}" for number in range(12)]
    with Service(tmp_path_factory.mktemp("stop"), env=ON_DEMAND) as service:
        send_items(service, items_of("jazz") + items_of("football"))
        for user in users:
            click(service, user, "jazz", "football", each=8)
            service.post(f"/v1/users/{user}/refresh", {"what": "texts"})
        start = time.monotonic()
        service.process.stop()
        assert time.monotonic() - start < 15, "the deadline is 8 s from when it has heard the signal"
        assert service.process.exit_code == 0
        service.process.begin()
        eventually(lambda: service.get("/v1/status")["stages"]["refiner"]["lag"] == 0)
        service.settle()
        unasked = [trigger.value for trigger in RefineTrigger if trigger is not RefineTrigger.DEMAND]
        assert [service.metric("attune_refinement_jobs_total", trigger=trigger) for trigger in unasked] == [0] * 4
        for user in users:
            profile = service.profile(user)
            assert profile["interests"]
