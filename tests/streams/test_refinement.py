"""A refinement from trigger to new version: one job, one proposal, judged by the agent; whatever dies, edits or refuses
in between."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from schemas.command import AddInterest, PinInterest
from schemas.profile import Source
from schemas.proposal import Cost, Outcome, RefineTrigger
from streams.budgets import Limit
from streams.contract import Outgoing, Producer
from streams.refiner import JobEnd
from streams.topics import PROPOSALS
from tests.fakes import RecordingProducer
from tests.streams.agents_world import records
from tests.streams.refining import Scripted, eventually, running
from tests.streams.town import Town, a_town
from tests.workers.mailbox import Mailbox, all_items
from workers.ports import Store
from workers.refit import interest_id

PRICE = Cost(calls=1, prompt_tokens=80, completion_tokens=20)


class Killed(BaseException):
    """The process is gone in the middle of a call; nobody catches this."""


# --- the whole way


async def test_a_refinement_on_demand_makes_a_better_profile_in_words() -> None:
    town = await a_town()
    before = await town.texts()
    await town.work_off(town.refiner())
    (proposal,) = town.proposals()
    await town.deliver()
    assert (proposal.outcome, proposal.proposer, proposal.cost) == (Outcome.OK, "phrases", Cost())
    assert proposal.reward_after is not None
    assert proposal.reward_before is not None
    assert proposal.reward_after > proposal.reward_before
    after = await town.texts()
    assert Source.REFINEMENT in after.values()
    assert after.keys() != before.keys()
    assert town.judged("accepted") == town.ends(JobEnd.IMPROVED) == 1
    assert await town.world.store.count_jobs() == 0


async def test_it_reads_in_three_round_trips_and_saves_after_each_round() -> None:
    town = await a_town()
    await town.work_off(town.refiner(Scripted(texts=())))
    calls = [call for call in town.world.store.calls if call not in ("count_jobs", "claim_job")]
    rounds = (len(calls) - 5) // 2
    assert calls == ["read", "sample_items", "read", "read_phrases", *["save_job", "read"] * rounds, "finish_job"]
    assert rounds >= 2


async def test_a_proposal_says_what_it_was_made_from() -> None:
    town = await a_town()
    state = await town.world.state()
    await town.work_off(town.refiner())
    (proposal,) = town.proposals()
    assert (proposal.user, proposal.trigger, proposal.base_version) == ("ada", RefineTrigger.DEMAND, state.version)
    assert proposal.job_id == proposal.proposal_id
    assert proposal.fencing_token >= 1
    assert set(proposal.negatives).isdisjoint(state.items_seen())
    assert len(proposal.negatives) >= 10
    (sent,) = town.world.producer.of(PROPOSALS)
    assert sent.key == b"ada"


# --- nothing to do


@pytest.mark.parametrize(
    ("answers", "told", "end"), [(Outcome.EMPTY, "empty", JobEnd.KEPT), (Outcome.FAILED, "failed", JobEnd.FAILED)]
)
async def test_where_the_proposer_finds_nothing_or_fails_the_agent_hears_which_and_nothing_changes(
    answers: Outcome, told: str, end: JobEnd
) -> None:
    town = await a_town()
    before = await town.world.state()
    await town.work_off(town.refiner(Scripted(outcome=answers)))
    await town.deliver()
    assert (town.judged(told), town.ends(end)) == (1, 1)
    after = await town.world.state()
    assert (after.interests, after.version) == (before.interests, before.version)


async def test_a_person_who_is_forgotten_while_the_job_waits_is_left_alone() -> None:
    town = await a_town()
    await town.world.store.forget("ada")
    async with running(town.refiner()):
        pass
    assert town.world.total("attune_refiner_jobs_total") == 0
    assert town.proposals() == []


async def test_a_person_who_is_forgotten_in_the_middle_gets_no_proposal() -> None:
    town = await a_town()

    async def forget(number: int) -> None:
        await town.world.store.forget("ada")

    await town.work_off(town.refiner(Scripted(before=forget)))
    assert (town.ends(JobEnd.LOST), town.proposals()) == (1, [])


async def test_whoever_has_done_too_little_to_be_judged_by_costs_nothing() -> None:
    town = await a_town()
    await town.work_off(town.refiner(Scripted()))
    bob = Mailbox("bob", partition=1)
    await town.agents.handle(records([*bob.clicks("tea", range(2)), bob.refine()]))
    await town.work_off(town.refiner(asked := Scripted()))
    assert (town.ends(JobEnd.UNJUDGED), asked.asked) == (1, 0)
    assert {proposal.user for proposal in town.proposals()} == {"ada"}


# --- the person wins


async def test_a_newer_edit_of_the_persons_cancels_it_after_the_round() -> None:
    town = await a_town()

    async def edit(number: int) -> None:
        if number == 1:
            tea = interest_id("tea")
            await town.agents.handle([town.mailbox.edit(PinInterest(interest=tea), arrives=600.0).record])

    scripted = Scripted(before=edit)
    await town.work_off(town.refiner(scripted))
    assert (town.ends(JobEnd.CANCELLED), town.proposals(), scripted.asked) == (1, [], 2)
    assert await town.world.store.count_jobs() == 0


async def test_an_edit_from_before_it_began_does_not() -> None:
    town = await a_town()
    await town.agents.handle([town.mailbox.edit(AddInterest(text="chess"), arrives=600.0).record])
    await town.work_off(town.refiner(Scripted()))
    assert town.ends(JobEnd.CANCELLED) == 0
    (proposal,) = town.proposals()
    await town.deliver()
    assert (await town.texts())["chess"] is Source.PERSON
    assert town.judged("cancelled") == 0
    assert proposal.base_version == (await town.world.state()).edited_version


async def test_an_interaction_meanwhile_does_not_cancel_it() -> None:
    town = await a_town()

    async def click(number: int) -> None:
        if number == 0:
            await town.agents.handle(records(town.mailbox.clicks("chess", range(6), at=600.0)))

    await town.work_off(town.refiner(Scripted(before=click)))
    assert len(town.proposals()) == 1


# --- budgets


async def test_a_budget_that_is_spent_refuses_before_it_is_exceeded_and_words_come_from_phrases() -> None:
    town = await a_town()
    town.limits = replace(town.limits, user=Limit(calls=100, tokens=250))
    llm, free = Scripted(cost=PRICE, costs_at_most=PRICE), Scripted(name="phrases")
    await town.work_off(town.refiner(llm, free=free))
    assert (llm.asked, town.world.count("attune_budget_refused_total", scope="user")) == (2, 1)
    assert town.world.count("attune_llm_calls_total", trigger="demand", outcome="ok") == 2
    assert town.world.count("attune_llm_tokens_total", trigger="demand", kind="prompt") == 160
    (proposal,) = town.proposals()
    assert proposal.cost == Cost(calls=2, prompt_tokens=160, completion_tokens=40)
    if proposal.outcome is Outcome.EMPTY:
        assert free.asked > 0


async def test_where_nothing_is_free_a_refusal_ends_it_and_the_person_is_unharmed() -> None:
    town = await a_town()
    town.limits = replace(town.limits, all=Limit(calls=0, tokens=0))
    before = await town.texts()
    llm = Scripted(name="phrases", cost=PRICE, costs_at_most=PRICE)
    await town.work_off(town.refiner(llm))
    assert (llm.asked, town.ends(JobEnd.REFUSED), town.proposals()) == (0, 1, [])
    assert town.world.count("attune_budget_refused_total", scope="all") == 1
    assert await town.texts() == before


# --- crashes


@dataclass
class Fuse:
    """The call of that number (0 is the next) kills the process, before or after its effect."""

    left: int
    after: bool

    async def burn(self, call: Awaitable[Any]) -> Any:
        self.left -= 1
        if self.left == -1 and not self.after:
            asyncio.ensure_future(call).cancel()
            raise Killed
        answer = await call
        if self.left == -1:
            raise Killed
        return answer


class Mortal:
    """A port of a process that a fuse may kill."""

    def __init__(self, port: object, fuse: Fuse) -> None:
        self._port, self._fuse = port, fuse

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._port, name)
        return lambda *words, **named: self._fuse.burn(method(*words, **named))


async def killed_at(town: Town, call: int, after: bool) -> bool:
    """Runs a refiner until it is killed at that call, or has done its job: False."""
    fuse = Fuse(call, after)
    store, producer = Mortal(town.world.store, fuse), Mortal(town.world.producer, fuse)
    refiner = town.refiner(store=cast(Store, store), producer=cast(Producer, producer))
    try:
        async with running(refiner) as task:
            await eventually(lambda: task.done() or town.world.total("attune_refiner_jobs_total") > 0)
    except Killed:
        return True
    return False


@pytest.mark.parametrize("after", [False, True], ids=["before its effect", "after it"])
async def test_killed_at_any_call_another_refiner_ends_with_the_same_profile(after: bool) -> None:
    whole = await a_town()
    await whole.work_off(whole.refiner())
    await whole.deliver()
    (proposal,) = whole.proposals()
    expected = (await whole.world.state()).interests
    call = 0
    while await killed_at(town := await a_town(), call, after):
        call += 1
        town.world.now += 61
        if await town.world.store.count_jobs():
            await town.work_off(town.refiner())
        await town.deliver()
        assert (await town.world.state()).interests == expected
        assert {one.proposal_id for one in town.proposals()} == {proposal.proposal_id}
        assert town.judged("accepted") == 1
        assert await town.world.store.count_jobs() == 0
    assert call > 12  # claim, three round trips, at least three rounds of two calls, publish, finish


STEPS = ("read", "sample_items", "read_phrases", "save_job", "finish_job")


@pytest.mark.parametrize("step", STEPS)
async def test_a_store_that_is_away_at_any_step_is_waited_for(step: str) -> None:
    town = await a_town()
    town.world.store.fail(step)
    await town.work_off(town.refiner())
    assert len({one.proposal_id for one in town.proposals()}) == 1
    assert town.world.count("attune_store_errors_total", stage="refiner") == 1
    await town.deliver()
    assert town.judged("accepted") == 1


@pytest.mark.parametrize("lost", ["fails_in", "dies_in"])
async def test_a_broker_that_is_away_gets_the_proposal_when_it_is_back(lost: str) -> None:
    town = await a_town()
    setattr(town.world.producer, lost, 0)
    await town.work_off(town.refiner())
    assert [one.proposal_id for one in town.proposals()] == [town.proposals()[0].proposal_id] * (
        2 if lost == "dies_in" else 1
    )
    await town.deliver()
    assert town.judged("accepted") == 1


async def test_one_that_wakes_after_another_did_its_job_sends_the_same_proposal_and_it_counts_once() -> None:
    """Stopped for a minute between its last round and its proposal, as by SIGSTOP."""
    town = await a_town()

    class Sleeper(RecordingProducer):
        async def send(self, messages: Sequence[Outgoing]) -> None:
            town.world.now += 61
            await town.work_off(town.refiner())
            await town.world.producer.send(messages)

    await town.work_off(town.refiner(producer=Sleeper()))
    assert (town.ends(JobEnd.IMPROVED), town.ends(JobEnd.LOST)) == (1, 1)
    first, second = town.proposals()
    assert first.proposal_id == second.proposal_id
    assert first.fencing_token > second.fencing_token
    await town.deliver()
    assert town.judged("accepted") == 1
    assert town.world.count("attune_events_duplicate_total", kind="repeated") == 1


async def test_another_refiner_goes_on_from_the_last_round_though_it_would_have_drawn_other_items() -> None:
    whole = await a_town()
    await whole.work_off(whole.refiner(alone := Scripted()))
    town = await a_town()

    async def kill(number: int) -> None:
        if number == 2:
            raise Killed

    first, second = Scripted(before=kill), Scripted()
    with pytest.raises(Killed):
        async with running(town.refiner(first)) as task:
            await eventually(task.done)
    await town.world.store.put_items([replace(all_items()[0], key=f"news:a-{number}") for number in range(200)])
    town.world.now += 61
    await town.work_off(town.refiner(second))
    assert (first.asked, first.asked + second.asked) == (2, alone.asked)
    (proposal,), (expected,) = town.proposals(), whole.proposals()
    assert (proposal.negatives, proposal.edits) == (expected.negatives, expected.edits)


async def test_progress_of_another_state_is_left_aside() -> None:
    """Whoever went on doing things after the crash is refined as they are now."""
    town = await a_town()
    assert await killed_at(town, 9, after=True)
    await town.agents.handle(records(town.mailbox.clicks("chess", range(6), at=600.0)))
    town.world.now += 61
    await town.work_off(town.refiner())
    (proposal,) = town.proposals()
    assert proposal.base_version == (await town.world.state()).version
    await town.deliver()
    assert town.judged("cancelled") == town.judged("stale") == 0
