"""Waits that end by a deadline, whatever they wait for."""

import asyncio

import pytest

from streams.deadline import Deadline, within
from streams.together import together
from tests.virtual_time import in_virtual_time, loop_time


class TestDeadline:
    def test_it_counts_down_and_never_below_zero(self) -> None:
        now = 100.0
        deadline = Deadline(8.0, clock=lambda: now)
        assert deadline.remaining() == 8.0
        assert deadline.remaining(keep=2.0) == 6.0
        now = 107.0
        assert deadline.remaining(keep=2.0) == 0.0
        now = 200.0
        assert deadline.remaining() == 0.0


class TestWithin:
    @in_virtual_time
    async def test_an_answer_in_time(self) -> None:
        assert await within(1.0, asyncio.sleep(0.01, "answer")) == "answer"

    @in_virtual_time
    async def test_an_error_in_time(self) -> None:
        with pytest.raises(ValueError, match="no"):
            await within(1.0, _fail())

    @in_virtual_time
    async def test_a_call_that_not_even_a_cancellation_ends(self) -> None:
        start = loop_time()
        with pytest.raises(TimeoutError):
            await within(0.05, _stubborn())
        assert loop_time() - start == pytest.approx(0.05)

    @in_virtual_time
    async def test_a_call_that_its_own_library_cancels_is_no_answer(self) -> None:
        """It must not be taken for a cancellation of the caller."""
        with pytest.raises(TimeoutError, match="cancelled by its own library"):
            await within(1.0, _cancel_itself())

    @in_virtual_time
    async def test_a_cancelled_caller_cancels_the_call(self) -> None:
        call = asyncio.ensure_future(asyncio.sleep(60))
        caller = asyncio.create_task(within(60, call))
        await asyncio.sleep(0)
        caller.cancel()
        await asyncio.wait({caller, call}, timeout=1)
        assert caller.cancelled()
        assert call.cancelled()


class TestTogether:
    @in_virtual_time
    async def test_the_first_to_end_ends_the_others(self) -> None:
        ended: list[str] = []

        async def long() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                ended.append("long")

        await together(long(), asyncio.sleep(0.01))
        assert ended == ["long"]

    @in_virtual_time
    async def test_the_error_is_the_very_error(self) -> None:
        with pytest.raises(ValueError, match="no"):
            await together(asyncio.sleep(60), _fail())

    @in_virtual_time
    async def test_one_that_does_not_end_is_not_waited_for(self) -> None:
        start = loop_time()
        await together(_stubborn(), asyncio.sleep(0.01))
        assert loop_time() - start < 1.5

    @in_virtual_time
    async def test_a_cancelled_caller_cancels_all(self) -> None:
        started = asyncio.Event()
        ended = asyncio.Event()

        async def part() -> None:
            started.set()
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()

        caller = asyncio.create_task(together(part()))
        await started.wait()
        caller.cancel()
        await asyncio.wait({caller}, timeout=1)
        assert caller.cancelled()
        assert ended.is_set()


async def _fail() -> None:
    raise ValueError("no")


async def _cancel_itself() -> None:
    raise asyncio.CancelledError


async def _stubborn() -> None:
    """Two seconds, come what may."""
    end = loop_time() + 2
    while loop_time() < end:
        try:
            await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            continue
