"""The watch over progress: what hangs ends the runner, whatever it hangs in, and what only takes long does not."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import pytest

from streams.contract import Partition, Record, Timer
from streams.metrics import Metrics
from streams.progress import STALL_TIMEOUT, made_progress, noting
from streams.stage_runner import STOP_TIMEOUT, StageRunner
from tests.patience import LONG, PATIENCE
from tests.virtual_time import in_virtual_time
from workers.errors import BrokerUnavailable, FatalRunnerError

BATCH = [Record("letters", 0, 0, b"key", b"value", 0)]
STALL = 0.4
PATIENT = 2.0
"""Seconds without progress that are none yet, where there is progress: a slow machine makes long steps."""


async def nothing() -> None: ...


async def for_ever() -> None:
    await asyncio.sleep(LONG)


class Stage:
    name = "stage"
    group = "group"
    topics = ("letters",)

    def __init__(
        self,
        handle: Callable[[], Awaitable[None]] = nothing,
        resume: Callable[[], Awaitable[None]] = nothing,
        timers: tuple[Timer, ...] = (),
    ) -> None:
        self._handle = handle
        self._resume = resume
        self.timers = timers

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        await self._resume()
        return {}

    async def handle(self, batch: Sequence[Record]) -> None:
        await self._handle()


class Runner(StageRunner):
    """Hands its stage one batch, and waits. `lag` None: the broker does not say."""

    def __init__(self, stage: Stage, lag: int | None = None, asked: float = 0.0, stall: float = STALL) -> None:
        super().__init__(stage, metrics=Metrics(), stop_timeout=0.5, stall_timeout=stall)
        self._waiting = lag
        self._asked = asked

    async def _serve(self) -> None:
        await self._hand.where_to_resume([])
        self._hand.open()
        await self._hand.deliver(BATCH, self._hand.turn, commit)
        await for_ever()

    async def _lag(self) -> int | None:
        await asyncio.sleep(self._asked)
        if self._waiting is None:
            raise BrokerUnavailable("away")
        return self._waiting

    async def _leave(self, seconds: float) -> None: ...


async def commit(batch: Sequence[Record]) -> None: ...


async def ends(runner: Runner, seconds: float = PATIENCE) -> FatalRunnerError:
    with pytest.raises(FatalRunnerError) as ended:
        await asyncio.wait_for(runner.run(), seconds)
    return ended.value


async def stays(runner: Runner, seconds: float = 4 * STALL) -> None:
    running = asyncio.create_task(runner.run())
    done, _ = await asyncio.wait({running}, timeout=seconds)
    assert not done, running.exception()
    await runner.stop()
    await running


async def test_a_batch_that_hangs_ends_it_even_while_the_broker_cannot_be_asked() -> None:
    error = await ends(Runner(Stage(handle=for_ever)))
    assert "stage has messages waiting and made no progress for 0 s, with 1 in its hands" in str(error)


async def test_it_is_found_out_while_the_broker_lets_a_question_wait() -> None:
    await ends(Runner(Stage(handle=for_ever), lag=5, asked=LONG))


async def test_a_stage_that_hangs_in_where_to_resume_ends_it() -> None:
    await ends(Runner(Stage(resume=for_ever)))


async def test_messages_that_nobody_fetches_end_it() -> None:
    error = await ends(Runner(Stage(), lag=7))
    assert "7 messages waiting" in str(error)
    assert "nothing came to its hands" in str(error)


async def test_having_nothing_to_do_does_not() -> None:
    await stays(Runner(Stage(), lag=0))


async def test_nor_does_a_broker_that_is_away() -> None:
    await stays(Runner(Stage()))


async def test_nor_does_a_long_batch_of_many_steps() -> None:
    class Port:
        async def step(self) -> None:
            await asyncio.sleep(STALL / 4)

    port = noting(Port())

    async def steps() -> None:
        for _ in range(30):
            await port.step()
            await asyncio.to_thread(time.sleep, STALL / 4)
            made_progress()

    await stays(Runner(Stage(handle=steps), lag=1, stall=PATIENT), 1.5 * PATIENT)


@in_virtual_time
async def test_a_timer_that_hangs_ends_it_and_one_that_gets_on_does_not() -> None:
    error = await ends(Runner(Stage(timers=(Timer(0.01, for_ever),)), lag=0))
    assert "a timer of stage has not got on" in str(error)

    async def long() -> None:
        while True:
            await asyncio.sleep(STALL / 4)
            made_progress()

    await stays(Runner(Stage(timers=(Timer(0.01, long),)), lag=0))


def test_what_hangs_is_gone_within_thirty_seconds() -> None:
    look, margin = 2.0, 2.0
    assert STALL_TIMEOUT + look + STOP_TIMEOUT + margin <= 30
