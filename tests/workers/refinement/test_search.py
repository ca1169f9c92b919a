"""Algorithm 2: what it finds, that it never makes worse, and that the agent's gate agrees with it."""

from dataclasses import replace
from math import inf

import pytest

from schemas.command import AddInterest, Edit, RemoveInterest
from schemas.profile import Source
from schemas.proposal import Cost, Outcome, Proposal
from tests.workers.refinement.asking import trial_of
from tests.workers.refinement.doubles import (
    FAILED,
    SPENT,
    Dictionary,
    Notebook,
    Purse,
    Scripted,
    adding,
    editing,
    searched,
)
from tests.workers.refinement.poor import BETTER, DID, PATIENT, TOWN, WORLD, WORSE, WRONG, removing
from tests.workers.refinement.test_judging import proposal_of
from tests.workers.refinement.town import FIT, PHRASES, Town, deeds, held_interest
from workers.proposals import Verdict, decide
from workers.refinement.asks import Answer, Ask, Described
from workers.refinement.candidate import MOST_EDITS, Candidate
from workers.refinement.phrase_search import PhraseSearch
from workers.refinement.rules import End, RefinementRules
from workers.refit import interest_id


async def test_phrase_search_makes_a_poor_profile_better() -> None:
    refined = await searched(WORLD, rules=PATIENT)
    assert refined.end is End.IMPROVED
    assert refined.before is not None
    assert refined.after is not None
    assert refined.after > refined.before + 0.05
    assert refined.edits
    assert refined.proposer == "phrases"
    assert refined.cost == Cost()


@pytest.mark.parametrize("seed", range(6))
async def test_the_agents_gate_accepts_what_was_found_with_the_same_figures(seed: int) -> None:
    refined = await searched(WORLD, seed=seed, rules=PATIENT)
    proposal = replace_edits(refined.edits)
    decision = decide(WORLD.state, proposal, TOWN.known(), FIT, "mixture")
    assert (decision.verdict, decision.before, decision.after) == (Verdict.ACCEPTED, refined.before, refined.after)


def replace_edits(edits: tuple[Edit, ...]) -> Proposal:
    return proposal_of(WORLD, Candidate(("x",))).model_copy(update={"edits": edits})


@pytest.mark.parametrize("temperature", [0.0, 1.0, inf])
async def test_the_best_so_far_never_falls_and_is_what_is_proposed(temperature: float) -> None:
    refined = await searched(WORLD, rules=replace(PATIENT, temperature=temperature))
    assert list(refined.curve) == sorted(refined.curve)
    assert (refined.curve[0], refined.curve[-1]) == (refined.before, refined.after)
    assert len(refined.curve) == refined.iterations + 1


async def test_what_is_worse_is_tried_and_not_proposed() -> None:
    notes = Notebook()
    refined = await searched(WORLD, Scripted([WORSE]), checkpoint=notes)
    assert (refined.end, refined.edits, refined.after) == (End.KEPT, (), refined.before)
    progress = notes.progress()
    assert progress is not None
    assert progress.rewards[1] < progress.rewards[0]


async def test_the_same_search_has_the_same_result_and_another_seed_another_way() -> None:
    one, again = await searched(WORLD), await searched(WORLD)
    assert one == again
    ways = set()
    for seed in range(4):
        notes = Notebook()
        await searched(WORLD, seed=seed, checkpoint=notes)
        progress = notes.progress()
        assert progress is not None
        ways.add(progress.candidates)
    assert len(ways) > 1


async def test_edits_that_do_not_pass_the_gate_are_counted_and_change_nothing() -> None:
    bad = editing(
        AddInterest(text="words nobody embeds"),
        removing("not there"),
        AddInterest(text="new rowing"),
        removing("odd tea"),
    )
    notes = Notebook()
    refined = await searched(
        WORLD, Scripted([bad]), words=Dictionary(unknown=["words nobody embeds"]), checkpoint=notes
    )
    assert refined.refused == {"no_vector": 1, "unknown_interest": 1, "duplicate": 1}
    progress = notes.progress(0)
    assert progress is not None
    assert progress.candidates == (Candidate(), Candidate((), ("odd tea",)))


async def test_what_a_person_owns_is_never_edited() -> None:
    own = [held_interest("rare tea", Source.PERSON, held_weight=0.9), held_interest("odd tea", pinned=True)]
    world = Town(DID, settled=own).world()
    touching = editing(removing("rare tea"), removing("odd tea"))
    refined = await searched(world, Scripted([touching]))
    assert refined.refused == {"owned": 2}
    for seed in range(5):
        edits = (await searched(world, seed=seed)).edits
        assert not {interest_id("rare tea"), interest_id("odd tea")} & {
            edit.interest for edit in edits if isinstance(edit, RemoveInterest)
        }


async def test_texts_the_person_removed_do_not_come_back() -> None:
    world = replace(TOWN, removed=("old jazz",)).world()
    refined = await searched(world, Scripted([adding("old jazz")]))
    assert refined.refused == {"removed": 1}
    for seed in range(5):
        found = await searched(world, seed=seed)
        assert "old jazz" not in {edit.text for edit in found.edits if isinstance(edit, AddInterest)}


async def test_no_more_edits_of_an_answer_than_asked_for() -> None:
    script = Scripted([editing(*(removing(one.text) for one in WRONG))])
    refined = await searched(WORLD, script, rules=RefinementRules(max_edits=2))
    assert refined.refused == {"too_many": len(WRONG) - 2}
    assert script.asked[0].max_edits == 2


async def test_a_candidate_that_is_known_does_not_join_the_set_again() -> None:
    notes = Notebook()
    await searched(WORLD, Scripted([BETTER] * 3), checkpoint=notes, rules=replace(PATIENT, temperature=0))
    progress = notes.progress()
    assert progress is not None
    assert len({one.key for one in progress.candidates}) == len(progress.candidates)


