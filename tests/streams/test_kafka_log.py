"""How far a group is behind, reckoned from offsets that were read one after the other."""

from aiokafka import TopicPartition

from streams.kafka_log import behind

ONE, TWO = TopicPartition("events", 0), TopicPartition("events", 1)


def test_what_is_not_committed_yet_is_counted_from_the_first_message_that_is_left() -> None:
    assert behind({ONE: 0, TWO: 5}, {ONE: 10, TWO: 9}, {ONE: 4}) == 6 + 4


def test_a_group_that_went_on_after_the_ends_were_read_is_behind_by_nothing() -> None:
    """And does not make up for what another partition lacks."""
    assert behind({ONE: 0, TWO: 0}, {ONE: 10, TWO: 9}, {ONE: 12, TWO: 6}) == 3
