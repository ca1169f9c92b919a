"""When a profile is re-fitted."""

import pytest

from schemas.interaction import Signal
from schemas.profile import Cause
from workers.triggers import TriggerPolicy

POLICY = TriggerPolicy(refit_after=5, refit_age=30.0)


@pytest.mark.parametrize("signal", [Signal.CLICK, Signal.LIKE])
def test_the_first_thing_a_person_takes_to_makes_their_first_profile(signal: Signal) -> None:
    assert POLICY.refit_cause(signal, pending=1, version=0) is Cause.FIRST


@pytest.mark.parametrize("signal", [Signal.SKIP, Signal.IMPRESSION])
def test_what_a_person_passed_over_does_not(signal: Signal) -> None:
    assert POLICY.refit_cause(signal, pending=1, version=0) is None


@pytest.mark.parametrize("version", [0, 7])
@pytest.mark.parametrize("signal", [Signal.DISLIKE, Signal.RETRACT])
def test_what_a_person_says_outright_counts_at_once(signal: Signal, version: int) -> None:
    assert POLICY.refit_cause(signal, pending=1, version=version) is Cause.SIGNAL


@pytest.mark.parametrize(("pending", "cause"), [(4, None), (5, Cause.COUNT), (6, Cause.COUNT)])
def test_clicks_count_up_to_a_refit(pending: int, cause: Cause | None) -> None:
    assert POLICY.refit_cause(Signal.CLICK, pending, version=3) is cause


def test_what_is_pending_must_be_fitted_by_its_age() -> None:
    assert POLICY.refit_due(1_700_000_000_500) == 1_700_000_030.5
    assert POLICY.refit_due(None) is None
