"""Dead letters as an operator deals with them: seen once, settled once, replayed as often as anybody likes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schemas.dead_letter import DeadLetter, Reason, Settled
from streams.contract import Outgoing
from streams.letter_book import PAGE, Outcome
from streams.topics import BY_NAME, CATALOG, DEAD_LETTERS, INTERACTIONS
from tests.streams.letter_desk import NOW, Desk, a_desk
from workers.errors import BrokerUnavailable


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path) as opened:
        yield opened


async def open_ids(desk: Desk) -> list[str]:
    return [entry.letter.id for entry in await desk.book().entries()]


async def test_the_newest_first_and_no_content_is_kept(desk: Desk) -> None:
    ids = [await desk.set_aside(offset) for offset in (7, 3, 5)]
    found = await desk.book().entries()
    assert [entry.letter.id for entry in found] == ids[::-1]
    assert {(entry.letter.key, entry.letter.value) for entry in found} == {(None, None)}


async def test_the_content_is_as_it_was(desk: Desk) -> None:
    await desk.set_aside(7, value=bytes(range(256)))
    book = desk.book()
    (entry,) = await book.entries()
    whole = await book.content(entry)
    assert whole is not None
    assert (whole.key, whole.value, whole.id) == (b"ada", bytes(range(256)), entry.letter.id)


async def test_a_letter_written_twice_is_one_whose_first_time_is_the_first(desk: Desk) -> None:
    await desk.set_aside(7)
    await desk.set_aside(7)
    (entry,) = await desk.book().entries()
    assert (entry.letter.first_time.timestamp(), entry.letter.last_time.timestamp()) == (NOW, NOW + 1)


async def test_more_than_a_page_is_read_and_later_only_what_is_new(desk: Desk) -> None:
    book = desk.book()
    for offset in range(PAGE + 20):
        await desk.set_aside(offset)
    assert len(await book.entries()) == PAGE + 20
    await desk.set_aside(PAGE + 20)
    assert len(await book.entries()) == PAGE + 21


async def test_by_reason(desk: Desk) -> None:
    await desk.set_aside(1)
    invalid = await desk.set_aside(2, Reason.INVALID)
    assert [one.letter.id for one in await desk.book().entries(reason=Reason.INVALID)] == [invalid]


async def test_a_replay_sends_the_original_bytes_to_where_they_came_from(desk: Desk) -> None:
    one = await desk.set_aside(7, value=b"\x00\xff the very bytes", key=b"ada")
    (result,) = await desk.book().replay([one])
    assert (result.id, result.outcome) == (one, Outcome.REPLAYED)
    assert [(record.key, record.value) for record in await desk.of(INTERACTIONS)] == [
        (b"ada", b"\x00\xff the very bytes")
    ]
    assert await open_ids(desk) == []
    (entry,) = await desk.book().entries(settled=True)
    assert entry.letter.settled is Settled.REPLAYED


async def test_a_replay_is_safe_to_repeat(desk: Desk) -> None:
    one = await desk.set_aside(7)
    book = desk.book()
    await book.replay([one, one])
    (result,) = await book.replay([one])
    assert (result.outcome, result.note) == (Outcome.SKIPPED, "it was replayed already")
    assert len(await desk.of(INTERACTIONS)) == 1
    (result,) = await desk.book().replay([one], again=True)
    assert result.outcome is Outcome.REPLAYED
    assert len(await desk.of(INTERACTIONS)) == 2


async def test_what_was_dropped_is_not_sent(desk: Desk) -> None:
    one, other = await desk.set_aside(7), await desk.set_aside(8)
    assert [result.outcome for result in await desk.book().drop([one])] == [Outcome.DROPPED]
    assert [result.note for result in await desk.book().replay([one])] == ["it was dropped already"]
    assert await desk.of(INTERACTIONS) == []
    assert await open_ids(desk) == [other]


async def test_settled_stays_settled_though_the_letter_is_written_again(desk: Desk) -> None:
    """As it is when a store that was lost is refilled from the log."""
    one = await desk.set_aside(7)
    await desk.book().drop([one])
    await desk.set_aside(7)
    assert await open_ids(desk) == []


async def test_a_letter_that_settles_holds_no_content_and_lies_beside_the_one_it_settles(desk: Desk) -> None:
    one = await desk.set_aside(7)
    await desk.book().drop([one])
    first, second = await desk.of(DEAD_LETTERS)
    assert (first.key, first.partition) == (second.key, second.partition)
    settling = DeadLetter.model_validate_json(second.value or b"")
    assert (settling.settled, settling.key, settling.value) == (Settled.DROPPED, None, None)
    assert settling.first_time.timestamp() == NOW


@pytest.mark.parametrize("dies_before", [INTERACTIONS, DEAD_LETTERS])
async def test_a_replay_that_died_is_made_again_and_loses_nothing(desk: Desk, dies_before: str) -> None:
    one = await desk.set_aside(7)
    desk.dies_before = dies_before
    with pytest.raises(BrokerUnavailable):
        await desk.book().replay([one])
    assert await open_ids(desk) == [one]
    await desk.book().replay([one])
    assert {record.value for record in await desk.of(INTERACTIONS)} == {b"\xff{"}
    assert await open_ids(desk) == []


async def test_what_there_is_not_is_said(desk: Desk) -> None:
    one = await desk.set_aside(7)
    results = await desk.book().replay(["attune.interactions/0/9", one])
    assert [result.outcome for result in results] == [Outcome.UNKNOWN, Outcome.REPLAYED]


async def test_an_old_entry_of_a_catalog_does_not_take_the_place_of_a_newer_one(desk: Desk) -> None:
    one = await desk.set_aside(7, topic=CATALOG, key=b"news:1")
    (result,) = await desk.book().replay([one])
    assert (result.outcome, result.note) == (
        Outcome.SKIPPED,
        "what it describes may have a newer entry by now: send the item itself again",
    )
    assert await desk.of(CATALOG) == []
    assert await open_ids(desk) == [one]


async def test_a_message_without_content_cannot_be_replayed(desk: Desk) -> None:
    one = await desk.set_aside(7, value=None)
    (result,) = await desk.book().replay([one])
    assert (result.outcome, result.note) == (
        Outcome.SKIPPED,
        "its content is not kept here: send the event itself again",
    )


async def test_what_is_no_letter_is_passed_over(desk: Desk) -> None:
    await desk.log.send([Outgoing(DEAD_LETTERS, b"ada", b"no letter"), Outgoing(DEAD_LETTERS, b"ada", None)])
    one = await desk.set_aside(7)
    assert await open_ids(desk) == [one]


async def test_letters_whose_time_is_over_are_forgotten(desk: Desk) -> None:
    await desk.set_aside(7)
    book = desk.book()
    assert len(await book.entries()) == 1
    desk.now += BY_NAME[DEAD_LETTERS].retention_ms / 1000 + 10
    new = await desk.set_aside(8)
    assert [entry.letter.id for entry in await book.entries()] == [new]
