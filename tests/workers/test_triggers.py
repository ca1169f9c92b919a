"""When a profile is re-fitted, and when its texts are refined."""

from dataclasses import replace

import pytest

from schemas.interaction import Signal
from schemas.profile import Cause
from schemas.proposal import RefineTrigger
from workers.triggers import FADED, IDLE_AT_MOST, SinceRefinement, TriggerPolicy

POLICY = TriggerPolicy(refit_after=5, refit_age=30.0)


@pytest.mark.parametrize("signal", [Signal.CLICK, Signal.LIKE])
def test_the_first_thing_a_person_takes_to_makes_their_first_profile(signal: Signal) -> None:
    assert POLICY.refit_cause(signal, pending=1, learned=0) is Cause.FIRST


@pytest.mark.parametrize("signal", [Signal.SKIP, Signal.IMPRESSION])
def test_what_a_person_passed_over_does_not(signal: Signal) -> None:
    assert POLICY.refit_cause(signal, pending=1, learned=0) is None


@pytest.mark.parametrize("learned", [0, 7])
@pytest.mark.parametrize("signal", [Signal.DISLIKE, Signal.RETRACT])
def test_what_a_person_says_outright_counts_at_once(signal: Signal, learned: int) -> None:
    assert POLICY.refit_cause(signal, pending=1, learned=learned) is Cause.SIGNAL


@pytest.mark.parametrize(("pending", "cause"), [(4, None), (5, Cause.COUNT), (6, Cause.COUNT)])
def test_clicks_count_up_to_a_refit(pending: int, cause: Cause | None) -> None:
    assert POLICY.refit_cause(Signal.CLICK, pending, learned=3) is cause


@pytest.mark.parametrize("signal", [Signal.CLICK, Signal.LIKE, Signal.RETRACT])
def test_in_a_rush_re_fits_come_ten_times_rarer_whatever_is_said(signal: Signal) -> None:
    assert POLICY.refit_cause(signal, 49, learned=3, rush=True) is None
    assert POLICY.refit_cause(signal, 50, learned=3, rush=True) is Cause.COUNT
    assert POLICY.refit_cause(Signal.CLICK, 1, learned=0, rush=True) is Cause.FIRST


def test_what_is_pending_must_be_fitted_by_its_age() -> None:
    assert POLICY.refit_due(1_700_000_000_500) == 1_700_000_030.5
    assert POLICY.refit_due(None) is None


REFINES = TriggerPolicy(
    refine_after=20, refine_first=10, refine_drop=0.15, refine_age=86_400.0, refine_cooldown=300.0, refine_idle=30.0
)
NEVER = SinceRefinement()
LONG_AGO = SinceRefinement(refined_ms=0)
NOON = 12 * 3_600_000
DAY = 86_400_000


def after(
    clicks: int,
    since: SinceRefinement = LONG_AGO,
    start: int = NOON,
    every: int = 1_000,
    policy: TriggerPolicy = REFINES,
    signal: Signal = Signal.CLICK,
) -> SinceRefinement:
    """So many interactions, a second apart."""
    for number in range(clicks):
        since = policy.counted(since, signal, start + number * every)
    return since


@pytest.mark.parametrize(
    ("since", "enough", "trigger"), [(LONG_AGO, 20, RefineTrigger.COUNT), (NEVER, 10, RefineTrigger.BOOTSTRAP)]
)
def test_enough_interactions_trigger_a_refinement_and_one_fewer_does_not(
    since: SinceRefinement, enough: int, trigger: RefineTrigger
) -> None:
    assert after(enough - 1, since).trigger is None
    assert after(enough, since).trigger is trigger
    assert after(enough + 1, since).trigger_ms == NOON + (enough - 1) * 1_000


def test_of_few_interactions_nothing_is_ever_described() -> None:
    assert REFINES.refine_due(after(9, NEVER)) is None


def test_what_was_merely_shown_is_no_reason() -> None:
    assert after(50, signal=Signal.IMPRESSION).events == 0
    assert after(50, NEVER, signal=Signal.IMPRESSION).trigger is None


def test_a_refinement_waits_until_its_person_pauses() -> None:
    since = after(20)
    assert REFINES.refine_due(since) == (RefineTrigger.COUNT, since.last_ms + 30_000)
    later = after(1, since, start=since.last_ms + 20_000)
    assert REFINES.refine_due(later) == (RefineTrigger.COUNT, later.last_ms + 30_000)
    shown = after(1, later, start=later.last_ms + 20_000, signal=Signal.IMPRESSION)
    assert REFINES.refine_due(shown) == (RefineTrigger.COUNT, shown.last_ms + 30_000)


def test_nobody_is_waited_for_without_end() -> None:
    since = after(20)
    busy = after(100, since, every=20_000)
    assert REFINES.refine_due(busy) == (RefineTrigger.COUNT, since.trigger_ms + IDLE_AT_MOST * 30_000)


