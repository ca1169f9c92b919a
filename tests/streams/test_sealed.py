"""Sealing around the ports: nobody behind it knows of it, and nobody before it reads anything of a person."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import pytest

from schemas.dead_letter import Reason, Settled
from streams.contract import Outgoing, Partition, Record, Timer
from streams.letter_book import LetterBook, Outcome
from streams.mailboxes import read_event
from streams.metrics import Metrics
from streams.sealed import OpenedLog, OpenedStage, SealedProducer
from streams.sealing import is_sealed
from streams.topics import CATALOG, COMMANDS, DEAD_LETTERS, INTERACTIONS, MAILBOX, PROFILE_EVENTS, SEALED
from tests.streams.sealing_world import Installation, event_of, letter_about, letter_in, record_of
from workers.errors import BrokerUnavailable, StoreUnavailable
from workers.mailbox import Letter


class Reader:
    """A stage that keeps what it is given."""

    name, group, topics = "reader", "readers", MAILBOX

    def __init__(self) -> None:
        self.timers = (Timer(1.0, self.tick),)
        self.batches: list[Sequence[Record]] = []
        self.ticks = 0

    async def tick(self) -> None:
        self.ticks += 1

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        return dict.fromkeys(assigned, 7)

    async def handle(self, batch: Sequence[Record]) -> None:
        self.batches.append(batch)


@pytest.fixture
def place() -> Installation:
    return Installation()


def producer_of(place: Installation, metrics: Metrics | None = None) -> SealedProducer:
    return SealedProducer(place.log, place.ring(), metrics or Metrics())


def counted(metrics: Metrics, name: str, *labels: str) -> float:
    """Of all labels, or these."""
    family = getattr(metrics, name)
    samples = [one for metric in family.collect() for one in metric.samples if one.name.endswith("_total")]
    return float(sum(one.value for one in samples if not labels or tuple(one.labels.values()) == labels))


@pytest.mark.parametrize("topic", sorted(SEALED - {DEAD_LETTERS}))
async def test_the_log_holds_nothing_of_a_person_and_a_stage_reads_all_of_it(place: Installation, topic: str) -> None:
    message = event_of("ann-of-green-gables", "likes jazz", topic)
    await producer_of(place).send([message])
    (raw,) = place.log.of(topic)
    for word in (b"ann", b"jazz"):
        assert word not in (raw.key or b"") + (raw.value or b"")
    stage = Reader()
    await OpenedStage(stage, place.ring()).handle([raw])
    assert stage.batches == [[replace(raw, key=message.key, value=message.value)]]


async def test_a_stage_keeps_its_name_group_topics_timers_and_where_it_resumes(place: Installation) -> None:
    stage, more = Reader(), Timer(9.0, Reader().tick)
    opened = OpenedStage(stage, place.ring(), (more,))
    assert (opened.name, opened.group, opened.topics) == ("reader", "readers", MAILBOX)
    assert opened.timers == (*stage.timers, more)
    assert await opened.resume([Partition(COMMANDS, 3)]) == {Partition(COMMANDS, 3): 7}


async def test_all_of_a_persons_messages_lie_in_one_partition_of_every_topic_of_the_mailbox(
    place: Installation,
) -> None:
    await producer_of(place).send([event_of("ann", topic=topic) for topic in MAILBOX])
    assert len({one.partition for topic in MAILBOX for one in place.log.of(topic)}) == 1


async def test_plain_records_are_read_beside_sealed_ones_in_their_order(place: Installation) -> None:
    await place.log.send([event_of("ann", "first")])
    await producer_of(place).send([event_of("ann", "second")])
    stage, records = Reader(), place.log.of(INTERACTIONS)
    await OpenedStage(stage, place.ring()).handle(records)
    (batch,) = stage.batches
    assert [one.key for one in batch] == [b"ann", b"ann"]
    assert [(one.source, one.offset) for one in batch] == [(one.source, one.offset) for one in records]


async def test_what_is_sent_for_somebody_forgotten_is_dropped_and_counted(place: Installation) -> None:
    metrics = Metrics()
    await place.ring().destroy("ann")
    producer = producer_of(place, metrics)
    await producer.send([event_of("ann"), event_of("bob"), event_of("ann", topic=COMMANDS)])
    await producer.send([event_of("ann", topic=PROFILE_EVENTS)])
    assert len(place.log.of(INTERACTIONS)) == 1
    assert place.log.of(COMMANDS) == place.log.of(PROFILE_EVENTS) == []
    assert counted(metrics, "consumed", INTERACTIONS) == counted(metrics, "consumed", COMMANDS) == 1
    assert counted(metrics, "consumed") == counted(metrics, "duplicates", "forgotten") == 2


async def test_what_could_not_be_sent_is_not_counted(place: Installation) -> None:
    metrics = Metrics()
    await place.ring().destroy("ann")
    producer, place.log.failures = producer_of(place, metrics), 1
    with pytest.raises(BrokerUnavailable):
        await producer.send([event_of("ann"), Outgoing(CATALOG, b"news:1", b"{}")])
    assert counted(metrics, "consumed") == 0


async def test_a_stage_waits_for_a_store_that_is_away(place: Installation) -> None:
    await producer_of(place).send([event_of("ann")])
    stage = Reader()
    opened = OpenedStage(stage, place.ring())
    place.store.fail("read_keys")
    with pytest.raises(StoreUnavailable):
        await opened.handle(place.log.of(INTERACTIONS))
    assert stage.batches == []
    await opened.handle(place.log.of(INTERACTIONS))
    assert [one.key for one in stage.batches[0]] == [b"ann"]


async def test_a_log_is_read_as_it_was_written_and_nothing_is_left_out(place: Installation) -> None:
    await producer_of(place).send([event_of(user) for user in ("ann", "bob", "ann", "eve")])
    await place.ring().destroy("ann")
    log = OpenedLog(place.log, place.ring())
    ends = await log.ends([INTERACTIONS])
    assert ends == await place.log.ends([INTERACTIONS])
    spans = [one for source, end in ends.items() for one in await log.span(source, 0, end, 10)]
    assert spans == await log.read(INTERACTIONS, 10)
    assert [(one.source, one.offset) for one in spans] == [
        (one.source, one.offset) for one in place.log.of(INTERACTIONS)
    ]
    assert sorted((one.key or b"", one.forgotten) for one in spans) == [(b"", True)] * 2 + [
        (b"bob", False),
        (b"eve", False),
    ]


async def test_a_record_that_does_not_open_is_set_aside_and_can_be_replayed_as_it_is(place: Installation) -> None:
    producer = producer_of(place)
    await producer.send([event_of("ann")])
    (raw,) = place.log.of(INTERACTIONS)
    changed = replace(raw, value=(raw.value or b"")[:-1] + b"?")
    (opened,) = await place.ring().open([changed])
    letter = read_event(opened)
    assert isinstance(letter, Letter)
    assert (letter.reason, letter.record) == (Reason.INVALID, changed)
    await producer.send([letter_about(changed)])
    (aside,) = place.log.of(DEAD_LETTERS)
    assert (letter_in(aside).key, letter_in(aside).value) == (changed.key, changed.value)
    book = LetterBook(OpenedLog(place.log, place.ring()), producer, lambda: 1_000.0)
    (entry,) = await book.entries()
    await book.replay([entry.letter.id])
    assert [(one.key, one.value) for one in place.log.of(INTERACTIONS)] == [
        (raw.key, raw.value),
        (changed.key, changed.value),
    ]


async def test_letters_are_sealed_read_replayed_and_settled_without_a_word_in_the_log(place: Installation) -> None:
    producer, message = producer_of(place), event_of("ann-of-green-gables", "likes jazz")
    await producer.send([letter_about(record_of(message, offset=3))])
    book = LetterBook(OpenedLog(place.log, place.ring()), producer, lambda: 1_000.0)
    (entry,) = await book.entries()
    whole = await book.content(entry)
    assert whole is not None
    assert (whole.key, whole.value) == (message.key, message.value)
    (result,) = await book.replay([entry.letter.id])
    assert result.outcome is Outcome.REPLAYED
    (again,) = await OpenedLog(place.log, place.ring()).read(INTERACTIONS, 1)
    assert (again.key, again.value) == (message.key, message.value)
    assert [one.letter.settled for one in await book.entries(settled=True)] == [Settled.REPLAYED]
    records = [one for topic in SEALED for one in place.log.of(topic)]
    assert len(records) == 3
    assert all(is_sealed(one.value) and len(one.key or b"") == 32 for one in records)


async def test_letters_of_somebody_forgotten_are_not_there_any_more(place: Installation) -> None:
    producer = producer_of(place)
    await producer.send([letter_about(record_of(event_of(user), at)) for at, user in enumerate(("ann", "bob"))])
    await place.ring().destroy("ann")
    book = LetterBook(OpenedLog(place.log, place.ring()), producer, lambda: 1_000.0)
    assert [entry.key for entry in await book.entries()] == [b"bob"]


@pytest.mark.parametrize(
    "record", [record_of(Outgoing(CATALOG, b"news:1", b"{")), record_of(Outgoing(COMMANDS, b"\xff", b"?"))]
)
async def test_letters_of_what_is_nobodys_stay_plain(place: Installation, record: Record) -> None:
    await producer_of(place).send([letter_about(record)])
    (letter,) = place.log.of(DEAD_LETTERS)
    assert letter_in(letter).key == record.key
