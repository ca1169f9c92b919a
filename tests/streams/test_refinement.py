"""A refinement from trigger to new version: one job, one proposal, judged by the agent; whatever edits or refuses in
between."""

from dataclasses import replace

import pytest

from schemas.command import AddInterest, PinInterest
from schemas.profile import Source
from schemas.proposal import Cost, Outcome, RefineTrigger
from streams.budgets import Limit
from streams.refiner import JobEnd
from streams.topics import PROPOSALS
from tests.streams.agents_world import records
from tests.streams.refining import Scripted, running
from tests.streams.town import a_town
from tests.workers.mailbox import Mailbox
from workers.refit import interest_id

PRICE = Cost(calls=1, prompt_tokens=80, completion_tokens=20)


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


async def test_it_saves_that_it_begins_reads_in_three_round_trips_and_saves_after_each_round() -> None:
    town = await a_town()
    await town.work_off(town.refiner(Scripted(texts=())))
    calls = [call for call in town.world.store.calls if call not in ("count_jobs", "claim_job")]
    rounds = (len(calls) - 6) // 2
    begins = ["save_job", "read", "sample_items", "read", "read_phrases"]
    assert calls == [*begins, *["save_job", "read"] * rounds, "finish_job"]
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


async def test_a_budget_that_is_spent_refuses_before_it_is_exceeded_and_phrases_go_on() -> None:
    town = await a_town()
    town.limits = replace(town.limits, user=Limit(calls=100, tokens=250))
    llm = Scripted(texts=(), cost=PRICE, costs_at_most=PRICE)
    await town.work_off(town.refiner(llm))
    assert (llm.asked, town.world.count("attune_budget_refused_total", scope="user")) == (2, 1)
    assert town.world.count("attune_llm_calls_total", trigger="demand", outcome="empty") == 2
    assert town.world.count("attune_llm_tokens_total", trigger="demand", kind="prompt") == 160
    (proposal,) = town.proposals()
    assert (proposal.proposer, proposal.outcome) == ("phrases", Outcome.OK)
    assert proposal.cost == Cost(calls=2, prompt_tokens=160, completion_tokens=40)


async def test_where_nothing_is_free_a_refusal_ends_it_and_the_person_is_unharmed() -> None:
    town = await a_town()
    town.limits = replace(town.limits, all=Limit(calls=0, tokens=0))
    before = await town.texts()
    llm = Scripted(name="phrases", cost=PRICE, costs_at_most=PRICE)
    await town.work_off(town.refiner(llm))
    assert (llm.asked, town.ends(JobEnd.REFUSED), town.proposals()) == (0, 1, [])
    assert town.world.count("attune_budget_refused_total", scope="all") == 1
    assert await town.texts() == before
