"""What each signal says, and that event time fades it in one direction only."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.interaction import Signal
from workers.signals import DAY_MS, SIGNED, fade


def test_every_signal_but_a_retraction_says_something() -> None:
    assert set(SIGNED) == set(Signal) - {Signal.RETRACT}
    assert 0.0 not in SIGNED.values()


def test_signs_and_order_of_the_signals() -> None:
    from_best = [Signal.LIKE, Signal.CLICK, Signal.IMPRESSION, Signal.SKIP, Signal.DISLIKE]
    assert sorted(SIGNED, key=SIGNED.__getitem__, reverse=True) == from_best
    assert SIGNED[Signal.CLICK] > 0 > SIGNED[Signal.IMPRESSION]
    assert SIGNED[Signal.LIKE] == -SIGNED[Signal.DISLIKE]


@pytest.mark.parametrize(("days", "left"), [(0, 1.0), (30, 0.5), (60, 0.25), (15, 2**-0.5)])
def test_half_is_left_after_a_half_life(days: float, left: float) -> None:
    assert fade(days * DAY_MS, 30.0) == pytest.approx(left, rel=1e-15)


@given(st.floats(0, 1e13), st.floats(0, 1e13), st.floats(0.01, 1000))
def test_older_never_weighs_more(age: float, more: float, half_life: float) -> None:
    assert 0.0 <= fade(age + more, half_life) <= fade(age, half_life) <= 1.0


@given(st.lists(st.floats(0, 1e11), min_size=1, max_size=20))
def test_many_at_once_fade_like_one_by_one(ages: list[float]) -> None:
    together = fade(np.array(ages), 30.0)
    np.testing.assert_allclose(together, [fade(age, 30.0) for age in ages], rtol=1e-14)
