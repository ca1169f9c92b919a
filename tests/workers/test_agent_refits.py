"""When the agent re-fits, and when that makes a version."""

from dataclasses import replace

import pytest

from schemas.command import RefreshCause, RefreshCommand
from schemas.interaction import Signal
from schemas.profile import Cause
from tests.workers.mailbox import RULES, START, Mailbox, fold_in, milliseconds, weights_of
from workers.triggers import TriggerPolicy


def refresh(mailbox: Mailbox, cause: RefreshCause = RefreshCause.DEMAND, at: float = 500.0) -> None:
    identity = f"refresh-{mailbox.offset}"
    mailbox.put(RefreshCommand(command_id=identity, user=mailbox.user, time=START, cause=cause), arrives=at)


def causes(mailbox: Mailbox) -> list[tuple[int, Cause]]:
    return [(change.version, change.cause) for change in fold_in(mailbox.events).changes]


def test_the_first_click_makes_the_first_version_and_every_fifth_after_it_another() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(11))
    assert causes(mailbox) == [(1, Cause.FIRST), (2, Cause.COUNT), (3, Cause.COUNT)]


def test_a_version_tells_how_many_interactions_it_took_in_and_when_the_last_one_came() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(6))
    first, second = fold_in(mailbox.events).changes
    assert (first.events, second.events) == (1, 5)
    assert (first.interests, second.interests) == (1, 1)
    assert (first.accepted_ms, second.accepted_ms) == (milliseconds(0), milliseconds(5))


def test_passing_things_over_makes_no_first_version() -> None:
    mailbox = Mailbox()
    mailbox.send("tea-1", "impression")
    mailbox.send("tea-2", "skip")
    folded = fold_in(mailbox.events)
    assert (folded.state.version, folded.state.pending) == (0, 2)


def test_what_is_pending_is_dated_by_the_first_that_is() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(1))
    assert fold_in(mailbox.events).state.pending_since_ms is None
    mailbox.send("tea-2", at=7.0)
    mailbox.send("tea-3", at=8.0)
    state = fold_in(mailbox.events).state
    assert (state.pending, state.pending_since_ms) == (2, milliseconds(7))


def test_a_refresh_on_demand_fits_what_is_pending() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(3))
    refresh(mailbox)
    folded = fold_in(mailbox.events)
    assert [change.cause for change in folded.changes] == [Cause.FIRST, Cause.DEMAND]
    assert (folded.state.pending, folded.state.pending_since_ms) == (0, None)
    assert folded.state.refitted_ms == milliseconds(500)


def test_a_refresh_by_age_fits_what_is_pending_and_does_nothing_where_nothing_is() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(2))
    refresh(mailbox, RefreshCause.AGE)
    refresh(mailbox, RefreshCause.AGE, at=600.0)
    folded = fold_in(mailbox.events)
    assert folded.refits == {"first": 1, "age": 1}
    assert folded.state.refitted_ms == milliseconds(500)


def test_a_refresh_by_age_does_nothing_where_what_is_pending_is_not_due_yet() -> None:
    """It was sent twice, and something new has come after the first."""
    mailbox = Mailbox()
    mailbox.clicks("tea", range(2))
    refresh(mailbox, RefreshCause.AGE, at=500.0)
    mailbox.send("tea-3", at=501.0)
    refresh(mailbox, RefreshCause.AGE, at=504.0)
    folded = fold_in(mailbox.events)
    assert folded.refits == {"first": 1, "age": 1}
    assert folded.state.pending == 1


def test_a_refit_that_changes_nothing_makes_no_version() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(1))
    refresh(mailbox)
    refresh(mailbox, at=600.0)
    folded = fold_in(mailbox.events)
    assert folded.refits == {"first": 1, "demand": 2}
    assert folded.state.version == 1
    assert folded.state.refitted_ms == milliseconds(600)


def test_a_refresh_of_somebody_unknown_makes_no_version() -> None:
    mailbox = Mailbox()
    refresh(mailbox)
    folded = fold_in(mailbox.events)
    assert (folded.state.version, folded.changes, folded.letters) == (0, [], [])


def test_the_policy_says_how_many() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(5))
    rules = replace(RULES, triggers=TriggerPolicy(refit_after=2))
    assert len(fold_in(mailbox.events, rules=rules).changes) == 3


def test_applied_is_counted_by_the_door_it_came_in() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(2))
    assert fold_in(mailbox.events).applied == {"api": 2}


@pytest.mark.parametrize("estimator", ["streaming", "paper"])
def test_what_somebody_reads_stands_before_what_they_skip_with_either_estimator(estimator: str) -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(8))
    mailbox.clicks("jazz", range(3))
    for number in range(3):
        mailbox.send(f"chess-{number}", Signal.SKIP)
    refresh(mailbox)
    fit = replace(RULES.fit, estimator=estimator)  # type: ignore[arg-type]
    weights = weights_of(fold_in(mailbox.events, rules=replace(RULES, fit=fit)).state)
    assert min(weights["tea"], weights["jazz"]) > max(0.0, weights["chess"])
