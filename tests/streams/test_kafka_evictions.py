"""When being thrown out of a group becomes fatal."""

import pytest

from streams.kafka_evictions import Evictions
from workers.errors import FatalRunnerError


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_three_times_within_a_minute_is_fatal() -> None:
    clock = Clock()
    evictions = Evictions("agents", clock)
    for _ in range(2):
        evictions.note("")
        clock.now += 20
    with pytest.raises(FatalRunnerError, match="ATTUNE_INSTANCE of its own"):
        evictions.note("")


def test_three_times_in_longer_is_bad_luck() -> None:
    clock = Clock()
    evictions = Evictions("agents", clock)
    for _ in range(10):
        evictions.note("")
        clock.now += 31


def test_an_ordinary_rebalance_does_not_count() -> None:
    evictions = Evictions("agents", Clock())
    for _ in range(10):
        evictions.note("a member id")


def test_who_had_its_place_before_has_twice_the_patience() -> None:
    clock = Clock()
    evictions = Evictions("agents", clock)
    evictions.assigned()
    clock.now += 5
    for _ in range(5):
        evictions.note("")
        evictions.assigned()
        clock.now += 1
    with pytest.raises(FatalRunnerError, match="6 times"):
        evictions.note("")


def test_who_has_only_just_come_has_not() -> None:
    clock = Clock()
    evictions = Evictions("agents", clock)
    evictions.assigned()
    for _ in range(2):
        clock.now += 1
        evictions.note("")
    with pytest.raises(FatalRunnerError, match="3 times"):
        evictions.note("")
