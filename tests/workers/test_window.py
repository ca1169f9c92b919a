"""Which remembered interactions still stand, and what leaves a full window."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.interaction import Signal
from workers.state import Remembered
from workers.window import live, remember

CLICK, LIKE, RETRACT = Signal.CLICK, Signal.LIKE, Signal.RETRACT


def click(time: int, event: str | None = None, item: str = "news:1") -> Remembered:
    return Remembered(time, event or f"e{time}", item, CLICK)


def retract(time: int, event: str | None = None, item: str = "news:1", names: str | None = None) -> Remembered:
    return Remembered(time, event or f"r{time}", item, RETRACT, names)


def events(window: list[Remembered]) -> list[str]:
    return [entry.event for entry in window]


def test_a_retraction_takes_back_what_was_done_with_its_item_up_to_its_own_time() -> None:
    window = [click(1), click(2), click(2, "other", item="news:2"), retract(2), click(3)]
    assert events(live(window)) == ["other", "e3"]


def test_of_two_retractions_of_one_item_the_later_one_reaches_further() -> None:
    window = [retract(1, "r"), click(2), click(3), retract(4, "s"), click(5)]
    assert events(live(window)) == ["e5"]
    assert events(live(sorted(window, reverse=True))) == ["e5"]


def test_a_retraction_of_one_event_takes_back_that_event_only_whatever_their_times() -> None:
    assert events(live([retract(0, names="e2"), click(1), click(2), click(3)])) == ["e1", "e3"]
    assert events(live([click(1), click(2), retract(3, names="e1")])) == ["e2"]


def test_without_a_retraction_all_stand() -> None:
    window = [click(1), click(2)]
    assert live(window) == window


def test_the_window_is_kept_by_event_time_then_event_id() -> None:
    window: list[Remembered] = []
    for entry in (click(2, "b"), click(3, "a"), click(2, "a"), click(1, "z")):
        assert remember(window, entry, cap=10) == []
    assert [(entry.time_ms, entry.event) for entry in window] == [(1, "z"), (2, "a"), (2, "b"), (3, "a")]


def test_two_entries_that_differ_in_what_they_retract_only_can_be_put_in_order() -> None:
    window: list[Remembered] = []
    remember(window, retract(1, "r"), cap=4)
    remember(window, retract(1, "r", names="e1"), cap=4)
    assert len(window) == 2


def test_the_oldest_by_event_time_leaves_a_full_window() -> None:
    window = [click(1), click(2)]
    assert events(remember(window, click(3), cap=2)) == ["e1"]
    assert events(window) == ["e2", "e3"]


def test_what_is_older_than_a_full_window_passes_through_it() -> None:
    window = [click(2), click(3)]
    assert events(remember(window, click(1), cap=2)) == ["e1"]
    assert events(window) == ["e2", "e3"]


def test_what_had_been_taken_back_leaves_without_a_word() -> None:
    window = [click(1), click(2, item="news:2"), retract(3)]
    assert remember(window, click(4), cap=3) == []
    assert events(window) == ["e2", "r3", "e4"]


def test_a_retraction_leaves_without_a_word() -> None:
    window = [retract(1, item="news:9"), click(2)]
    assert remember(window, click(3), cap=2) == []


def test_what_a_leaving_retraction_took_back_does_not_come_back_to_life() -> None:
    """It may stand behind its retraction: at the same time with a later id, or named by one that is older."""
    for older in (retract(1, "a"), retract(0, "a", names="z")):
        window = [older, click(1, "z"), click(2, item="news:2")]
        assert remember(window, click(3, item="news:3"), cap=3) == []
        assert events(window) == ["e2", "e3"]


def test_a_lowered_cap_takes_effect_with_the_next_event() -> None:
    window = [click(time) for time in range(1, 6)]
    assert events(remember(window, click(6), cap=3)) == ["e1", "e2", "e3"]
    assert events(window) == ["e4", "e5", "e6"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from([CLICK, LIKE])), max_size=12), st.randoms())
def test_the_order_of_arrival_does_not_matter(drawn: list[tuple[int, Signal]], random: Random) -> None:
    entries = [Remembered(time, f"e{n}", "news:1", signal) for n, (time, signal) in enumerate(drawn)]
    shuffled = list(entries)
    random.shuffle(shuffled)
    windows, gone = [], []
    for arrivals in (entries, shuffled):
        window: list[Remembered] = []
        gone.append(sorted(leaving for entry in arrivals for leaving in remember(window, entry, cap=4)))
        windows.append(window)
    assert windows[0] == windows[1]
    assert gone[0] == gone[1]