def test_after_a_refinement_there_is_none_for_a_while() -> None:
    busy = after(20, SinceRefinement(refined_ms=NOON - 60_000))
    assert REFINES.refine_due(busy) == (RefineTrigger.COUNT, NOON + 240_000)


def test_a_refinement_counts_anew() -> None:
    since = after(20, SinceRefinement(measured=9, reward=0.5, best=0.6, token=7))
    refined = REFINES.refined(since, NOON)
    assert refined == SinceRefinement(refined_ms=NOON, last_ms=since.last_ms, token=7)
    assert REFINES.refine_due(refined) is None


@pytest.mark.parametrize(("clicks", "due"), [(0, None), (1, (RefineTrigger.AGE, DAY))])
def test_a_day_after_the_last_one_there_is_another_if_anything_has_happened(
    clicks: int, due: tuple[RefineTrigger, int] | None
) -> None:
    assert REFINES.refine_due(after(clicks)) == due


def test_who_comes_back_after_longer_is_refined_once_they_pause() -> None:
    since = after(1, start=3 * DAY)
    assert REFINES.refine_due(since) == (RefineTrigger.AGE, 3 * DAY + 30_000)


def test_a_demand_does_not_wait_for_a_pause_but_for_the_cooldown() -> None:
    since = after(3)
    assert REFINES.refine_due(REFINES.demanded(since, NOON + 5_000)) == (RefineTrigger.DEMAND, NOON + 5_000)
    refined = after(3, SinceRefinement(refined_ms=NOON))
    assert REFINES.refine_due(REFINES.demanded(refined, NOON + 5_000)) == (RefineTrigger.DEMAND, NOON + 300_000)


def test_a_demand_goes_before_what_was_triggered() -> None:
    assert REFINES.refine_due(REFINES.demanded(after(25), NOON + 40_000)) == (RefineTrigger.DEMAND, NOON + 40_000)


ON_DEMAND = replace(REFINES, refine_after=None)


@pytest.mark.parametrize("since", [NEVER, LONG_AGO])
def test_without_a_count_nothing_but_a_demand_triggers_a_refinement(since: SinceRefinement) -> None:
    much = after(50, since, start=3 * DAY, policy=ON_DEMAND)
    assert (much.trigger, ON_DEMAND.refine_due(much)) == (None, None)
    drifted = measured([0.9] * 20 + [0.3] * 10, much)
    assert ON_DEMAND.refine_due(drifted) is None
    asked = ON_DEMAND.demanded(drifted, 4 * DAY)
    assert ON_DEMAND.refine_due(asked) == (RefineTrigger.DEMAND, 4 * DAY)


def test_what_was_triggered_before_the_count_was_taken_away_is_dropped() -> None:
    assert ON_DEMAND.refine_due(after(25)) is None


def test_demands_keep_to_the_cooldown_also_where_nothing_else_triggers() -> None:
    asked = ON_DEMAND.demanded(SinceRefinement(refined_ms=NOON), NOON + 5_000)
    assert ON_DEMAND.refine_due(asked) == (RefineTrigger.DEMAND, NOON + 300_000)


def measured(rewards: list[float], since: SinceRefinement = LONG_AGO) -> SinceRefinement:
    for number, reward in enumerate(rewards):
        since = REFINES.measured(since, reward, NOON + number)
    return since


def test_a_profile_that_stops_to_fit_has_drifted_within_six_interactions() -> None:
    fits, not_any_longer = [0.9] * 20, [0.6] * 6
    assert measured(fits + not_any_longer[:5]).trigger is None
    since = measured(fits + not_any_longer)
    assert (since.trigger, since.trigger_ms) == (RefineTrigger.DRIFT, NOON + 25)
    assert REFINES.refine_due(since) is not None


def test_one_surprise_is_no_drift_and_neither_is_one_surprise_in_ten() -> None:
    assert measured([*[0.9] * 20, 0.0]).trigger is None
    assert measured(([0.95] * 9 + [0.5]) * 10).trigger is None


def test_the_first_few_are_only_counted_in() -> None:
    """Of two measurements, chance decides which is the best."""
    assert measured([1.0, *[0.6] * 20]).trigger is None
    assert measured([0.2] * (FADED - 1)).best == 0.0
    assert measured([0.2] * FADED).best == 0.2


def test_a_moving_reward_forgets() -> None:
    assert measured([0.0] * 10 + [1.0] * 40).reward == pytest.approx(1.0, abs=0.01)


def test_what_was_reached_first_is_the_reason() -> None:
    drifted = measured([0.9] * 20 + [0.3] * 10)
    assert after(30, drifted).trigger is RefineTrigger.DRIFT
