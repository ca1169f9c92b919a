"""The refiner as the settings have it: phrases or an LLM, its budgets, and what happens where the LLM does not."""

import asyncio
import threading
import time
from collections.abc import Sequence
from math import inf
from typing import Any, cast

import pytest

from infra.ground import Ground
from infra.processes import free_port
from infra.refining import InTurns, budgets_of, needs_encoder, refiner_of, rules_of
from infra.settings import Settings
from schemas.proposal import Outcome
from streams.contract import Log
from streams.key_ring import KeyRing
from streams.own_thread import OwnThread
from streams.refiner import JobEnd
from tests.fakes import HashEncoder
from tests.infra.vllm.double import Step, after, answers, ignore_schema, oblige, reset, serving
from tests.patience import AT_ONCE, LONG, PATIENCE
from tests.streams.refining import eventually
from tests.streams.town import SPACES, Town, a_town
from tests.workers.mailbox import DIMENSION, SPACE
from workers.errors import ConfigurationError
from workers.ports import Matrix, Spent
from workers.space import SpaceInfo

ADDS = answers({"edits": [{"op": "add", "text": "old tea"}, {"op": "add", "text": "trumpet solos"}]}, prompt=100)


def settings_for(url: str | None = None, **settings: Any) -> Settings:
    """With the LLM server at `url`, where there is one."""
    llm: dict[str, Any] = (
        {} if url is None else {"proposer": "vllm", "llm_url": url, "llm_timeout": 20.0, "llm_concurrency": 2}
    )
    return Settings(**(llm | {"refine_iterations": 3, "stop_timeout": 4.0} | settings))


def part_of(town: Town, settings: Settings, encoder: HashEncoder | None = None) -> OwnThread:
    world = town.world
    space = SpaceInfo(SPACE, DIMENSION)
    nothing = cast(Log, None)  # a refiner reads no topic
    ground = Ground(settings, world.metrics, space, world.store, world.producer, nothing, None, cast(KeyRing, None))
    return refiner_of(ground, SPACES, encoder, share=1.0)


async def work_off(town: Town, settings: Settings, encoder: HashEncoder | None = None) -> None:
    """Runs the refiner until the job has come to an end."""
    part = part_of(town, settings, encoder)
    task = asyncio.create_task(part.run())
    await eventually(lambda: task.done() or town.world.total("attune_refiner_jobs_total") > 0, 2 * PATIENCE)
    await part.stop()
    await task


async def test_by_default_phrases_do_it_and_no_model_is_needed() -> None:
    town = await a_town()
    assert not needs_encoder(settings_for())
    await work_off(town, settings_for())
    (proposal,) = town.proposals()
    assert (proposal.proposer, proposal.outcome, proposal.cost.calls) == ("phrases", Outcome.OK, 0)
    await town.deliver()
    assert town.judged("accepted") == 1


async def test_an_llm_is_asked_with_its_key_and_paid_from_the_budgets() -> None:
    town, encoder = await a_town(), HashEncoder(DIMENSION, SPACE)
    async with serving(ADDS) as llm:
        settings = settings_for(llm.url, llm_key="sesame")
        assert needs_encoder(settings)
        await work_off(town, settings, encoder)
        assert llm.authorization == "Bearer sesame"
        assert len(llm.questions) == 3
    (proposal,) = town.proposals()
    assert (proposal.proposer, proposal.outcome, proposal.cost.calls) == ("vllm", Outcome.OK, 3)
    assert town.world.count("attune_llm_tokens_total", trigger="demand", kind="prompt") == 300
    assert town.world.count("attune_llm_calls_total", trigger="demand", outcome="ok") == 3
    assert sum([one.calls for one in await spent("tenant:default", town)]) == 3
    assert sum([one.tokens for one in await spent("all", town)]) == 3 * 120
    assert encoder.encoded == [("trumpet solos",)]
    assert "trumpet solos" in await town.world.store.read_phrases(SPACE, ["trumpet solos"])


