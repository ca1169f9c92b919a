"""What phrase search finds, what it leaves alone, and that its gains are those of a direct least-squares solve."""

from dataclasses import replace

import numpy as np
import pytest

from schemas.command import AddInterest, Edit, RemoveInterest, RewriteInterest
from schemas.interaction import Signal
from schemas.profile import MAX_INTERESTS, Source
from schemas.proposal import Outcome
from tests.workers.refinement.asking import ask_of, numbers_of, place_of
from tests.workers.refinement.town import ITEMS, Deed, Town, deeds, held_interest, item, words_of
from workers.refinement.asks import FREE, Ask, ClusterAsk, Numeric
from workers.refinement.fitting import fit, objective
from workers.refinement.phrase_search import ADDITIONS, PhraseSearch, gains
from workers.refit import interest_id
from workers.weights import RIDGE, Array

SEARCH = PhraseSearch()
PERSON = Source.PERSON
TASTES = [*deeds("old", "jazz", range(6), held=[0]), *deeds("new", "chess", range(5), held=[0])]
PHRASES_HERE = ("chess", "jazz", "rowing", "tea", "old jazz", "new chess")
WRONG = Town(TASTES, settled=[held_interest("rowing"), held_interest("tea")])


async def edits_of(ask: Ask) -> tuple[Edit, ...]:
    answer = await SEARCH.propose(ask)
    assert (answer.outcome is Outcome.OK) == bool(answer.edits)
    assert (answer.proposer, answer.cost) == ("phrases", FREE)
    return answer.edits


def alone(ask: Ask, *texts: str) -> Ask:
    """The same, of a profile that holds just these."""
    assert ask.numeric is not None
    numeric = ask.numeric
    usable = np.ones(len(numeric.texts), bool)
    places = place_of(numeric, *texts)
    usable[places] = False
    shown = tuple(replace(ask.interests[0], id=interest_id(text), text=text) for text in texts)
    return replace(ask, interests=shown, numeric=replace(numeric, current=tuple(places), usable=usable))


def texts_after(ask: Ask, edits: tuple[Edit, ...]) -> set[str]:
    texts = {shown.id: shown.text for shown in ask.interests}
    for edit in edits:
        if isinstance(edit, RewriteInterest | RemoveInterest):
            del texts[edit.interest]
        if isinstance(edit, AddInterest | RewriteInterest):
            texts[interest_id(edit.text)] = edit.text
    return set(texts.values())


async def test_it_finds_what_the_profile_lacks() -> None:
    ask = alone(ask_of(Town(TASTES).world()), "old jazz")
    assert texts_after(ask, await edits_of(ask)) & {"chess", "new chess"}


@pytest.mark.parametrize("seed", range(8))
async def test_a_kind_takes_the_place_of_its_topic_where_it_separates_better(seed: int) -> None:
    """Nothing but old jazz was liked, and new jazz is about."""
    liked = [*deeds("old", "jazz", range(7), held=[0]), *deeds("new", "jazz", range(4), Signal.DISLIKE)]
    ask = alone(ask_of(Town(liked).world(), seed=seed), "jazz")
    assert "old jazz" in texts_after(ask, await edits_of(ask))


async def test_a_phrase_of_one_item_does_not_explain_just_that_item() -> None:
    """A word that only one item carries, and that lies nowhere near any: its sharpened vector would meet that item."""
    odd_one = replace(item("old", "tea", 99), phrases=("quirk",), affinities=(1,))
    town = Town([*TASTES, Deed(odd_one.key)], items={**ITEMS, odd_one.key: odd_one}, words=(*PHRASES_HERE, "quirk"))
    ask = alone(ask_of(town.world()), "old jazz", "new chess")
    assert "quirk" in town.world().words
    assert "quirk" not in texts_after(ask, await edits_of(ask))


async def test_what_speaks_for_dislikes_is_taken_out() -> None:
    passed = deeds("rare", "tea", range(6), Signal.DISLIKE)
    settled = [held_interest("rare tea", PERSON, held_weight=None), held_interest("old jazz")]
    world = Town([*TASTES, *passed], settled=settled).world()
    ask = ask_of(world)
    assert ask.numeric is not None
    place = place_of(ask.numeric, "rare tea")
    weights = np.full(len(ask.numeric.texts), np.nan)
    weights[place] = 0.9  # as if nothing could be learned about it but to drop it
    editable = tuple(replace(shown, pinned=False, from_person=False) for shown in ask.interests)
    ask = replace(ask, interests=editable, numeric=replace(ask.numeric, held_weights=weights))
    assert "rare tea" not in texts_after(ask, await edits_of(ask))


