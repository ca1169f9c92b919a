"""Which of two things said of an item counts: the rules, and that no order of arrival changes the outcome."""

from itertools import permutations

import pytest

from schemas.base import MAX_COUNT
from workers.standing import (
    DIGITS,
    NONE,
    comes_too_late,
    described,
    gives_way,
    gone_at,
    is_taken_away,
    provided,
    undescribed,
)


def test_a_standing_has_one_length_up_to_the_greatest_time_and_offset() -> None:
    every = [provided(0, 0), provided(MAX_COUNT, 2**63 - 1), described(MAX_COUNT, "x"), undescribed(MAX_COUNT)]
    assert {len(one) for one in every} == {DIGITS}
    assert all(one.isdigit() for one in every)


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        (described(9, "x"), provided(1, 0)),
        (provided(1, 9), provided(2, 0)),
        (provided(1, 2), provided(1, 10)),
        (described(2, "x"), described(1, "y")),
    ],
)
def test_the_stronger_takes_the_place_and_keeps_it(weaker: str, stronger: str) -> None:
    assert gives_way(weaker, stronger)
    assert not gives_way(stronger, weaker)


def test_an_equal_one_is_written_again_and_one_without_a_standing_gives_way_and_is_held_up_by_nothing() -> None:
    for one in (provided(1, 1), described(1, "x")):
        assert gives_way(one, one)
        assert gives_way(NONE, one)
        assert gives_way(one, NONE)


def test_whatever_order_they_come_in_one_is_left() -> None:
    said = [described(5, "a"), described(5, "b"), described(3, "c"), provided(4, 1), provided(4, 2), provided(2, 9)]
    for some in (said, said[:3]):
        left = set()
        for order in permutations(some):
            stored = order[0]
            for one in order[1:]:
                stored = one if gives_way(stored, one) else stored
            left.add(stored)
        assert len(left) == 1


def test_a_tombstone_takes_away_what_was_taken_before_it() -> None:
    gone = provided(5, 3)
    assert all(is_taken_away(one, gone) for one in (provided(5, 3), provided(5, 2), described(4, "x"), NONE))
    assert not any(is_taken_away(one, gone) for one in (provided(5, 4), provided(6, 0), described(6, "x")))
    assert is_taken_away(provided(9, 9), NONE)


def test_a_tombstone_of_descriptions_leaves_what_the_provider_says() -> None:
    assert is_taken_away(described(5, "x"), undescribed(5))
    assert not is_taken_away(described(6, "x"), undescribed(5))
    assert not is_taken_away(provided(1, 0), undescribed(5))


def test_what_was_taken_before_a_tombstone_that_is_remembered_comes_too_late() -> None:
    gone = gone_at(provided(5, 3))
    assert all(comes_too_late(one, gone) for one in (provided(4, 9), described(4, "x")))
    assert not any(comes_too_late(one, gone) for one in (provided(5, 9), NONE))
    assert gone_at(undescribed(5)) is None
    assert gone_at(NONE) is None
    assert not comes_too_late(provided(4, 9), None)
