"""What every store does with budgets: never more than the limit, however many ask at once; corrected afterwards."""

import asyncio

import pytest

from workers.ports import Spent, Store

TODAY = 20_700


async def test_an_account_that_nobody_used_has_spent_nothing(store: Store) -> None:
    assert await store.spent("one", TODAY) == Spent(0, 0)


async def test_what_is_reserved_adds_up(store: Store) -> None:
    assert await store.reserve("one", TODAY, 1, 100, 10, 1000)
    assert await store.reserve("one", TODAY, 2, 250, 10, 1000)
    assert await store.spent("one", TODAY) == Spent(calls=3, tokens=350)


@pytest.mark.parametrize(("calls", "tokens"), [(4, 0), (0, 51), (4, 51)])
async def test_what_would_exceed_a_limit_is_refused_whole(store: Store, calls: int, tokens: int) -> None:
    assert await store.reserve("one", TODAY, 7, 950, 10, 1000)
    assert not await store.reserve("one", TODAY, calls, tokens, 10, 1000)
    assert await store.spent("one", TODAY) == Spent(7, 950)


async def test_a_limit_can_be_used_to_the_last(store: Store) -> None:
    assert await store.reserve("one", TODAY, 7, 950, 10, 1000)
    assert await store.reserve("one", TODAY, 3, 50, 10, 1000)
    assert await store.reserve("one", TODAY, 0, 0, 10, 1000)
    assert not await store.reserve("one", TODAY, 1, 0, 10, 1000)


async def test_accounts_and_periods_are_apart(store: Store) -> None:
    assert await store.reserve("one", TODAY, 1, 10, 1, 10)
    assert await store.reserve("two", TODAY, 1, 10, 1, 10)
    assert await store.reserve("one", TODAY + 1, 1, 10, 1, 10)
    assert not await store.reserve("one", TODAY, 1, 0, 1, 10)
    assert await store.spent("two", TODAY) == await store.spent("one", TODAY + 1) == Spent(1, 10)


async def test_those_who_ask_at_once_never_get_more_than_the_limit(store: Store) -> None:
    taken = await asyncio.gather(*(store.reserve("one", TODAY, 1, 30, 10, 200) for _ in range(20)))
    assert sum(taken) == 6
    assert await store.spent("one", TODAY) == Spent(6, 180)


async def test_a_correction_goes_up_and_down(store: Store) -> None:
    await store.reserve("one", TODAY, 5, 500, 10, 1000)
    await store.settle("one", TODAY, -2, -420)
    assert await store.spent("one", TODAY) == Spent(3, 80)
    await store.settle("one", TODAY, 1, 2000)
    assert await store.spent("one", TODAY) == Spent(4, 2080)


async def test_a_correction_may_pass_a_limit_and_then_nothing_more_is_given(store: Store) -> None:
    """It has been spent: to hide that would let the next one through."""
    await store.reserve("one", TODAY, 1, 100, 10, 1000)
    await store.settle("one", TODAY, 0, 5000)
    assert not await store.reserve("one", TODAY, 1, 1, 10, 1000)


async def test_nothing_falls_below_zero(store: Store) -> None:
    await store.settle("one", TODAY, -5, -5)
    assert await store.spent("one", TODAY) == Spent(0, 0)
    await store.reserve("one", TODAY, 2, 50, 10, 1000)
    await store.settle("one", TODAY, -9, -10)
    assert await store.spent("one", TODAY) == Spent(0, 40)


async def test_yesterday_is_kept_when_today_begins(store: Store) -> None:
    await store.reserve("one", TODAY, 2, 50, 10, 1000)
    await store.reserve("one", TODAY + 1, 1, 10, 10, 1000)
    await store.settle("one", TODAY, 0, 5)
    assert await store.spent("one", TODAY) == Spent(2, 55)


async def test_tokens_are_exact_up_to_2_to_the_53(store: Store) -> None:
    most = 2**53 - 1
    assert await store.reserve("one", TODAY, 1, most - 1, 10, most)
    assert await store.reserve("one", TODAY, 1, 1, 10, most)
    assert await store.spent("one", TODAY) == Spent(2, most)
