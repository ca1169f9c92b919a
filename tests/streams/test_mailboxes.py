"""One user's messages over three topics, in one order wherever they meet."""

import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from schemas.dead_letter import Reason
from streams.contract import Partition, Record
from streams.mailboxes import following, in_order, items_of, sort_out
from streams.topics import COMMANDS, INTERACTIONS, MAILBOX, PROPOSALS
from tests.streams.agents_world import records
from tests.workers.mailbox import Mailbox
from workers.mailbox import Event

MESSAGE = Mailbox().send("tea-1").message


def event(topic: str, offset: int, ms: int, partition: int = 0) -> Event:
    return Event(Record(topic, partition, offset, b"ada", b"", ms), MESSAGE)


def places(events: Sequence[Event]) -> list[tuple[str, int]]:
    return [(one.record.topic, one.record.offset) for one in events]


def test_by_time_then_by_topic_then_by_offset() -> None:
    commands = [event(COMMANDS, 0, 5), event(COMMANDS, 1, 9)]
    interactions = [event(INTERACTIONS, 7, 5), event(INTERACTIONS, 8, 5), event(INTERACTIONS, 9, 7)]
    proposals = [event(PROPOSALS, 3, 7)]
    assert places(in_order([*proposals, *commands, *interactions])) == [
        (INTERACTIONS, 7),
        (INTERACTIONS, 8),
        (COMMANDS, 0),
        (INTERACTIONS, 9),
        (PROPOSALS, 3),
        (COMMANDS, 1),
    ]


def test_a_clock_that_falls_back_swaps_nothing_within_a_partition() -> None:
    interactions = [event(INTERACTIONS, 0, 100), event(INTERACTIONS, 1, 40), event(INTERACTIONS, 2, 120)]
    commands = [event(COMMANDS, 0, 90), event(COMMANDS, 1, 110)]
    assert places(in_order([*commands, *interactions])) == [
        (COMMANDS, 0),
        (INTERACTIONS, 0),
        (INTERACTIONS, 1),
        (COMMANDS, 1),
        (INTERACTIONS, 2),
    ]


@given(st.lists(st.tuples(st.sampled_from(MAILBOX), st.integers(0, 2), st.integers(0, 9)), max_size=30), st.randoms())
def test_how_the_topics_were_interleaved_does_not_matter(
    sent: list[tuple[str, int, int]], chance: random.Random
) -> None:
    sources: dict[tuple[str, int], list[Event]] = {}
    for topic, partition, ms in sent:
        source = sources.setdefault((topic, partition), [])
        source.append(event(topic, len(source), ms, partition))
    interleaved = []
    left = {place: list(events) for place, events in sources.items()}
    while left:
        place = chance.choice(sorted(left))
        interleaved.append(left[place].pop(0))
        if not left[place]:
            del left[place]
    one_by_one = [one for source in sources.values() for one in source]
    assert in_order(interleaved) == in_order(one_by_one)
    for place, events in sources.items():
        kept = [one for one in in_order(interleaved) if (one.record.topic, one.record.partition) == place]
        assert kept == events


def test_a_batch_is_mailboxes_and_letters() -> None:
    ada, bob = Mailbox("ada"), Mailbox("bob")
    edit = ada.refine(arrives=3.0)
    clicks = [*ada.clicks("tea", range(2), at=1.0), bob.send("jazz-1", at=0.0)]
    garbage = Record(INTERACTIONS, 0, 90, b"ada", b"{", 0)
    misplaced = Record(INTERACTIONS, 0, 91, b"eve", clicks[0].record.value, 0)
    found = sort_out([*records([edit]), garbage, *records(clicks), misplaced])
    assert found.mailboxes == {"ada": [clicks[0], clicks[1], edit], "bob": [clicks[2]]}
    assert [(one.record, one.reason) for one in found.letters] == [
        (garbage, Reason.INVALID),
        (misplaced, Reason.WRONG_KEY),
    ]
    assert items_of(found.mailboxes) == {"news:tea-0", "news:tea-1", "news:jazz-1"}


def test_marks_are_the_offsets_after_the_last() -> None:
    batch = [event(COMMANDS, 4, 0).record, event(INTERACTIONS, 8, 0).record, event(INTERACTIONS, 9, 0).record]
    assert following(batch) == {Partition(COMMANDS, 0): 5, Partition(INTERACTIONS, 0): 10}
