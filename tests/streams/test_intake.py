"""The place where single events wait to become a batch."""

import asyncio

import pytest

from streams.contract import Record
from streams.intake import Intake
from tests.virtual_time import in_virtual_time


def record(offset: int) -> Record:
    return Record("letters", 0, offset, b"key", b"value", 0)


@pytest.fixture
def intake() -> Intake:
    opened = Intake(3)
    opened.open()
    return opened


@in_virtual_time
async def test_what_waits_is_taken_together(intake: Intake) -> None:
    for offset in range(3):
        await intake.put(record(offset))
    assert [one.offset for one in await intake.take()] == [0, 1, 2]


@in_virtual_time
async def test_taking_waits_for_something(intake: Intake) -> None:
    taking = asyncio.create_task(intake.take())
    await asyncio.sleep(0.01)
    assert not taking.done()
    await intake.put(record(0))
    assert len(await asyncio.wait_for(taking, 1)) == 1


@in_virtual_time
async def test_no_more_than_a_batch_is_let_in(intake: Intake) -> None:
    for offset in range(3):
        await intake.put(record(offset))
    fourth = asyncio.create_task(intake.put(record(3)))
    await asyncio.sleep(0.01)
    assert not fourth.done()
    assert len(await intake.take()) == 3
    await asyncio.wait_for(fourth, 1)
    assert [one.offset for one in await intake.take()] == [3]


@in_virtual_time
async def test_what_was_seen_is_dropped(intake: Intake) -> None:
    for offset in (5, 6, 5, 6, 7):
        await intake.put(record(offset))
    assert [one.offset for one in await intake.take()] == [5, 6, 7]


@in_virtual_time
async def test_closing_drops_what_waits_and_who_waits(intake: Intake) -> None:
    for offset in range(3):
        await intake.put(record(offset))
    late = asyncio.create_task(intake.put(record(3)))
    await asyncio.sleep(0.01)
    intake.close()
    intake.open()
    await asyncio.wait_for(late, 1)
    await intake.put(record(0))
    assert [one.offset for one in await intake.take()] == [0], "the new period starts anew"


@in_virtual_time
async def test_nothing_is_let_in_while_it_is_closed(intake: Intake) -> None:
    intake.close()
    await intake.put(record(0))
    intake.open()
    await intake.put(record(1))
    assert [one.offset for one in await intake.take()] == [1]
