"""Turns: a busy key takes its share of each and no more, and nothing is lost or swapped within a partition."""

import itertools
from collections import Counter, defaultdict

from hypothesis import given
from hypothesis import strategies as st

from streams.contract import Record
from streams.turns import Turns

_records = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([b"hot", b"a", b"b", None])), max_size=60)


def records(kinds: list[tuple[int, bytes | None]]) -> list[Record]:
    offsets: Counter[int] = Counter()
    made = []
    for partition, key in kinds:
        made.append(Record("letters", partition, offsets[partition], key, b"", 0))
        offsets[partition] += 1
    return made


def mail(partition: int, key: bytes, count: int) -> list[Record]:
    return [Record("letters", partition, offset, key, b"", 0) for offset in range(count)]


def all_turns(turns: Turns, limit: int) -> list[list[Record]]:
    return list(iter(lambda: turns.take(limit), []))


@given(kinds=_records, per_key=st.integers(1, 5), limit=st.integers(1, 20))
def test_everything_comes_once_and_in_the_order_of_its_partition(
    kinds: list[tuple[int, bytes | None]], per_key: int, limit: int
) -> None:
    turns, sent = Turns(per_key), records(kinds)
    turns.add(sent)
    taken = all_turns(turns, limit)
    by_partition = defaultdict(list)
    for record in itertools.chain.from_iterable(taken):
        by_partition[record.partition].append(record.offset)
    assert by_partition == {n: list(range(count)) for n, count in Counter(one.partition for one in sent).items()}
    assert all(len(turn) <= limit for turn in taken)
    assert all(n <= per_key for turn in taken for key, n in Counter(one.key for one in turn).items() if key is not None)
    assert turns.held == 0


def test_the_others_are_handed_over_beside_a_busy_key() -> None:
    turns = Turns(16)
    turns.add([*mail(0, b"hot", 180), *mail(1, b"a", 10), *mail(2, b"b", 10)])
    assert Counter(record.key for record in turns.take(200)) == {b"hot": 16, b"a": 10, b"b": 10}
    assert turns.held == 164


def test_who_comes_later_waits_for_one_turn_of_the_busy_key_only() -> None:
    turns = Turns(16)
    turns.add(mail(0, b"hot", 180))
    assert len(turns.take(200)) == 16
    turns.add(mail(1, b"a", 1))
    assert Counter(record.key for record in turns.take(200)) == {b"hot": 16, b"a": 1}


def test_a_partition_that_was_cut_comes_after_the_others_in_the_next_turn() -> None:
    turns = Turns(16)
    turns.add([*mail(0, b"hot", 30), *mail(1, b"a", 16)])
    assert [record.partition for record in turns.take(10)] == [0] * 10
    assert [record.partition for record in turns.take(10)] == [1] * 10


def test_what_a_busy_person_sends_to_another_topic_does_not_overtake() -> None:
    """Their commands are behind their interactions, and stay there."""
    turns = Turns(2)
    command = Record("commands", 0, 0, b"hot", b"", 0)
    turns.add([*mail(0, b"hot", 3), command])
    assert command not in turns.take(10)
    assert command in turns.take(10)


def test_one_of_which_enough_waits_is_named_and_forgotten_with_its_partition() -> None:
    turns = Turns(16)
    turns.add([*mail(0, b"hot", 40), *mail(1, b"a", 3)])
    assert {source.number for source in turns.with_at_least(40)} == {0}
    turns.clear()
    assert turns.held == 0
    assert turns.take(10) == []