@pytest.mark.parametrize("seed", range(8))
async def test_what_a_person_has_a_hand_in_stays(seed: int) -> None:
    passed = deeds("rare", "tea", range(6), Signal.DISLIKE)
    own = [held_interest("rare tea", PERSON, held_weight=0.9), held_interest("rowing", pinned=True)]
    ask = ask_of(Town([*TASTES, *passed], settled=own).world(), seed=seed)
    assert {"rare tea", "rowing"} <= texts_after(ask, await edits_of(ask))


@pytest.mark.parametrize("seed", range(8))
async def test_texts_that_may_not_be_used_are_not_proposed(seed: int) -> None:
    ask = alone(ask_of(Town(TASTES).world(), seed=seed), "old jazz")
    assert ask.numeric is not None
    barred = place_of(ask.numeric, "chess", "new chess")
    usable = ask.numeric.usable.copy()
    usable[barred] = False
    ask = replace(ask, numeric=replace(ask.numeric, usable=usable))
    assert not texts_after(ask, await edits_of(ask)) & {"chess", "new chess"}


@pytest.mark.parametrize("seed", range(8))
async def test_every_answer_tells_the_interactions_better(seed: int) -> None:
    ask = alone(ask_of(WRONG.world(), seed=seed), "rowing", "tea")
    assert ask.numeric is not None
    after = place_of(ask.numeric, *texts_after(ask, await edits_of(ask)))
    before = objective(ask.numeric, fit(ask.numeric, list(ask.numeric.current)))
    assert objective(ask.numeric, fit(ask.numeric, after)) > before


async def test_it_ends_where_nothing_is_better() -> None:
    """Taken at its word again and again, it comes to a profile that it would not change."""
    ask = alone(ask_of(WRONG.world()), "rowing", "tea")
    for _ in range(10):
        if not (edits := await edits_of(ask)):
            return
        ask = alone(ask_of(WRONG.world()), *sorted(texts_after(ask, edits)))
    raise AssertionError("it goes on for ever")


async def test_chance_stirs_which_phrases_are_tried() -> None:
    """Of sixteen phrases that say the same, not the same eight are looked at every time."""
    synonyms = tuple(f"synonym {number}" for number in range(2 * ADDITIONS))
    items = {key: replace(record, phrases=synonyms, affinities=(1,) * 16) for key, record in ITEMS.items()}
    world = Town(deeds("old", "jazz", range(6), held=[0]), settled=[held_interest("tea")], items=items).world()
    world = replace(world, words={**world.words, **{text: words_of("old jazz") for text in synonyms}})
    asks = [alone(ask_of(world, seed=seed, max_edits=1), "tea") for seed in range(40)]
    added = {
        edit.text for ask in asks for edit in await edits_of(ask) if isinstance(edit, AddInterest | RewriteInterest)
    }
    assert len(added) > ADDITIONS


async def test_no_more_edits_than_asked_for() -> None:
    ask = alone(ask_of(WRONG.world()), "rowing", "tea")
    assert len(await edits_of(replace(ask, max_edits=1))) == 1
    assert len((await PhraseSearch(steps=2).propose(ask)).edits) == 2
    assert len(await edits_of(ask)) <= 3


async def test_each_edit_is_of_another_interest_and_another_text() -> None:
    for seed in range(20):
        edits = await edits_of(alone(ask_of(WRONG.world(), seed=seed), "rowing", "tea", "chess"))
        interests = [edit.interest for edit in edits if isinstance(edit, RewriteInterest | RemoveInterest)]
        texts = [edit.text for edit in edits if isinstance(edit, AddInterest | RewriteInterest)]
        assert len(set(interests)) == len(interests)
        assert len(set(texts)) == len(texts)
        assert not {interest_id(text) for text in texts} & set(interests)


async def test_the_same_ask_has_the_same_answer_and_chance_makes_others_differ() -> None:
    world = Town([*TASTES, *deeds("rare", "tea", range(5)), *deeds("odd", "rowing", range(5))]).world()
    answers = {await edits_of(alone(ask_of(world, seed=seed), "tea")) for seed in range(6)}
    assert {await edits_of(alone(ask_of(world, seed=seed), "tea")) for seed in range(6)} == answers
    assert len(answers) > 1
    again = {await edits_of(alone(ask_of(world, iteration=turn), "tea")) for turn in range(6)}
    assert len(again) > 1