async def drawn(temperature: float) -> list[bool]:
    """Whether each ask was about the profile that stands, after a first answer that made it worse."""
    script = Scripted([WORSE])
    await searched(WORLD, script, rules=RefinementRules(patience=40, iterations=40, temperature=temperature))
    return ["new chess" in {shown.text for shown in ask.interests} for ask in script.asked[1:]]


async def test_the_temperature_says_which_candidate_is_drawn() -> None:
    assert all(await drawn(0))
    assert 8 <= sum(await drawn(inf)) <= 31
    assert sum(await drawn(0.02)) > sum(await drawn(inf))


async def test_an_ask_tells_the_profile_where_it_is_wrong_and_what_to_leave_alone() -> None:
    own = [held_interest("rare tea", Source.PERSON, held_weight=0.9), held_interest("odd tea", pinned=True)]
    town = Town(DID, settled=own, avoid=[held_interest("new rowing", Source.PERSON, -1.0)])
    script = Scripted()
    await searched(town.world(), script, seed=7)
    ask = script.asked[0]
    _, start = trial_of(town.world())
    assert [(one.id, one.text, one.weight) for one in ask.interests] == [
        (one.id, one.text, one.weight) for one in start.profile.interests
    ]
    assert {one.text for one in ask.interests if not one.editable} == {"rare tea", "odd tea"}
    assert (ask.avoid, ask.seed, ask.iteration) == (("new rowing",), 7, 0)
    assert [one.iteration for one in script.asked] == [0, 1, 2]
    told = {one.title for one in ask.feedback.all()}
    assert any(title.startswith("rare tea") for title in told)
    held = {WORLD.items[entry.item].title for entry in town.world().state.window} - {
        WORLD.items[entry.item].title for entry in trial_of(town.world())[0].training
    }
    assert held
    assert not told & held


async def test_groups_are_described_first_where_that_is_asked_for() -> None:
    script = Scripted(described=Described(Outcome.OK, ("music of old", None), SPENT))
    town = Town(deeds("old", "jazz", range(8), held=[1, 5]) + deeds("new", "chess", range(5), held=[3]), settled=WRONG)
    notes, purse = Notebook(), Purse()
    rules = RefinementRules(describe_first=True, iterations=2)
    await searched(town.world(), script, rules=rules, checkpoint=notes, budget=purse)
    (groups,) = script.groups
    assert [len(titles) for titles in groups.clusters] == [6, 4]
    assert all(title.startswith("old jazz") for title in groups.clusters[0])
    assert groups.candidates[0][0] in {"old jazz", "jazz"}
    first = notes.progress(0)
    assert first is not None
    assert (first.described, first.iterations, first.candidates[1:]) == (True, 1, (Candidate(("music of old",)),))
    assert len(script.asked) == 1
    assert len(purse.settled) == 2
    resumed = Scripted()
    await searched(town.world(), resumed, rules=rules, progress=first)
    assert (len(resumed.groups), len(resumed.asked)) == (0, 1)


async def test_a_description_that_failed_leaves_the_search_to_go_on() -> None:
    script = Scripted(described=Described(Outcome.FAILED, cost=SPENT, detail="timeout"))
    refined = await searched(WORLD, script, rules=RefinementRules(describe_first=True))
    assert refined.outcomes == {"failed": 1, "empty": 2}
    assert refined.end is End.KEPT


async def test_what_nobody_can_read_is_not_even_embedded() -> None:
    words = Dictionary()
    long, hidden = "j" * 81, "ja\u200bzz"
    script = Scripted(described=Described(Outcome.OK, (long, hidden, "")))
    town = Town(
        [*deeds("old", "jazz", range(4), held=[1]), *deeds("new", "chess", range(3)), *deeds("odd", "tea", range(3))]
    )
    refined = await searched(town.world(), script, rules=RefinementRules(describe_first=True), words=words)
    assert refined.refused == {"too_long": 1, "unreadable": 2}
    assert words.asked == []


async def test_no_candidate_has_more_edits_than_a_proposal_holds() -> None:
    """Each answer adds what it can to one of those before."""
    turns = 14
    script = Scripted([adding(*(f"filler {turn}.{number}" for number in range(24))) for turn in range(turns)])
    notes = Notebook()
    await searched(WORLD, script, seed=2, rules=RefinementRules(turns, turns, max_edits=24), checkpoint=notes)
    progress = notes.progress()
    assert progress is not None
    sizes = [len(one.edits(WORLD.state.interests)) for one in progress.candidates]
    assert 40 < max(sizes) <= MOST_EDITS
    assert len(sizes) < turns + 1  # one at least was too long


async def test_who_answered_is_named() -> None:
    phrases = PhraseSearch()

    async def answer(ask: Ask) -> Answer:
        return await phrases.propose(ask)

    class Fallen(Scripted):
        async def propose(self, ask: Ask) -> Answer:
            return await answer(ask)

    assert (await searched(WORLD, Fallen())).proposer == "phrases"
    assert (await searched(WORLD, Scripted([FAILED] * 3))).proposer == "vllm"


async def test_a_catalog_with_nothing_else_in_it_still_teaches() -> None:
    refined = await searched(TOWN.world(judges=4, others=0), rules=PATIENT)
    assert refined.end in {End.IMPROVED, End.KEPT}


async def test_a_profile_without_a_single_text_gets_one() -> None:
    """All that would be named was dropped."""
    everything = replace(TOWN, settled=(), dropped=PHRASES)
    refined = await searched(everything.world(), rules=PATIENT)
    assert not everything.world().state.interests
    assert refined.end is End.IMPROVED
