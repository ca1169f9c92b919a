"""Event time decides, never arrival: permuted and late events end in the same profile."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.command import RefreshCommand
from schemas.interaction import Interaction, Signal
from tests.workers.mailbox import RULES, START, Mailbox, fold_bytes, fold_in, known_world, weights_of
from tests.workers.mailboxes import ITEMS, SECONDS, SIGNALS
from workers.agent import Event
from workers.state import UserState, decode_state

KNOWN = known_world()
LATER = 41 * 86_400.0

interactions = st.lists(
    st.tuples(ITEMS, SIGNALS, st.one_of(SECONDS, st.sampled_from([0.0, 1.0]))), min_size=1, max_size=14
)


def delivered(drawn: list[tuple[str, Signal, float]], order: list[int]) -> list[Event]:
    """The same events (ids and all) in another order of arrival, then a refresh."""
    mailbox = Mailbox()
    for place in order:
        item, signal, at = drawn[place]
        mailbox.send(item, signal, at, event_id=f"e{place:02d}", arrives=LATER)
    mailbox.put(RefreshCommand(command_id="last", user="ada", time=START), LATER)
    return mailbox.events


@settings(max_examples=60, deadline=None)
@given(interactions, st.randoms())
def test_any_order_of_arrival_gives_the_same_interests_vectors_and_weights(
    drawn: list[tuple[str, Signal, float]], random: Random
) -> None:
    order = list(range(len(drawn)))
    in_order = fold_in(delivered(drawn, order), known=KNOWN).state
    random.shuffle(order)
    permuted = fold_in(delivered(drawn, order), known=KNOWN).state
    assert permuted.interests == in_order.interests
    assert permuted.window == in_order.window
    assert permuted.updated_ms == in_order.updated_ms


@settings(max_examples=30, deadline=None)
@given(interactions, st.randoms(), st.integers(2, 5))
def test_a_full_window_holds_the_same_interactions_in_whatever_order_they_came(
    drawn: list[tuple[str, Signal, float]], random: Random, cap: int
) -> None:
    standing = [one for one in drawn if one[1] is not Signal.RETRACT]
    order = list(range(len(standing)))
    rules = replace(RULES, window=cap)
    in_order = fold_in(delivered(standing, order), known=KNOWN, rules=rules).state
    random.shuffle(order)
    permuted = fold_in(delivered(standing, order), known=KNOWN, rules=rules).state
    assert permuted.window == in_order.window
    assert len(permuted.window) == min(cap, len(standing))


def refreshed(mailbox: Mailbox, **rules: Any) -> UserState:
    refresh = RefreshCommand(command_id=f"r{mailbox.offset}", user=mailbox.user, time=START)
    events = [*mailbox.events, mailbox.put(refresh, LATER)]
    return fold_in(events, known=KNOWN, rules=replace(RULES, **rules)).state


def test_a_late_event_takes_its_place_by_its_own_time() -> None:
    mailbox = Mailbox()
    mailbox.send("tea-1", at=100.0, event_id="new")
    mailbox.send("tea-2", at=0.0, event_id="late", arrives=101.0)
    assert [entry.event for entry in refreshed(mailbox).window] == ["late", "new"]


def test_what_is_old_weighs_less_whenever_it_arrives() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(4), at=40 * 86_400.0)
    mailbox.clicks("jazz", range(4), at=0.0)
    weights = weights_of(refreshed(mailbox))
    assert weights["tea"] > 1.5 * weights["jazz"] > 0


def test_an_event_older_than_a_full_window_counts_as_the_past_and_moves_nothing_else() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(3), at=1_000.0)
    full = refreshed(mailbox, window=3)
    mailbox.send("tea-9", at=0.0, event_id="late", arrives=1_010.0)
    after = refreshed(mailbox, window=3)
    assert [entry.event for entry in after.window] == [entry.event for entry in full.window]
    assert after.past.mass == pytest.approx(1.0, abs=1e-3)
    assert weights_of(after)["tea"] != weights_of(full)["tea"]


def test_the_window_keeps_the_latest_and_the_past_the_rest() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(12))
    state = refreshed(mailbox, window=5)
    assert [entry.event for entry in state.window] == [f"e{n:04d}" for n in range(7, 12)]
    assert state.past.mass == pytest.approx(7.0, abs=1e-3)


def test_a_cap_that_was_lowered_holds_from_the_next_event_on() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(12))
    raw = fold_bytes(mailbox.events, known=KNOWN)
    raw = fold_bytes([mailbox.send("tea-1")], raw, KNOWN, replace(RULES, window=4))
    assert len(decode_state(raw).window) == 4


def test_arrival_only_dates_the_version_not_the_evidence() -> None:
    mailbox = Mailbox()
    mailbox.send("tea-1", at=0.0, arrives=500.0)
    folded = fold_in(mailbox.events)
    assert folded.state.updated_ms == folded.state.window[0].time_ms
    assert folded.changes[0].accepted_ms == mailbox.events[0].record.timestamp_ms
    message = mailbox.events[0].message
    assert isinstance(message, Interaction)
    assert folded.state.updated_ms == round(message.time.timestamp() * 1000)