async def test_a_full_profile_makes_room_without_an_edit() -> None:
    """The weakest of what is named anew gives way; what is settled does not."""
    filler = [f"filler {number}" for number in range(MAX_INTERESTS)]
    town = Town(TASTES, settled=[held_interest(text) for text in filler], words=(*PHRASES_HERE, *filler))
    ask = ask_of(town.world())
    assert ask.numeric is not None
    assert len(ask.numeric.current) == MAX_INTERESTS
    frozen = tuple(replace(shown, pinned=True) for shown in ask.interests)
    assert await edits_of(replace(ask, interests=frozen)) == ()
    loose = replace(ask, interests=frozen, numeric=replace(ask.numeric, settled=np.zeros(len(ask.numeric.texts), bool)))
    edits = await edits_of(loose)
    assert edits
    assert all(isinstance(edit, AddInterest) for edit in edits)


async def test_there_is_nothing_to_improve_where_nothing_was_done() -> None:
    ask = ask_of(Town(TASTES).world())
    assert ask.numeric is not None
    silent = replace(ask.numeric, evidence=np.zeros_like(ask.numeric.evidence))
    assert await edits_of(replace(ask, numeric=silent)) == ()


async def test_an_empty_profile_gets_its_first_interests() -> None:
    ask = alone(ask_of(Town(TASTES).world()))
    assert texts_after(ask, await edits_of(ask))


async def test_it_needs_numbers() -> None:
    with pytest.raises(ValueError, match="numeric"):
        await SEARCH.propose(replace(ask_of(Town(TASTES).world()), numeric=None))


async def test_a_group_is_described_by_its_first_phrase_that_is_free() -> None:
    titles = (("a",), ("b",), ("c",))
    described = await SEARCH.describe(ClusterAsk(titles, (("Jazz", "old jazz"), ("jazz", "new jazz"), ())))
    assert described.texts == ("Jazz", "new jazz", None)
    assert (described.outcome, described.proposer, described.cost) == (Outcome.OK, "phrases", FREE)


async def test_groups_without_phrases_have_no_description() -> None:
    described = await SEARCH.describe(ClusterAsk((("a",),), ((),)))
    assert (described.outcome, described.texts) == (Outcome.EMPTY, ())


def residual(numeric: Numeric, columns: Array) -> float:
    """The least of the weighed squares and the ridge, over all weights of these columns (n + q, m)."""
    strength = np.abs(numeric.evidence)
    others = len(columns) - len(strength)
    mass = np.sqrt(np.concatenate([strength, np.full(others, strength.sum() / others)]))
    rows = np.vstack([mass[:, None] * columns, np.sqrt(RIDGE) * np.eye(columns.shape[1])])
    target = np.concatenate(
        [mass * np.concatenate([np.sign(numeric.evidence), np.zeros(others)]), np.zeros(columns.shape[1])]
    )
    solution = np.linalg.lstsq(rows, target, rcond=None)[0]
    return float(((rows @ solution - target) ** 2).sum())


@pytest.mark.parametrize("chosen", [("old jazz", "tea"), ("rowing",)])
def test_a_gain_is_what_the_residual_falls_by(chosen: tuple[str, ...]) -> None:
    passed = deeds("rare", "tea", range(3), Signal.DISLIKE)
    numeric = numbers_of(Town([*TASTES, *passed, *deeds("odd", "rowing", [1])]).world())
    places = place_of(numeric, *chosen)
    now = fit(numeric, places)
    found = gains(numeric, places, now)
    for place in set(range(len(numeric.texts))) - set(places):
        before = residual(numeric, now.seen)
        after = residual(numeric, np.column_stack([now.seen, numeric.words_seen[place]]))
        assert found[place] == pytest.approx(before - after, abs=1e-9) or found[place] == 0
    assert (found > 0).any()


def test_what_speaks_against_the_residual_has_no_gain() -> None:
    passed = deeds("rare", "tea", range(5), Signal.DISLIKE)
    numeric = numbers_of(Town([*TASTES, *passed]).world())
    found = gains(numeric, places := place_of(numeric, "old jazz"), fit(numeric, places))
    tea, chess = place_of(numeric, "rare tea", "new chess")
    assert found[tea] == 0 < found[chess]


def test_the_first_gains_are_those_of_nothing_fitted() -> None:
    numeric = numbers_of(Town(TASTES).world())
    place = place_of(numeric, "old jazz")[0]
    nothing = residual(numeric, np.zeros((numeric.words_seen.shape[1], 1)))
    after = residual(numeric, numeric.words_seen[place][:, None])
    assert gains(numeric, [], None)[place] == pytest.approx(nothing - after, abs=1e-9)
