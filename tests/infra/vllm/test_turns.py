"""A bounded number at once, the most urgent first."""

import asyncio

import pytest

from infra.vllm.options import Priority
from infra.vllm.turns import Turns
from schemas.proposal import RefineTrigger
from workers.errors import Overloaded


class Crowd:
    """Holders of turns who leave when told to; `order` is who came to their turn, in order."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.order: list[str] = []
        self.leave = asyncio.Semaphore(0)

    async def enter(self, name: str, priority: int) -> None:
        async with self.turns.turn(priority):
            self.order.append(name)
            await self.leave.acquire()

    async def start(self, name: str, priority: int = 0) -> asyncio.Task[None]:
        task = asyncio.create_task(self.enter(name, priority))
        await asyncio.sleep(0)
        return task

    async def finish(self, *tasks: asyncio.Task[None]) -> None:
        for _ in tasks:
            self.leave.release()
        await asyncio.gather(*tasks)


def test_demand_comes_before_drift_before_the_first_words_before_count_before_age() -> None:
    assert sorted(RefineTrigger, key=Priority.of) == ["demand", "drift", "bootstrap", "count", "age"]


async def test_no_more_than_so_many_hold_a_turn() -> None:
    crowd = Crowd(Turns(2, 10))
    tasks = [await crowd.start(str(number)) for number in range(5)]
    assert crowd.order == ["0", "1"]
    assert (crowd.turns.running, crowd.turns.waiting) == (2, 3)
    await crowd.finish(*tasks)
    assert crowd.order == ["0", "1", "2", "3", "4"]
    assert (crowd.turns.running, crowd.turns.waiting) == (0, 0)


async def test_the_most_urgent_is_next_and_among_equals_the_one_who_came_first() -> None:
    crowd = Crowd(Turns(1, 10))
    tasks = [await crowd.start(name, priority) for name, priority in [("x", 4), ("a", 4), ("b", 0), ("c", 1), ("d", 0)]]
    await crowd.finish(*tasks)
    assert crowd.order == ["x", "b", "d", "c", "a"]


async def test_in_a_full_queue_the_least_urgent_gives_way_even_where_it_waits_already() -> None:
    crowd = Crowd(Turns(1, 2))
    first, early, late = [await crowd.start(name, 4) for name in ("first", "early", "late")]
    urgent = await crowd.start("urgent", 0)
    with pytest.raises(Overloaded, match="2 wait"):
        await late
    with pytest.raises(Overloaded):
        await crowd.enter("another", 4)
    await crowd.finish(first, early, urgent)
    assert crowd.order == ["first", "urgent", "early"]


async def test_one_who_stops_waiting_is_passed_over() -> None:
    crowd = Crowd(Turns(1, 10))
    first, second, third = [await crowd.start(name) for name in ("first", "second", "third")]
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert crowd.turns.waiting == 1
    await crowd.finish(first, third)
    assert crowd.order == ["first", "third"]


async def test_a_turn_granted_to_one_who_is_just_cancelled_goes_on_to_the_next() -> None:
    crowd = Crowd(Turns(1, 10))
    async with crowd.turns.turn(0):
        second, third = [await crowd.start(name) for name in ("second", "third")]
    second.cancel()  # it has its turn since the block ended, and has not run since
    await asyncio.gather(second, return_exceptions=True)
    await crowd.finish(third)
    assert crowd.order == ["third"]
    assert crowd.turns.running == 0


async def test_one_cancelled_in_the_moment_before_a_turn_is_free_is_passed_over() -> None:
    crowd = Crowd(Turns(1, 10))
    first, second, third = [await crowd.start(name) for name in ("first", "second", "third")]
    crowd.leave.release()
    second.cancel()  # its future is done, and it still stands in the queue
    await asyncio.gather(first, second, return_exceptions=True)
    await crowd.finish(third)
    assert crowd.order == ["first", "third"]


async def test_one_cancelled_in_the_moment_before_the_queue_is_full_gives_its_place() -> None:
    crowd = Crowd(Turns(1, 1))
    first, late = [await crowd.start(name, 4) for name in ("first", "late")]
    late.cancel()  # its future is done, and it still stands in the queue, last
    for _ in range(2):
        crowd.leave.release()
    await crowd.enter("urgent", 0)
    await asyncio.gather(first, late, return_exceptions=True)
    assert crowd.order == ["first", "urgent"]


async def test_an_error_in_the_block_gives_the_turn_back() -> None:
    turns = Turns(1, 1)
    with pytest.raises(ValueError, match="mine"):
        async with turns.turn(0):
            raise ValueError("mine")
    assert turns.running == 0
