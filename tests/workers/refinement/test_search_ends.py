"""How a search ends, what it costs, and how it goes on where another left off."""

from dataclasses import replace

import pytest

from schemas.proposal import Cost
from tests.workers.refinement.doubles import (
    EMPTY,
    FAILED,
    MOST,
    SPENT,
    Dictionary,
    Notebook,
    Purse,
    Scripted,
    adding,
    editing,
    searched,
)
from tests.workers.refinement.poor import BETTER, DID, PATIENT, TOWN, WORLD, WORSE, removing
from tests.workers.refinement.town import Town, deeds
from workers.errors import Unavailable
from workers.refinement.asks import Answer, Ask
from workers.refinement.phrase_search import PhraseSearch
from workers.refinement.progress import Progress
from workers.refinement.rules import End, RefinementRules


async def test_it_goes_on_from_any_iteration_to_the_same_end() -> None:
    notes = Notebook()
    whole = await searched(WORLD, checkpoint=notes)
    assert len(notes.saved) == whole.iterations
    for number in range(whole.iterations):
        rest = Notebook()
        resumed = await searched(TOWN.world(), checkpoint=rest, progress=notes.progress(number))
        assert resumed == whole
        assert rest.saved == notes.saved[number + 1 :]


async def test_texts_of_a_proposers_own_are_learned_again_on_resuming() -> None:
    answers = [adding("music of old"), editing(removing("odd tea")), EMPTY]
    notes, words = Notebook(), Dictionary()
    whole = await searched(WORLD, Scripted(answers), checkpoint=notes)
    resumed = await searched(WORLD, Scripted(answers[1:]), words=words, progress=notes.progress(0))
    assert resumed == whole
    assert words.asked == ["music of old"]


async def test_where_words_are_lost_it_begins_anew() -> None:
    notes = Notebook()
    await searched(WORLD, Scripted([adding("music of old")]), checkpoint=notes)
    resumed = await searched(WORLD, Scripted(), words=Dictionary(unknown=["music of old"]), progress=notes.progress(0))
    assert (resumed.iterations, resumed.outcomes) == (3, {"empty": 3})


async def test_progress_of_another_world_is_left_aside() -> None:
    notes = Notebook()
    await searched(WORLD, checkpoint=notes)
    elsewhere = replace(TOWN, did=[*DID, *deeds("old", "jazz", [9])]).world()
    assert await searched(elsewhere, progress=notes.progress(2)) == await searched(elsewhere)


async def test_progress_counts_in_its_own_world_even_where_rewards_are_the_same() -> None:
    """Other items to learn from: each candidate's reward is what it was, but not what would be proposed next."""
    notes, script = Notebook(), Scripted()
    await searched(WORLD, checkpoint=notes)
    await searched(TOWN.world(others=29), script, progress=notes.progress(0))
    assert [ask.iteration for ask in script.asked] == [0, 1, 2]


async def test_it_ends_after_as_many_iterations() -> None:
    refined = await searched(WORLD, rules=RefinementRules(iterations=4, patience=10))
    assert refined.iterations == 4
    assert (await searched(WORLD, Scripted(), rules=PATIENT)).iterations == 10


async def test_it_ends_where_nothing_has_been_gained_for_a_while() -> None:
    assert (await searched(WORLD, Scripted([WORSE]))).iterations == 3
    assert (await searched(WORLD, Scripted(), rules=RefinementRules(patience=1))).iterations == 1


async def test_a_gain_starts_the_patience_anew() -> None:
    refined = await searched(WORLD, Scripted([EMPTY, EMPTY, BETTER]))
    assert refined.curve[3] > refined.curve[2]
    assert refined.iterations == 6


async def test_the_checkpoint_ends_it() -> None:
    notes = Notebook(most=2)
    refined = await searched(WORLD, checkpoint=notes, rules=PATIENT)
    assert (refined.end, refined.edits, refined.iterations) == (End.CANCELLED, (), 2)


async def test_what_the_checkpoint_raises_goes_through() -> None:
    async def lost(progress: Progress) -> bool:
        raise Unavailable("the store is away")

    with pytest.raises(Unavailable):
        await searched(WORLD, checkpoint=lost)


async def test_what_an_ask_may_cost_is_reserved_first_and_settled_after() -> None:
    purse = Purse()
    refined = await searched(WORLD, Scripted([EMPTY, FAILED, EMPTY]), budget=purse)
    assert purse.reserved == [(2, 150)] * 3
    assert purse.settled == [(2, 150, SPENT)] * 3
    assert refined.cost == Cost(calls=3, prompt_tokens=180, completion_tokens=30)
    assert refined.outcomes == {"empty": 2, "failed": 1}


async def test_what_costs_nothing_is_not_held_up() -> None:
    purse = Purse(allowed=0)
    assert (await searched(WORLD, budget=purse)).end is End.IMPROVED
    assert (await searched(WORLD, Scripted(most_cost=Cost()), budget=purse)).end is End.KEPT
    assert not purse.settled


async def test_where_the_budget_ends_so_does_the_search() -> None:
    script = Scripted()
    refined = await searched(WORLD, script, budget=Purse(allowed=0))
    assert (refined.end, refined.iterations, script.asked) == (End.REFUSED, 0, [])


async def test_what_was_found_before_the_budget_ended_counts() -> None:
    refined = await searched(WORLD, FirstFrom(PhraseSearch()), budget=Purse(allowed=1))
    assert refined.end is End.IMPROVED
    assert refined.iterations == 1


class FirstFrom(Scripted):
    """Another's answers, at a price."""

    def __init__(self, other: PhraseSearch) -> None:
        super().__init__()
        self._other = other

    async def propose(self, ask: Ask) -> Answer:
        return replace(await self._other.propose(ask), cost=SPENT, proposer=None)


async def test_an_ask_that_is_broken_off_counts_with_all_that_was_reserved() -> None:
    purse = Purse()
    with pytest.raises(Unavailable):
        await searched(WORLD, Scripted([Unavailable("gone")]), budget=purse)
    assert purse.settled == [(2, 150, MOST)]


async def test_a_proposer_that_cannot_be_asked_has_said_nothing_about_the_profile() -> None:
    refined = await searched(WORLD, Scripted([FAILED] * 3))
    assert (refined.end, refined.outcomes) == (End.FAILED, {"failed": 3})
    assert (await searched(WORLD, Scripted([FAILED, EMPTY, FAILED]))).end is End.KEPT


async def test_nothing_is_asked_where_nothing_can_be_judged() -> None:
    script = Scripted()
    refined = await searched(Town(deeds("old", "jazz", range(3))).world(), script)
    assert (refined.end, refined.before, refined.after, script.asked) == (End.UNJUDGED, None, None, [])
