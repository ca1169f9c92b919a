"""Why an interest is there, what it does to the reward, and what each adds to an item's score."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from schemas.interaction import Signal
from schemas.profile import Cause, Source
from tests.workers.test_differences import text, version
from workers.asked import KEEP_AWAY
from workers.explaining import Judging, behind, effect, explanation, keys_behind, made, shares
from workers.held import HeldInterest, interest_id, vectors_of
from workers.knowledge import Knowledge, Missing
from workers.ports import ItemRecord
from workers.refit import FitRules
from workers.retrieval import ItemIndex
from workers.reward import held_out
from workers.scoring import Scoring
from workers.state import Remembered, UserState, encode_state
from workers.weights import Moments

D = 4
RULES = FitRules(np.eye(D) / np.sqrt(D))
JUDGING = Judging("mixture", seen_penalty=0.15)


def axis(position: int, lean: float = 0.0) -> bytes:
    """A unit vector along one axis, leaning a little towards the next."""
    row = np.eye(D)[position] + lean * np.eye(D)[(position + 1) % D]
    return bytes((row / np.linalg.norm(row)).astype("<f2"))


def held(name: str, weight: float, position: int, **given: Any) -> HeldInterest:
    source = given.pop("source", Source.BOOTSTRAP)
    return HeldInterest(interest_id(name), name, weight, source, axis(position), **given)


def state_with(
    *interests: HeldInterest, avoid: Sequence[HeldInterest] = (), window: Sequence[Remembered] = ()
) -> UserState:
    return UserState(
        version=3, interests=interests, avoid=tuple(avoid), window=list(window), past=Moments.zero(len(interests))
    )


def item(key: str, position: int, lean: float = 0.0, phrases: tuple[str, ...] = ()) -> ItemRecord:
    return ItemRecord(key, "space-1", axis(position, lean), f"Title of {key}", phrases, "hash", (90,) * len(phrases))


class TestMade:
    RECORDS = (
        version(text("golf"), number=1, cause=Cause.FIRST),
        version(text("jazz"), number=2, cause=Cause.COUNT),
        version(text("jazz"), text("golf"), number=3, cause=Cause.REFINEMENT),
        version(text("jazz"), text("golf"), number=4, cause=Cause.EDIT, avoid=(text("boxing"),)),
    )

    @pytest.mark.parametrize(
        ("name", "number", "cause"),
        [("jazz", 2, Cause.COUNT), ("golf", 3, Cause.REFINEMENT), ("boxing", 4, Cause.EDIT)],
    )
    def test_is_the_version_since_which_it_has_stayed(self, name: str, number: int, cause: Cause) -> None:
        told = made(self.RECORDS, interest_id(name))
        assert told is not None
        assert (told.version, told.cause, told.at_latest) == (number, cause, False)

    def test_it_may_be_older_where_the_version_before_is_forgotten(self) -> None:
        oldest = made(self.RECORDS[2:], interest_id("jazz"))
        gap = made((self.RECORDS[0], self.RECORDS[2], self.RECORDS[3]), interest_id("jazz"))
        assert oldest is not None
        assert gap is not None
        assert [(one.version, one.at_latest) for one in (oldest, gap)] == [(3, True), (3, True)]

    def test_what_no_version_holds_was_not_made(self) -> None:
        assert made(self.RECORDS, interest_id("chess")) is None
        assert made((), interest_id("jazz")) is None


class TestBehind:
    def test_names_the_interactions_newest_first_with_their_titles(self) -> None:
        window = [
            Remembered(1_000, "e1", "news:a:b", Signal.CLICK),
            Remembered(2_000, "e2", "news:2", Signal.LIKE),
            Remembered(3_000, "e3", "news:3", Signal.CLICK),
        ]
        interest = held("jazz", 0.5, 0, evidence=("e1", "e2", "gone"))
        state = state_with(interest, window=window)
        told = behind(state, interest, {"news:a:b": item("news:a:b", 0)})
        assert [(one.event_id, one.provider, one.item, one.title, one.signal) for one in told] == [
            ("e2", "news", "2", None, Signal.LIKE),
            ("e1", "news", "a:b", "Title of news:a:b", Signal.CLICK),
        ]
        assert keys_behind(state, interest) == {"news:a:b", "news:2"}


class TestEffect:
    """Jazz lies along one axis, chess along another. The person takes to items of both; what they never touched lies
    along the others."""

    @pytest.fixture
    def known(self) -> Knowledge:
        known = Knowledge(space="space-1")
        items = {f"news:jazz-{n}": item(f"news:jazz-{n}", 0, n / 100, ("jazz", "bebop")) for n in range(20)}
        items |= {f"news:chess-{n}": item(f"news:chess-{n}", 2, n / 100, ("chess",)) for n in range(20)}
        items |= {f"news:other-{n}": item(f"news:other-{n}", 1, n / 100) for n in range(8)}
        known.learn_items(items, items)
        words = {"jazz": axis(0), "bebop": axis(0, 0.05), "chess": axis(2), "boxing": axis(1)}
        known.learn_phrases(words, words)
        return known

    @pytest.fixture
    def state(self) -> UserState:
        window = [
            Remembered(1_000 * n, f"{name}-{n}", f"news:{name}-{n}", Signal.CLICK)
            for n in range(20)
            for name in ("jazz", "chess")
        ]
        assert {entry.item.split("-")[0] for entry in window if held_out(entry.event)} == {"news:jazz", "news:chess"}
        return state_with(held("jazz", 0.5, 0), held("chess", 0.5, 2), window=window)

    OTHERS = tuple(f"news:other-{n}" for n in range(8))

    def test_a_profile_is_worse_without_what_the_person_takes_to(self, state: UserState, known: Knowledge) -> None:
        for name in ("jazz", "chess"):
            told = effect(state, interest_id(name), self.OTHERS, known, RULES, "mixture")
            assert told is not None
            assert told.reward_with == 1.0
            assert told.reward_without < 0.95

    def test_it_is_of_the_texts_that_stand_in_the_profile(self, state: UserState, known: Knowledge) -> None:
        """Fitted to four fifths, "bebop" would be named beside "jazz", and stand in for it."""
        told = effect(state, interest_id("jazz"), self.OTHERS, known, RULES, "mixture")
        words = {"bebop": axis(0, 0.6)}
        known.learn_phrases(words, words)
        assert effect(state, interest_id("jazz"), self.OTHERS, known, RULES, "mixture") == told

    def test_what_is_avoided_has_one_too(self, state: UserState, known: Knowledge) -> None:
        avoid = (held("boxing", -1.0, 1, source=Source.PERSON),)
        alone = replace(state, interests=(), avoid=avoid, past=Moments.zero(0))
        told = effect(alone, interest_id("boxing"), self.OTHERS, known, RULES, "mixture")
        assert told is not None
        assert told.reward_with > told.reward_without

    def test_too_little_to_judge_by_is_no_figure(self, state: UserState, known: Knowledge) -> None:
        assert effect(replace(state, window=[]), interest_id("jazz"), self.OTHERS, known, RULES, "mixture") is None
        assert effect(state, interest_id("jazz"), (), known, RULES, "mixture") is None

    def test_what_was_not_looked_up_is_asked_for(self, state: UserState) -> None:
        with pytest.raises(Missing) as asked:
            effect(state, interest_id("jazz"), self.OTHERS, Knowledge(space="space-1"), RULES, "mixture")
        assert asked.value.items >= {"news:jazz-0", "news:other-0"}

    def test_the_profile_stays_as_it_is(self, state: UserState, known: Knowledge) -> None:
        before = encode_state(state)
        effect(state, interest_id("jazz"), self.OTHERS, known, RULES, "mixture")
        assert encode_state(state) == before


class TestExplanation:
    def test_names_what_each_interest_adds_the_most_first(self) -> None:
        state = state_with(held("chess", 0.2, 1), held("jazz", 0.6, 0))
        told = explanation(state, item("news:n:1", 0, 0.2), JUDGING)
        assert (told.version, told.provider, told.item, told.title) == (3, "news", "n:1", "Title of news:n:1")
        assert [one.text for one in told.contributions] == ["jazz", "chess"]
        assert sum(one.share for one in told.contributions) == pytest.approx(1)
        assert told.contributions[0].similarity == pytest.approx(0.98, abs=0.01)
        assert (told.seen, told.avoided, told.nearest_avoided) == (False, None, None)

    def test_what_speaks_against_it_has_a_share_below_nothing(self) -> None:
        state = state_with(held("jazz", 0.6, 0), held("golf", -0.3, 1))
        told = explanation(state, item("news:1", 0, 0.2), JUDGING)
        assert [one.share < 0 for one in told.contributions] == [False, True]
        assert sum(one.share for one in told.contributions) == pytest.approx(1)

    def test_an_item_that_was_met_loses_what_it_loses_in_the_recommendations(self) -> None:
        state = state_with(held("jazz", 0.6, 0))
        met = state_with(*state.interests, window=[Remembered(1, "e", "news:1", Signal.CLICK)])
        first, second = (explanation(one, item("news:1", 0), JUDGING) for one in (state, met))
        assert (first.seen, second.seen) == (False, True)
        assert first.score - second.score == pytest.approx(0.15)

    @pytest.mark.parametrize(
        ("lean", "own", "avoided"), [(0.1, None, "boxing"), (4.0, None, None), (4.0, 0.2, "boxing"), (0.1, 1.0, None)]
    )
    def test_what_is_too_near_to_a_text_to_avoid_names_it(
        self, lean: float, own: float | None, avoided: str | None
    ) -> None:
        """The person's own distance goes before the default."""
        assert 0.25 < KEEP_AWAY < 0.9
        state = state_with(held("jazz", 0.6, 3), avoid=[held("golf", -1.0, 3), held("boxing", -1.0, 0)])
        told = explanation(replace(state, keep_away=own), item("news:1", 0, lean), JUDGING)
        assert told.avoided == avoided
        assert told.nearest_avoided == pytest.approx(1 / np.sqrt(1 + lean**2), abs=0.001)

    def test_it_agrees_with_the_search_on_what_is_left_out_and_on_the_scores(self) -> None:
        draw = np.random.default_rng(7)
        rows = draw.standard_normal((200, D))
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        catalog = [ItemRecord(f"news:{n}", "", row.astype("<f2").tobytes(), "T", (), "") for n, row in enumerate(rows)]
        state = state_with(held("jazz", 0.6, 0), held("golf", -0.3, 1), avoid=[held("boxing", -1.0, 2)])
        index = ItemIndex(D, "space-1")
        index.put(
            [one.key for one in catalog], [np.frombuffer(one.vector, "<f2").astype(np.float32) for one in catalog]
        )
        kinds: tuple[Scoring, ...] = ("mixture", "linear")
        for scoring in kinds:
            # Weights as the gateway sends them, and not as float32.
            weights = [one.weight for one in state.interests]
            found = index.search(state.vectors(), weights, vectors_of(state.avoid), 200, scoring=scoring)
            told = {one.key: explanation(state, one, Judging(scoring, 0.15)) for one in catalog}
            assert {hit.key: hit.score for hit in found} == pytest.approx(
                {key: one.score for key, one in told.items() if one.avoided is None}, abs=1e-9
            )
            assert 0 < len(found) < 200

    def test_a_profile_without_interests_has_nothing_to_add(self) -> None:
        told = explanation(state_with(avoid=[held("golf", -1.0, 0)]), item("news:1", 0), JUDGING)
        assert (told.contributions, told.avoided) == ((), "golf")
        assert explanation(state_with(), item("news:1", 0), JUDGING).score == 0

    def test_linear_scores_are_explained_by_their_parts(self) -> None:
        state = state_with(held("jazz", 0.6, 0), held("chess", 0.2, 1))
        told = explanation(state, item("news:1", 0, 1.0), replace(JUDGING, scoring="linear"))
        assert [round(one.share, 2) for one in told.contributions] == [0.75, 0.25]


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([], []),
        ([0.0, 0.0], [0.0, 0.0]),
        ([1.0, 3.0], [0.25, 0.75]),
        ([3.0, -1.0], [1.5, -0.5]),
        ([1.0, -3.0], [0.25, -0.75]),
        ([1.0, -1.0], [0.5, -0.5]),
    ],
)
def test_shares_sum_to_one_and_their_amounts_do_where_no_more_speaks_for_than_against(
    parts: list[float], told: list[float]
) -> None:
    assert shares(parts) == told
