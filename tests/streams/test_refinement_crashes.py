"""Refinements under crashes: whatever dies, sleeps or is away at whatever step, one verdict on one proposal."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from streams.contract import Outgoing, Producer
from streams.leases import MAX_LEASES
from streams.refiner import JobEnd, Refiner
from tests.fakes import RecordingProducer
from tests.streams.agents_world import records
from tests.streams.refining import Scripted, eventually, running
from tests.streams.town import Town, a_town
from tests.workers.mailbox import all_items
from workers.ports import Store


class Killed(BaseException):
    """The process is gone in the middle of a call; nobody catches this."""


@dataclass
class Fuse:
    """The call of that number (0 is the next) kills the process, before or after its effect."""

    left: int
    after: bool

    async def burn(self, call: Awaitable[Any]) -> Any:
        self.left -= 1
        if self.left == -1 and not self.after:
            asyncio.ensure_future(call).cancel()
            raise Killed
        answer = await call
        if self.left == -1:
            raise Killed
        return answer


class Mortal:
    """A port of a process that a fuse may kill."""

    def __init__(self, port: object, fuse: Fuse) -> None:
        self._port, self._fuse = port, fuse

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._port, name)
        return lambda *words, **named: self._fuse.burn(method(*words, **named))


async def killed_at(town: Town, call: int, after: bool) -> bool:
    """Runs a refiner until it is killed at that call, or has done its job: False."""
    fuse = Fuse(call, after)
    store, producer = Mortal(town.world.store, fuse), Mortal(town.world.producer, fuse)
    return await is_killed(town, town.refiner(store=cast(Store, store), producer=cast(Producer, producer)))


async def is_killed(town: Town, refiner: Refiner) -> bool:
    """Runs it until it is killed, or a job has come to an end."""
    before = town.world.total("attune_refiner_jobs_total")
    try:
        async with running(refiner) as task:
            await eventually(lambda: task.done() or town.world.total("attune_refiner_jobs_total") > before)
    except Killed:
        return True
    return False


@pytest.mark.parametrize("after", [False, True], ids=["before its effect", "after it"])
async def test_killed_at_any_call_another_refiner_ends_with_the_same_profile(after: bool) -> None:
    whole = await a_town()
    await whole.work_off(whole.refiner())
    await whole.deliver()
    (proposal,) = whole.proposals()
    expected = (await whole.world.state()).interests
    call = 0
    while await killed_at(town := await a_town(), call, after):
        call += 1
        town.world.now += 61
        if await town.world.store.count_jobs():
            await town.work_off(town.refiner())
        await town.deliver()
        assert (await town.world.state()).interests == expected
        assert {one.proposal_id for one in town.proposals()} == {proposal.proposal_id}
        assert town.judged("accepted") == 1
        assert await town.world.store.count_jobs() == 0
    assert call > 12  # claim, begin, three round trips, at least three rounds of two calls, publish, finish


STEPS = ("save_job", "read", "sample_items", "read_phrases", "finish_job")


@pytest.mark.parametrize("step", STEPS)
async def test_a_store_that_is_away_at_any_step_is_waited_for(step: str) -> None:
    town = await a_town()
    town.world.store.fail(step)
    await town.work_off(town.refiner())
    assert len({one.proposal_id for one in town.proposals()}) == 1
    assert town.world.count("attune_store_errors_total", stage="refiner") == 1
    await town.deliver()
    assert town.judged("accepted") == 1


@pytest.mark.parametrize("lost", ["fails_in", "dies_in"])
async def test_a_broker_that_is_away_gets_the_proposal_when_it_is_back(lost: str) -> None:
    town = await a_town()
    setattr(town.world.producer, lost, 0)
    await town.work_off(town.refiner())
    assert [one.proposal_id for one in town.proposals()] == [town.proposals()[0].proposal_id] * (
        2 if lost == "dies_in" else 1
    )
    await town.deliver()
    assert town.judged("accepted") == 1


async def test_one_that_wakes_after_another_did_its_job_sends_the_same_proposal_and_it_counts_once() -> None:
    """Stopped for a minute between its last round and its proposal, as by SIGSTOP."""
    town = await a_town()

    class Sleeper(RecordingProducer):
        async def send(self, messages: Sequence[Outgoing]) -> None:
            town.world.now += 61
            await town.work_off(town.refiner())
            await town.world.producer.send(messages)

    await town.work_off(town.refiner(producer=Sleeper()))
    assert (town.ends(JobEnd.IMPROVED), town.ends(JobEnd.LOST)) == (1, 1)
    first, second = town.proposals()
    assert first.proposal_id == second.proposal_id
    assert first.fencing_token > second.fencing_token
    await town.deliver()
    assert town.judged("accepted") == 1
    assert town.world.count("attune_events_duplicate_total", kind="repeated") == 1


async def test_another_refiner_goes_on_from_the_last_round_though_it_would_have_drawn_other_items() -> None:
    whole = await a_town()
    await whole.work_off(whole.refiner(alone := Scripted()))
    town = await a_town()

    async def kill(number: int) -> None:
        if number == 2:
            raise Killed

    first, second = Scripted(before=kill), Scripted()
    with pytest.raises(Killed):
        async with running(town.refiner(first)) as task:
            await eventually(task.done)
    await town.world.store.put_items([replace(all_items()[0], key=f"news:a-{number}") for number in range(200)])
    town.world.now += 61
    await town.work_off(town.refiner(second))
    assert (first.asked, first.asked + second.asked) == (2, alone.asked)
    (proposal,), (expected,) = town.proposals(), whole.proposals()
    assert (proposal.negatives, proposal.edits) == (expected.negatives, expected.edits)


@pytest.mark.parametrize("good_rounds", [0, 2])
async def test_a_job_that_kills_whoever_does_it_is_given_up_and_its_person_refined_at_the_next_trigger(
    good_rounds: int,
) -> None:
    """Whether it kills at once or in a later round, from which every refiner after the first goes on."""
    town = await a_town()
    before = await town.texts()
    deaths = 0

    async def kill(number: int) -> None:
        if number + (good_rounds if deaths else 0) == good_rounds:
            raise Killed

    while await is_killed(town, town.refiner(Scripted(before=kill))):
        deaths += 1
        town.world.now += 61
    # The first lease came further where rounds were good, so it is none in vain.
    assert deaths == MAX_LEASES + (good_rounds > 0)
    assert (town.ends(JobEnd.GIVEN_UP), await town.world.store.count_jobs()) == (1, 0)
    assert (town.proposals(), await town.texts()) == ([], before)
    await town.agents.handle([town.mailbox.refine(arrives=800.0).record])
    await town.work_off(town.refiner())
    await town.deliver()
    assert town.judged("accepted") == 1


async def test_progress_of_another_state_is_left_aside() -> None:
    """Whoever went on doing things after the crash is refined as they are now."""
    town = await a_town()
    assert await killed_at(town, 9, after=True)
    await town.agents.handle(records(town.mailbox.clicks("chess", range(6), at=600.0)))
    town.world.now += 61
    await town.work_off(town.refiner())
    (proposal,) = town.proposals()
    assert proposal.base_version == (await town.world.state()).version
    await town.deliver()
    assert town.judged("cancelled") == town.judged("stale") == 0