async def spent(account: str, town: Town) -> list[Spent]:
    """Yesterday and today: midnight may be while the test runs."""
    today = int(time.time() // 86_400)
    return [await town.world.store.spent(account, day) for day in (today - 1, today)]


async def test_a_budget_of_nothing_leaves_it_to_phrases() -> None:
    town = await a_town()
    async with serving(ADDS) as llm:
        await work_off(town, settings_for(llm.url, llm_calls_per_tenant=0))
        assert llm.questions == []
    assert town.world.count("attune_budget_refused_total", scope="tenant") == 1
    (proposal,) = town.proposals()
    assert (proposal.proposer, proposal.outcome) == ("phrases", Outcome.OK)


async def test_an_llm_that_is_away_at_the_start_is_done_without() -> None:
    town = await a_town()
    await work_off(town, settings_for(f"http://127.0.0.1:{free_port()}/v1"))
    (proposal,) = town.proposals()
    assert (proposal.proposer, proposal.outcome, proposal.cost.calls) == ("phrases", Outcome.OK, 0)
    assert town.world.count("attune_llm_fallbacks_total", reason="breaker_open") >= 1


async def test_an_llm_that_dies_in_the_middle_is_done_without() -> None:
    town = await a_town()
    async with serving(ADDS, reset) as llm:
        await work_off(town, settings_for(llm.url), HashEncoder(DIMENSION, SPACE))
    (proposal,) = town.proposals()
    assert proposal.outcome is Outcome.OK
    assert proposal.cost.calls >= 2
    assert town.world.total("attune_llm_fallbacks_total") >= 1
    assert town.world.count("attune_llm_calls_total", trigger="demand", outcome="failed") >= 1
    await town.deliver()
    assert town.judged("accepted") == 1


async def test_a_server_that_is_set_up_wrongly_ends_the_role_and_says_why() -> None:
    town = await a_town()
    async with serving(probed=ignore_schema) as llm:
        with pytest.raises(ConfigurationError, match="does not hold its answers to a JSON schema"):
            await work_off(town, settings_for(llm.url))
    assert await town.world.store.count_jobs() == 1


@pytest.mark.parametrize("answer", [oblige, after(LONG, oblige)], ids=["answers", "hangs"])
async def test_a_stop_does_not_wait_for_an_llm(answer: Step) -> None:
    town = await a_town()
    async with serving(after(0.3, answer)) as llm:
        part = part_of(town, settings_for(llm.url, llm_timeout=60.0), HashEncoder(DIMENSION, SPACE))
        task = asyncio.create_task(part.run())
        await eventually(lambda: len(llm.questions) == 1)
        start = time.monotonic()
        await part.stop()
        await task
        assert time.monotonic() - start < AT_ONCE
        await eventually(lambda: llm.at_once == 0)
    assert await town.world.store.count_jobs() == 1
    assert town.ends(JobEnd.HANDED_BACK) == (1 if answer is oblige else 0)


def test_the_settings_become_budgets_and_rules() -> None:
    settings = Settings(
        llm_calls_per_user=1,
        llm_tokens_per_user=2,
        llm_calls_per_tenant=3,
        llm_tokens_per_tenant=4,
        llm_calls_in_all=5,
        llm_tokens_in_all=6,
        tenant="shop",
        refine_iterations=7,
    )
    budgets = budgets_of(settings)
    limits = [(one.calls, one.tokens) for one in (budgets.user, budgets.tenant, budgets.all)]
    assert (limits, budgets.tenant_name) == ([(1, 2), (3, 4), (5, 6)], "shop")
    assert rules_of(settings).iterations == 7
    temperatures = [rules_of(Settings(refine_temperature=one)).temperature for one in ("0", "1", "inf")]
    assert temperatures == [0.0, 1.0, inf]


def test_an_encoder_is_asked_by_one_thread_at_a_time() -> None:
    inside = most = 0

    class Watched(HashEncoder):
        def encode(self, texts: Sequence[str]) -> Matrix:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            time.sleep(0.01)
            rows = super().encode(texts)
            inside -= 1
            return rows

    encoder = InTurns(Watched())
    threads = [threading.Thread(target=ask, args=(["jazz"],)) for ask in (encoder.encode, encoder.encode_interests)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert (encoder.space, encoder.dimension) == ("hash-test", 32)
