"""A pace: so much of a core, whatever the pieces of work take."""

import asyncio

import pytest

from schemas.proposal import Outcome
from streams.pace import Pace
from streams.unhurried import Unhurried
from tests.streams.refining import Scripted
from workers.refinement.asks import Ask, ClusterAsk, Feedback


class Thread:
    """A thread's clock of work; sleeping is not work."""

    def __init__(self) -> None:
        self.worked = 0.0
        self.slept = 0.0

    def pace(self, share: float) -> Pace:
        return Pace(share, clock=lambda: self.worked, sleep=self._sleep)

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.slept += seconds


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
async def test_work_takes_its_share_of_the_time(share: float) -> None:
    thread = Thread()
    pace = thread.pace(share)
    await pace.rest()
    for piece in (0.03, 0.001, 0.1):
        thread.worked += piece
        await pace.rest()
    assert thread.worked / (thread.worked + thread.slept) == pytest.approx(share)


async def test_those_who_share_a_pace_keep_to_it_together() -> None:
    thread = Thread()
    pace = thread.pace(0.25)
    await pace.rest()

    async def work() -> None:
        for _ in range(5):
            thread.worked += 0.01
            await pace.rest()

    await asyncio.gather(work(), work(), work())
    assert thread.worked / (thread.worked + thread.slept) == pytest.approx(0.25)


async def test_what_was_worked_before_the_first_rest_is_somebody_elses() -> None:
    thread = Thread()
    thread.worked = 100.0
    await thread.pace(0.1).rest()
    assert thread.slept == 0


async def test_a_whole_core_needs_no_rest() -> None:
    thread = Thread()
    pace = thread.pace(1.0)
    for _ in range(3):
        await pace.rest()
        thread.worked += 5
    assert thread.slept == 0


async def test_a_question_is_a_piece_of_its_own() -> None:
    thread = Thread()
    pace = thread.pace(0.5)
    await pace.rest()
    slept_at: list[float] = []

    async def work(number: int) -> None:
        slept_at.append(thread.slept)
        thread.worked += 0.03

    unhurried = Unhurried(scripted := Scripted(before=work), pace)
    thread.worked += 0.01
    answer = await unhurried.propose(Ask((), (), Feedback(), iteration=0, seed=0, max_edits=1))
    assert slept_at == pytest.approx([0.01])
    assert thread.slept == pytest.approx(0.04)
    assert (answer.outcome, unhurried.name, scripted.asked) == (Outcome.OK, "vllm", 1)
    thread.worked += 0.02
    await unhurried.describe(ClusterAsk((), ()))
    assert thread.slept == pytest.approx(0.06)
