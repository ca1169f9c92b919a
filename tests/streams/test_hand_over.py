"""Handing batches to a stage: tries, settling, and what is dropped."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

import pytest

from streams.contract import Partition, Record, Timer
from streams.hand_over import HandOver
from streams.metrics import Metrics
from streams.progress import made_progress
from tests.virtual_time import in_virtual_time, loop_time
from workers.errors import FatalRunnerError, SearchUnavailable, StoreUnavailable

BATCH = [Record("letters", 0, 0, b"key", b"value", 0)]


class Stage:
    """Each attempt at a batch takes the next of `answers`: an error to raise, or seconds to sleep."""

    name = "stage"
    group = "group"
    topics = ("letters",)
    timers: tuple[Timer, ...] = ()

    def __init__(self, *answers: BaseException | float) -> None:
        self.answers = list(answers)
        self.attempts = 0

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        await self._answer()
        return dict.fromkeys(assigned, 7)

    async def handle(self, batch: Sequence[Record]) -> None:
        await self._answer()

    async def _answer(self) -> None:
        self.attempts += 1
        answer = self.answers.pop(0) if self.answers else 0.0
        if isinstance(answer, BaseException):
            raise answer
        await asyncio.sleep(answer)


class Commits:
    def __init__(self, seconds: float = 0.0) -> None:
        self.batches: list[Sequence[Record]] = []
        self._seconds = seconds

    async def __call__(self, batch: Sequence[Record]) -> None:
        await asyncio.sleep(self._seconds)
        self.batches.append(batch)


def open_hand(stage: Stage) -> HandOver:
    hand = HandOver(stage, Metrics())
    hand.open()
    return hand


@in_virtual_time
async def test_a_handled_batch_is_committed() -> None:
    hand, commits = open_hand(Stage()), Commits()
    assert await hand.deliver(BATCH, hand.turn, commits)
    assert commits.batches == [BATCH]
    assert hand.in_hand == 0


@in_virtual_time
async def test_until_it_is_opened_nothing_is_handed_over() -> None:
    stage = Stage()
    hand, commits = HandOver(stage, Metrics()), Commits()
    assert not await hand.deliver(BATCH, hand.turn, commits)
    assert stage.attempts == 0


@in_virtual_time
async def test_what_passes_is_tried_again_and_another_error_is_raised() -> None:
    stage = Stage(StoreUnavailable("away"), SearchUnavailable("away"), ValueError("poison"))
    hand, commits = open_hand(stage), Commits()
    with pytest.raises(ValueError, match="poison"):
        await hand.deliver(BATCH, hand.turn, commits)
    assert stage.attempts == 3
    assert commits.batches == []


@in_virtual_time
async def test_a_stage_that_is_cancelled_from_within_is_no_stop() -> None:
    hand, commits = open_hand(Stage(asyncio.CancelledError())), Commits()
    with pytest.raises(FatalRunnerError, match="cancelled from within"):
        await hand.deliver(BATCH, hand.turn, commits)


@in_virtual_time
async def test_settling_lets_the_batch_end_and_be_committed() -> None:
    hand, commits = open_hand(Stage(0.2)), Commits(seconds=0.1)
    delivering = asyncio.create_task(hand.deliver(BATCH, hand.turn, commits))
    await asyncio.sleep(0.05)
    await hand.settle(2.0)
    assert commits.batches == [BATCH]
    assert await delivering


@in_virtual_time
async def test_settling_gives_up_a_batch_that_takes_longer() -> None:
    hand, commits = open_hand(Stage(60.0)), Commits()
    delivering = asyncio.create_task(hand.deliver(BATCH, hand.turn, commits))
    await asyncio.sleep(0.05)
    start = loop_time()
    await hand.settle(0.1)
    assert loop_time() - start < 0.2
    assert not await delivering
    assert commits.batches == []


@in_virtual_time
async def test_settling_ends_a_wait_for_the_next_try_at_once() -> None:
    hand, commits = open_hand(Stage(*[StoreUnavailable("away")] * 20)), Commits()
    delivering = asyncio.create_task(hand.deliver(BATCH, hand.turn, commits))
    await asyncio.sleep(0.5)  # it waits 0.4 s or 0.8 s by now
    start = loop_time()
    await hand.settle(10.0)
    assert loop_time() == start
    assert not await delivering


@in_virtual_time
async def test_after_settling_a_batch_fetched_before_is_dropped_even_when_opened_again() -> None:
    stage = Stage()
    hand, commits = open_hand(stage), Commits()
    turn = hand.turn
    await hand.settle(1.0)
    assert not await hand.deliver(BATCH, turn, commits)
    hand.open()
    assert not await hand.deliver(BATCH, turn, commits)
    assert stage.attempts == 0
    assert await hand.deliver(BATCH, hand.turn, commits)


@in_virtual_time
async def test_after_settling_for_good_it_never_opens() -> None:
    stage = Stage()
    hand = open_hand(stage)
    await hand.settle(1.0, for_good=True)
    hand.open()
    assert not await hand.deliver(BATCH, hand.turn, Commits())
    assert stage.attempts == 0


@in_virtual_time
async def test_progress_is_every_answer_of_the_stage_and_the_commit() -> None:
    hand = open_hand(Stage(StoreUnavailable("away"), 0.0))
    before = hand.progress
    await hand.deliver(BATCH, hand.turn, Commits())
    assert hand.progress == before + 3


@in_virtual_time
async def test_progress_is_every_step_of_a_batch_in_whichever_thread() -> None:
    class Stepping(Stage):
        async def handle(self, batch: Sequence[Record]) -> None:
            made_progress()
            await asyncio.to_thread(made_progress)
            seen.append(hand.progress)

    seen: list[int] = []
    hand = open_hand(Stepping())
    before = hand.progress
    await hand.deliver(BATCH, hand.turn, Commits())
    assert seen == [before + 2]
    made_progress()
    assert hand.progress == before + 4, "what is done outside a batch is not its progress"


@in_virtual_time
async def test_a_batch_that_is_given_up_is_no_progress() -> None:
    hand = open_hand(Stage(60.0))
    before = hand.progress
    delivering = asyncio.create_task(hand.deliver(BATCH, hand.turn, Commits()))
    await asyncio.sleep(0.01)
    assert hand.busy
    await hand.settle(0.01)
    assert not await delivering
    assert hand.progress == before
    assert not hand.busy


@in_virtual_time
async def test_it_is_busy_while_the_stage_thinks_where_to_resume() -> None:
    hand = open_hand(Stage(60.0))
    asking = asyncio.create_task(hand.where_to_resume([]))
    await asyncio.sleep(0.01)
    assert hand.busy
    asking.cancel()
    await asyncio.wait({asking})
    assert not hand.busy


@in_virtual_time
async def test_where_to_resume_is_asked_until_the_store_answers() -> None:
    hand = open_hand(Stage(StoreUnavailable("away"), StoreUnavailable("away")))
    source = Partition("letters", 0)
    assert await hand.where_to_resume([source]) == {source: 7}
