"""What clicks that nobody can have read are worth: little, whatever order they come in; all others what they were."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.interaction import Interaction, Signal
from tests.workers.mailbox import FIT, RULES, START, Mailbox, fold_bytes, fold_in, item_id, known_world, weights_of
from workers.agent import Event
from workers.evidence import BRIEF, BRIEF_MS, BURST, MINUTE_MS, RUSH, evidence, in_a_rush, left_behind, remembered
from workers.refit import refit
from workers.signals import DAY_MS, SIGNED, fade
from workers.state import Remembered, UserState, decode_state, encode_state
from workers.triggers import TriggerPolicy
from workers.weights import Array
from workers.window import live, remember

NOON = 1_790_000_040_000
"""A full minute, in milliseconds since 1970."""

DAY = 86_400.0
KNOWN = known_world()
SAID = sorted(SIGNED)


def did(at: int, signal: Signal = Signal.CLICK, event: str | None = None, brief: bool = False) -> Remembered:
    return Remembered(NOON + at, event or f"e{at:09d}", "news:1", signal, None, brief)


def in_order(window: list[Remembered]) -> list[Remembered]:
    return sorted(window, key=lambda one: (one.time_ms, one.event))


def unfaded(window: list[Remembered]) -> Array:
    """(n,) in the window's order."""
    return evidence(in_order(window), NOON, float("inf"))


def interaction(**fields: Any) -> Interaction:
    return Interaction(
        **{"event_id": "e", "user": "ada", "provider": "news", "item": "1", "signal": "click", "time": START} | fields
    )


class TestBrief:
    @pytest.mark.parametrize(
        ("signal", "dwell", "brief"),
        [
            ("click", 0, True),
            ("click", BRIEF_MS - 1, True),
            ("click", BRIEF_MS, False),
            ("click", None, False),
            ("like", 0, False),
            ("skip", 300, False),
            ("dislike", 800, False),
            ("impression", 200, False),
        ],
    )
    def test_is_a_click_left_at_once_and_nothing_that_was_said_outright(
        self, signal: str, dwell: int | None, brief: bool
    ) -> None:
        assert remembered(interaction(signal=signal, dwell_ms=dwell)).brief is brief

    def test_counts_a_tenth(self) -> None:
        assert unfaded([did(0, brief=True), did(MINUTE_MS)]).tolist() == [BRIEF, 1.0]

    def test_reaches_the_weights_through_the_record(self) -> None:
        """Six clicks on tea that were read, six on jazz, read or left at once."""
        read, left = (weights_of(fold_in(_clicks(dwell)).state) for dwell in (None, BRIEF_MS - 1))
        assert read["jazz"] == pytest.approx(read["tea"], rel=0.1)
        assert left["jazz"] < 0.3 * left["tea"]
        again = decode_state(fold_bytes(_clicks(BRIEF_MS - 1)))
        assert [one.brief for one in again.window] == [False, True] * 6


