"""Reading a log once more: all partitions merged, a page of each in memory."""

from streams.contract import Partition
from streams.progress import heard_by
from streams.replay import Span, in_batches, replay
from streams.topics import COMMANDS, INTERACTIONS, PROPOSALS
from tests.streams.written_log import Written

CLICKS, EDITS, ANSWERS = (Partition(topic, 0) for topic in (INTERACTIONS, COMMANDS, PROPOSALS))


async def order(written: Written, page: int = 2) -> list[tuple[Partition, int]]:
    spans = {source: Span(0, len(times)) for source, times in written.times.items()}
    return [(record.source, record.offset) async for record in replay(written, spans, page)]


async def test_the_partitions_are_merged_by_time_and_then_by_topic() -> None:
    written = Written({ANSWERS: [5], EDITS: [5, 30], CLICKS: [5, 5, 20]})
    assert await order(written) == [
        (CLICKS, 0),
        (CLICKS, 1),
        (EDITS, 0),
        (ANSWERS, 0),
        (CLICKS, 2),
        (EDITS, 1),
    ]


async def test_a_clock_that_falls_back_swaps_nothing_within_a_partition() -> None:
    written = Written({CLICKS: [100, 40, 120], EDITS: [90, 110]})
    for page in (1, 2, 10):
        found = await order(written, page)
        assert found == [(EDITS, 0), (CLICKS, 0), (CLICKS, 1), (EDITS, 1), (CLICKS, 2)]


async def test_only_the_span_is_read_a_page_at_a_time_and_gaps_are_passed_over() -> None:
    written = Written({CLICKS: [1, 2, None, None, 5, 6, 7, 8]})
    found = [record.offset async for record in replay(written, {CLICKS: Span(1, 7)}, page=2)]
    assert found == [1, 4, 5, 6]
    assert written.pages == [(CLICKS, 1, 2), (CLICKS, 5, 2)]


async def test_a_partition_whose_messages_have_all_expired_is_read_at_once() -> None:
    written = Written({CLICKS: [None] * 5, EDITS: [7]})
    assert await order(written) == [(EDITS, 0)]


async def test_batches_hold_everything_in_order() -> None:
    written = Written({CLICKS: list(range(7))})
    batches = [batch async for batch in in_batches(replay(written, {CLICKS: Span(0, 7)}), 3)]
    assert [[record.offset for record in batch] for batch in batches] == [[0, 1, 2], [3, 4, 5], [6]]


async def test_every_page_is_progress() -> None:
    """A log of a week is no hang."""
    steps = []
    written = Written({CLICKS: list(range(7))})
    with heard_by(lambda: steps.append(1)):
        async for _ in replay(written, {CLICKS: Span(0, 7)}, page=3):
            pass
    assert len(steps) == 3
