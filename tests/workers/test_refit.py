"""One re-fit: interests, vectors and weights from what still stands, against direct computations."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.interaction import Signal
from schemas.profile import MAX_EVIDENCE, Source
from tests.workers.mailbox import FIT, TOPICS, all_items, known_world, phrase_vectors, weights_of
from tests.workers.test_weights import direct
from workers.knowledge import Knowledge, Missing
from workers.ports import ItemRecord
from workers.refit import DIGITS, SHARPEN, interest_id, leave, refit
from workers.signals import DAY_MS, SIGNED
from workers.state import HeldInterest, Remembered, UserState
from workers.weights import Array, Moments
from workers.window import remember

NOW = 1_790_000_000_000
ROUNDED = 0.6 * 10**-DIGITS
KNOWN = known_world()
CLICK, RETRACT = Signal.CLICK, Signal.RETRACT


def entry(item: str, at: int = 0, signal: Signal = CLICK, event: str | None = None) -> Remembered:
    return Remembered(NOW + at, event or f"e{at}", f"news:{item}", signal)


def fitted(window: list[Remembered], **changes: Any) -> UserState:
    state = UserState(window=window)
    refit(state, KNOWN, replace(FIT, **changes))
    return state


def held_by_a_person() -> UserState:
    """Four interests that no re-fit replaces."""
    vectors = phrase_vectors()
    interests = [HeldInterest(interest_id(topic), topic, 0.1, Source.PERSON, vectors[topic]) for topic in TOPICS]
    return UserState(version=1, interests=tuple(interests), past=Moments.zero(len(interests)))


def similarities(state: UserState, entries: list[Remembered]) -> Array:
    items = KNOWN.items({one.item for one in entries})
    rows = np.stack([items[one.item].vector for one in entries]).astype(np.float64)
    return np.asarray(rows @ state.vectors().T.astype(np.float64))


def faded(entries: list[Remembered], newest: int) -> Array:
    signed = np.array([SIGNED[one.signal] for one in entries])
    ages = np.array([newest - one.time_ms for one in entries])
    return np.asarray(signed * 0.5 ** (ages / (FIT.half_life_days * DAY_MS)))


def own_evidence(entries: list[Remembered], newest: int) -> Array:
    """(m,) each interaction speaks for the one topic that its item shows."""
    items = KNOWN.items({one.item for one in entries})
    shows = np.array([[topic in items[one.item].phrases for topic in TOPICS] for one in entries], float)
    assert (shows.sum(axis=1) == 1).all()
    return np.asarray(shows.T @ faded(entries, newest))


acts = st.lists(
    st.tuples(
        st.sampled_from(TOPICS),
        st.integers(0, 11),
        st.integers(0, 90 * DAY_MS),
        st.sampled_from(sorted(SIGNED)),
    ),
    min_size=1,
    max_size=20,
)


@settings(max_examples=40, deadline=None)
@given(acts, st.integers(1, 20))
def test_window_and_past_together_equal_a_direct_solve_over_all_events(
    drawn: list[tuple[str, int, int, Signal]], cap: int
) -> None:
    state = held_by_a_person()
    entries = [entry(f"{topic}-{n}", at, signal, event=f"e{i}") for i, (topic, n, at, signal) in enumerate(drawn)]
    for one in entries:
        for leaving in remember(state.window, one, cap):
            leave(state, leaving, KNOWN, FIT)
    newest = max(one.time_ms for one in entries)
    projected = state.vectors().astype(np.float64) @ FIT.background.astype(np.float64)
    prior = own_evidence(state.window, newest) / np.abs(faded(entries, newest)).sum()
    expected = direct(similarities(state, entries), faded(entries, newest), projected.T, prior)
    refit(state, KNOWN, FIT)
    found = np.array([weights_of(state)[topic] for topic in TOPICS])
    np.testing.assert_allclose(found, expected / (1 + np.abs(expected)), rtol=0, atol=ROUNDED + 1e-7)


def test_what_left_the_window_is_summed_as_the_interests_see_it_to_the_eighth_digit() -> None:
    state = held_by_a_person()
    entries = [entry(f"tea-{n}", at=n * DAY_MS) for n in range(6)]
    for one in (entries[i] for i in (3, 0, 5, 1, 4, 2)):
        leave(state, one, KNOWN, FIT)
    expected = Moments.of(similarities(state, entries), faded(entries, entries[-1].time_ms))
    np.testing.assert_allclose(state.past.gram, expected.gram, rtol=0, atol=1e-8)
    np.testing.assert_allclose(state.past.target, expected.target, rtol=0, atol=1e-8)
    assert state.past.mass == pytest.approx(expected.mass, abs=1e-12)
    assert state.past_ms == entries[-1].time_ms


def test_the_past_follows_the_interests_into_their_new_order() -> None:
    state = held_by_a_person()
    leave(state, entry("tea-1"), KNOWN, FIT)
    before = dict(zip(TOPICS, state.past.target.tolist(), strict=True))
    state.window = [entry("tea-2", 5), entry("jazz-2", 6), entry("tea-3", 7)]
    refit(state, KNOWN, FIT)
    order = [interest.text for interest in state.interests]
    assert order != list(TOPICS)
    assert dict(zip(order, state.past.target.tolist(), strict=True)) == before


def test_the_past_of_an_interest_that_goes_is_dropped_and_the_others_keep_theirs() -> None:
    state = fitted([entry("tea-1", 1), entry("jazz-1", 2)])
    leave(state, entry("jazz-2", 0), KNOWN, FIT)
    jazz = state.past.target[[one.text for one in state.interests].index("jazz")]
    state.window = [entry("jazz-1", 2), entry("chess-1", 3)]
    refit(state, KNOWN, FIT)
    kept = dict(zip((one.text for one in state.interests), state.past.target.tolist(), strict=True))
    assert kept == {"jazz": jazz, "chess": 0.0}


def test_nothing_fades_backwards_when_what_left_is_newer_than_what_stands() -> None:
    """As after a raised cap and a retraction of all that was newer."""
    state = held_by_a_person()
    leave(state, entry("tea-1", 300 * DAY_MS), KNOWN, FIT)
    state.window = [entry("jazz-1", 0)]
    mass = state.past.mass
    refit(state, KNOWN, FIT)
    assert state.past.mass == mass
    assert weights_of(state)["tea"] > weights_of(state)["jazz"]


def test_a_late_event_that_passes_through_a_full_window_is_faded_to_the_newest_that_left() -> None:
    state = held_by_a_person()
    leave(state, entry("tea-1", 30 * DAY_MS), KNOWN, FIT)
    leave(state, entry("tea-1", 0), KNOWN, FIT)
    assert state.past.mass == pytest.approx(1.5)


def test_an_interest_is_its_words_moved_towards_the_items_behind_it() -> None:
    state = fitted([entry("tea-1", 1), entry("tea-2", 2, Signal.LIKE)])
    tea = state.interests[0]
    items = KNOWN.items(["news:tea-1", "news:tea-2"])
    weights = faded(state.window, NOW + 2)
    centre = weights[0] * items["news:tea-1"].vector + weights[1] * items["news:tea-2"].vector
    words = np.frombuffer(phrase_vectors()["tea"], "<f2").astype(float)
    mixed = (1 - SHARPEN) * words + SHARPEN * centre / np.linalg.norm(centre)
    vector = np.frombuffer(tea.vector, "<f2").astype(float)
    np.testing.assert_allclose(vector, mixed / np.linalg.norm(mixed), atol=1e-3)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-3)


def test_an_interest_names_its_newest_evidence() -> None:
    state = fitted([entry("tea-0", n, event=f"e{n:02d}") for n in range(12)])
    assert state.interests[0].evidence == tuple(f"e{n:02d}" for n in range(12 - MAX_EVIDENCE, 12))
    assert state.interests[0].id == interest_id("tea") == interest_id("TEA")
    assert state.interests[0].source is Source.BOOTSTRAP


def test_an_interaction_that_shows_no_interest_speaks_for_the_nearest() -> None:
    state = held_by_a_person()
    known = known_world()
    item = known.items(["news:tea-1"])["news:tea-1"]
    record = ItemRecord("news:tea-1", known.space, item.vector.astype("<f2").tobytes(), "", (), "")
    known.learn_items([record.key], {record.key: record})
    state.window = [entry("tea-1")]
    refit(state, known, FIT)
    assert (state.interests[0].text, state.interests[0].weight > 0.3) == ("tea", True)


def test_interests_of_equal_weight_stand_by_the_alphabet() -> None:
    state = held_by_a_person()
    state.interests = state.interests[::-1]
    refit(state, KNOWN, FIT)
    assert len({one.weight for one in state.interests}) == 1
    assert [one.text for one in state.interests] == sorted(TOPICS)


def test_the_moment_of_a_profile_is_that_of_the_newest_interaction_that_stands() -> None:
    assert fitted([entry("tea-1", 1), entry("tea-2", 5)]).updated_ms == NOW + 5
    assert fitted([entry("tea-1", 1), entry("tea-2", 5), entry("tea-2", 6, RETRACT)]).updated_ms == NOW + 1
    assert fitted([]).updated_ms is None


def test_an_item_that_is_gone_speaks_no_longer() -> None:
    state = UserState(window=[entry("tea-1", 1), entry("jazz-1", 2)])
    refit(state, known_world(without=["jazz-1"]), FIT)
    assert weights_of(state).keys() == {"tea"}


def test_without_anything_that_stands_nothing_is_left() -> None:
    state = fitted([entry("tea-1", 1)])
    leave(state, entry("tea-2", 0), KNOWN, FIT)
    state.window.append(entry("tea-1", 2, RETRACT))
    refit(state, KNOWN, FIT)
    assert state.interests == ()
    assert (state.past.mass, state.past.gram.shape, state.past_ms) == (0.0, (0, 0), 0)


def test_an_interest_whose_phrase_has_no_vector_is_left_out() -> None:
    known = known_world()
    known.learn_phrases(["tea"], {})
    state = UserState(window=[entry("tea-1", 1), entry("jazz-1", 2)])
    refit(state, known, FIT)
    assert weights_of(state).keys() == {"jazz"}


def test_what_is_not_at_hand_is_told_and_nothing_has_changed() -> None:
    state = UserState(window=[entry("tea-1", 1)])
    known = Knowledge()
    with pytest.raises(Missing) as missing:
        refit(state, known, FIT)
    assert missing.value.items == {"news:tea-1"}
    known.learn_items(["news:tea-1"], {"news:tea-1": next(r for r in all_items() if r.key == "news:tea-1")})
    with pytest.raises(Missing) as missing:
        refit(state, known, FIT)
    assert missing.value.phrases == {"tea"}
    assert state == UserState(window=[entry("tea-1", 1)], past=state.past)


def test_the_papers_estimator_stays_within_one_and_prefers_what_was_clicked() -> None:
    window = [entry(f"tea-{n}", n) for n in range(6)] + [entry(f"jazz-{n}", 6 + n, Signal.SKIP) for n in range(6)]
    weights = weights_of(fitted(window, estimator="paper"))
    assert max(map(abs, weights.values())) <= 1.0
    assert weights["tea"] > weights["jazz"]


def test_disliking_an_item_lowers_its_topic_and_no_other() -> None:
    window = [entry(f"{topic}-{n}", 2 * n + place) for n in range(5) for place, topic in enumerate(("tea", "jazz"))]
    before, after = (weights_of(fitted(one)) for one in (window, [*window, entry("tea-7", 99, Signal.DISLIKE)]))
    assert after["tea"] < before["tea"]
    assert after["jazz"] == pytest.approx(before["jazz"], abs=0.05)


def test_what_a_person_removed_takes_the_interactions_that_speak_of_it_along() -> None:
    """However narrow the other words for it are."""
    window = [entry("tea-1", 1), entry("tea-2", 2), entry("jazz-1", 3)]
    state = UserState(window=window, removed=("tea",))
    refit(state, KNOWN, FIT)
    assert weights_of(state).keys() == weights_of(fitted([entry("jazz-1", 3)])).keys() == {"jazz"}
    assert weights_of(state) == weights_of(fitted([entry("jazz-1", 3)]))


def test_so_does_one_in_other_words_where_nothing_fits_the_item_better() -> None:
    known = known_world()
    item = known.items(["news:tea-1"])["news:tea-1"]
    known.learn_phrases(["afternoon brew"], {"afternoon brew": item.vector.astype("<f2").tobytes()})
    state = UserState(window=[entry("tea-1", 1), entry("jazz-1", 2)], removed=("afternoon brew",))
    refit(state, known, FIT)
    assert weights_of(state).keys() == {"jazz"}