def _clicks(dwell_ms: int | None) -> list[Event]:
    mailbox = Mailbox()
    for number in range(12):
        topic, dwell = ("jazz", dwell_ms) if number % 2 else ("tea", None)
        time, item = START + timedelta(hours=number), item_id(topic, number // 2)
        mailbox.put(interaction(event_id=f"e{number}", item=item, time=time, dwell_ms=dwell), number * 3600.0)
    return mailbox.events


class TestBurst:
    @settings(max_examples=200, deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, 5 * MINUTE_MS), st.sampled_from(SAID), st.booleans()), max_size=256),
        st.randoms(use_true_random=False),
    )
    def test_no_minute_counts_more_than_its_bound_in_any_order(
        self, acts: list[tuple[int, Signal, bool]], order: Any
    ) -> None:
        window = [
            did(at, signal, f"e{n:03d}", brief and signal is Signal.CLICK) for n, (at, signal, brief) in enumerate(acts)
        ]
        said = unfaded(window)
        minutes = np.array([one.time_ms // MINUTE_MS for one in in_order(window)])
        for minute in set(minutes.tolist()):
            assert np.abs(said[minutes == minute]).sum() <= BURST * (1 + 1e-12)
        arrived: list[Remembered] = []
        order.shuffle(window)
        for one in window:
            assert remember(arrived, one, cap=256) == []
        assert evidence(arrived, NOON, float("inf")).tobytes() == said.tobytes()

    def test_is_shared_in_proportion(self) -> None:
        window = [did(n, Signal.CLICK if n % 2 else Signal.DISLIKE) for n in range(40)]
        assert unfaded(window).tolist() == pytest.approx([-2.0 / 3, 1.0 / 3] * 20, rel=1e-12)

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 90 * DAY_MS // 6_000), st.sampled_from(SAID)), max_size=60))
    def test_whoever_stays_within_it_counts_to_the_last_bit_as_before(self, acts: list[tuple[int, Signal]]) -> None:
        """At most one act in six seconds, ten likes a minute."""
        entries = in_order([did(6_000 * at, signal) for at, signal in dict(acts).items()])
        newest = entries[-1].time_ms if entries else 0
        plain = np.array([SIGNED[one.signal] for one in entries])
        before = plain * fade(np.array([float(newest - one.time_ms) for one in entries]), 30.0)
        assert evidence(entries, newest, 30.0).tobytes() == before.tobytes()

    def test_twenty_clicks_in_a_minute_are_none_and_twenty_one_are(self) -> None:
        assert unfaded([did(n) for n in range(20)]).tolist() == [1.0] * 20
        assert unfaded([did(n) for n in range(21)]).tolist() == pytest.approx([20 / 21] * 21)


class TestWhatLeavesTheWindow:
    @pytest.mark.parametrize(("clicks", "cap"), [(200, 60), (200, 20), (1_000, 256), (15, 5)])
    def test_no_minute_leaves_more_behind_than_its_bound(self, clicks: int, cap: int) -> None:
        window: list[Remembered] = []
        acts = [did(n) for n in range(clicks)] + [did(n * MINUTE_MS) for n in range(1, cap + 1)]
        behind = [left_behind(gone, window) for one in acts for gone in remember(window, one, cap)]
        assert len(behind) == clicks
        assert sum(behind) <= BURST
        assert sum(behind[-20:]) == min(clicks, 20)

    def test_a_retracted_burst_does_not_count_against_what_stands(self) -> None:
        burst = [Remembered(NOON + n, f"e{n}", "news:2", Signal.CLICK) for n in range(30)]
        window = [*burst, Remembered(NOON + 40, "r", "news:2", Signal.RETRACT)]
        assert left_behind(did(0), live(burst)) == 0.0
        assert left_behind(did(0), window) == 1.0

    def test_is_what_it_said_where_there_is_no_crowd(self) -> None:
        window = [did(n * MINUTE_MS) for n in range(1, 100)]
        assert [left_behind(did(0, signal), window) for signal in SAID] == [SIGNED[signal] for signal in SAID]
        assert left_behind(did(0, brief=True), window) == BRIEF


class TestPoison:
    """Two hundred clicks on one topic, beside forty honest ones on three others in three weeks."""

    def poisoned(self, clicks: int, apart: float) -> dict[str, float]:
        mailbox = Mailbox()
        for n in range(40):
            mailbox.send(item_id(("tea", "jazz", "chess")[n % 3], n // 3 % 12), at=n * DAY / 2)
        for n in range(clicks):
            mailbox.send(item_id("rowing", n % 12), at=20 * DAY + n * apart)
        return weights_of(fold_in(mailbox.events).state)

    def test_in_twenty_seconds_moves_a_profile_as_far_as_twenty_honest_clicks(self) -> None:
        before, read, burst = self.poisoned(0, 0), self.poisoned(200, 60.0), self.poisoned(200, 0.1)
        honest = self.poisoned(20, 60.0)
        lost, lost_to_burst = (min(before[topic] - after[topic] for topic in before) for after in (read, burst))
        assert read["rowing"] > 0.5  # it would be the first interest by far
        assert all(read[topic] < 0.6 * before[topic] for topic in before)
        assert burst["rowing"] <= honest["rowing"] + 0.03
        assert all(burst[topic] > 0.85 * before[topic] for topic in before)
        assert lost_to_burst < lost / 4

    def test_across_the_full_minute_moves_it_as_far_as_forty(self) -> None:
        mailbox = [did(n * 100 - 10_000) for n in range(200)]
        assert abs(unfaded(mailbox)).sum() == pytest.approx(2 * BURST)

    @settings(max_examples=15, deadline=None)
    @given(st.permutations(range(60)))
    def test_late_or_permuted_it_comes_to_the_same_profile(self, order: list[int]) -> None:
        acts = [(item_id("rowing", n % 12), n * 0.1) for n in range(60)]
        window: list[Remembered] = []
        for n in order:
            item, at = acts[n]
            moment = datetime.fromtimestamp(START.timestamp() + at, UTC)
            remember(window, remembered(interaction(event_id=f"e{n}", item=item, time=moment)), 256)
        shuffled, straight = UserState(window=window), UserState(window=in_order(window))
        for state in (shuffled, straight):
            refit(state, KNOWN, FIT)
        assert encode_state(shuffled) == encode_state(straight)


class TestRush:
    def test_sixty_in_one_minute_of_event_time_are_one_wherever_in_the_window_it_lies(self) -> None:
        for before, after in [(0, 0), (30, 0), (0, 30), (30, 30)]:
            earlier = [did(-3 * MINUTE_MS - at) for at in range(before)]
            later = [did(5 * MINUTE_MS + at) for at in range(after)]
            busy = [did(at * 1_000) for at in range(RUSH)]
            assert in_a_rush(in_order(earlier + busy + later), NOON + 30_000)
            assert not in_a_rush(in_order(earlier + busy[1:] + later), NOON + 30_000)
            assert not in_a_rush(in_order(earlier + busy + later), NOON + 5 * MINUTE_MS)

    def test_a_script_that_clicks_is_re_fitted_a_tenth_as_often_and_ends_where_it_would_have(self) -> None:
        box = Mailbox()
        for number in range(200):
            box.send(f"chess-{number % 8}", at=float(number) / 10)
        done = fold_in(box.events)
        assert done.refits.total() <= 1 + 60 // 5 + (200 - 60) // 50 + 1
        eager = fold_in(box.events, rules=replace(RULES, triggers=TriggerPolicy(refit_after=1))).state
        for state in (done.state, eager):
            refit(state, KNOWN, FIT)
        assert weights_of(done.state) == weights_of(eager)
