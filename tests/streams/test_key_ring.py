"""Keys: made once, found by everybody, brought back after a loss, gone for good once destroyed."""

import asyncio

import pytest

from streams.contract import Outgoing, Partition, Record
from streams.key_ring import AWAY, LIFE, KeyRing
from streams.sealing import is_sealed
from streams.topics import CATALOG, INTERACTIONS, KEYS
from tests.streams.sealing_world import SECRET, Installation, event_of, record_of
from workers.errors import BrokerUnavailable, ConfigurationError, StoreUnavailable


@pytest.fixture
def place() -> Installation:
    return Installation()


async def sealed(ring: KeyRing, *users: str) -> list[Record]:
    return [record_of(one, at) for at, one in enumerate(await ring.seal([event_of(user) for user in users]))]


async def read(ring: KeyRing, records: list[Record]) -> list[tuple[bytes | None, bool]]:
    """Key, and whether it was forgotten."""
    return [(one.key, one.forgotten) for one in await ring.open(records)]


async def test_what_one_process_seals_another_opens(place: Installation) -> None:
    records = await sealed(place.ring(), "ann", "bob", "ann")
    assert all(is_sealed(one.value) for one in records)
    assert len({one.key for one in records}) == 2
    opened = await place.ring().open(records)
    assert [(one.offset, one.key, one.value) for one in opened] == [
        (at, user.encode(), event_of(user).value) for at, user in enumerate(("ann", "bob", "ann"))
    ]


async def test_what_is_nobodys_goes_as_it_is_and_what_was_never_sealed_comes_as_it_is(place: Installation) -> None:
    ring, item, plain = place.ring(), Outgoing(CATALOG, b"news:1", b"{}"), record_of(event_of("ann"))
    assert await ring.seal([item]) == [item]
    assert await ring.open([plain]) == [plain]
    assert place.store.calls == []
    assert place.log.records == {}


async def test_who_seals_at_once_for_somebody_new_seals_with_one_key(place: Installation) -> None:
    ring, other = place.ring(), place.ring()
    await asyncio.gather(*(sealed(one, "ann") for one in (ring, other, ring)))
    records = [*await sealed(ring, "ann"), *await sealed(other, "ann")]
    assert len({(one.value or b"")[4:12] for one in records}) == 1
    assert await read(place.ring(), records) == [(b"ann", False)] * 2


async def test_keys_for_many_new_people_are_made_together(place: Installation) -> None:
    """The first who comes makes their own; whoever comes meanwhile waits, and is served at one stroke."""
    ring = place.ring()
    everybody = [f"user-{number}" for number in range(50)]
    records = await asyncio.gather(*(sealed(ring, user) for user in everybody))
    assert place.store.calls.count("add_keys") == 2
    assert [await read(place.ring(), one) for one in records] == [[(user.encode(), False)] for user in everybody]


async def test_who_waits_for_a_key_is_not_let_down_with_who_makes_it(place: Installation) -> None:
    ring = place.ring()
    await sealed(ring, "bob")
    place.log.failures = 1
    outcomes = await asyncio.gather(*(sealed(ring, user) for user in ("ann", "eve", "ida")), return_exceptions=True)
    assert [type(one) for one in outcomes] == [BrokerUnavailable, list, list]


async def test_nothing_is_sealed_with_a_key_that_is_not_on_the_topic(place: Installation) -> None:
    place.log.failures = 1
    ring = place.ring()
    with pytest.raises(BrokerUnavailable):
        await ring.seal([event_of("ann")])
    assert await place.store.read_keys([ring.mailbox("ann")]) == {}
    await sealed(ring, "ann")
    (stored,) = (await place.store.read_keys([ring.mailbox("ann")])).values()
    assert tuple(one.value for one in place.log.of(KEYS)) == stored


async def test_keys_lie_wrapped_wherever_they_lie(place: Installation) -> None:
    drawn: list[bytes] = []

    def random(size: int) -> bytes:
        drawn.append(place.random(size))
        return drawn[-1]

    ring = KeyRing(place.store, place.log, place.log, SECRET, random=random)
    await sealed(ring, "ann")
    (key,) = [one for one in drawn if len(one) == 32]
    (stored,) = (await place.store.read_keys([ring.mailbox("ann")]))[ring.mailbox("ann")]
    for where in (stored, *(one.value or b"" for one in place.log.of(KEYS))):
        assert key not in where


async def test_keys_are_asked_for_once_in_their_life(place: Installation) -> None:
    ring = place.ring()
    records = await sealed(ring, "ann", "bob")
    place.store.calls.clear()
    for _ in range(3):
        await sealed(ring, "ann")
        await ring.open(records)
    assert place.store.calls == []
    place.now += LIFE
    await ring.open(records)
    assert place.store.calls == ["read_keys"]


async def test_a_wiped_store_gets_all_keys_back_from_the_topic_once(place: Installation) -> None:
    records = await sealed(place.ring(), *(f"user-{number}" for number in range(50)))
    place.store.wipe()
    ring = place.ring()
    assert all(not one.forgotten and one.key for one in await ring.open(records[:1]))
    assert all(one.key for one in await ring.open(records))
    pages = place.log.spans
    assert [one.key for one in await place.ring().open(records)] == [f"user-{number}".encode() for number in range(50)]
    assert place.log.spans == pages


async def test_a_store_that_lost_its_last_keys_reads_on_from_its_marks(place: Installation) -> None:
    await sealed(place.ring(), *(f"user-{number}" for number in range(20)))
    await place.ring().destroy("user-0")  # which catches up
    copy = place.store.copied()
    records = await sealed(place.ring(), "new")
    place.store.become(copy)
    place.log.handed_out = 0
    assert await read(place.ring(), records) == [(b"new", False)]
    assert place.log.handed_out == 3  # the null, that it is destroyed, and the new key


async def test_a_key_that_was_lost_and_made_again_leaves_both_readable(place: Installation) -> None:
    before = await sealed(place.ring(), "ann")
    mailbox = place.ring().mailbox("ann")
    ends = {source.number: end for source, end in (await place.log.ends([KEYS])).items()}
    marks = {Partition(KEYS, number): end + 1 for number, end in ends.items()}
    place.store.wipe()
    await place.store.commit([], marks)  # a Redis Cluster that lost one node: the marks lie on another
    after = await sealed(place.ring(), "ann")
    assert (before[0].value or b"")[4:12] != (after[0].value or b"")[4:12]
    assert await read(place.ring(), after) == [(b"ann", False)]
    place.store.wipe()
    assert await read(place.ring(), before + after) == [(b"ann", False)] * 2
    assert len((await place.store.read_keys([mailbox]))[mailbox]) == 2


async def test_a_key_is_destroyed_though_the_store_has_lost_it(place: Installation) -> None:
    records = await sealed(place.ring(), "ann")
    place.store.wipe()
    await place.ring().destroy("ann")
    place.log.compact(KEYS)
    assert [one.value for one in place.log.of(KEYS)] == [b"destroyed"]
    assert await read(place.ring(), records) == [(None, True)]


async def test_compaction_takes_nothing_that_is_needed(place: Installation) -> None:
    records = await sealed(place.ring(), "ann", "bob")
    await place.ring().destroy("bob")
    place.log.compact(KEYS)
    assert len(place.log.of(KEYS)) == 2
    place.store.wipe()
    assert await read(place.ring(), records) == [(b"ann", False), (None, True)]


async def test_what_was_sealed_with_a_destroyed_key_is_forgotten(place: Installation) -> None:
    ring = place.ring()
    records = await sealed(ring, "ann", "bob")
    await ring.destroy("ann")
    for reader in (ring, place.ring()):
        assert await read(reader, records) == [(None, True), (b"bob", False)]
        assert (await reader.open(records))[0].value is None
        assert await reader.destroyed("ann")
        assert not await reader.destroyed("bob")


async def test_nothing_is_sealed_for_a_person_whose_key_is_destroyed_and_no_new_one_is_made(
    place: Installation,
) -> None:
    await place.ring().destroy("ann")
    assert await place.ring().seal([event_of("ann"), event_of("bob")]) != []
    assert await sealed(place.ring(), "ann") == []
    made = [one.key for one in place.log.of(KEYS) if one.key is not None and one.value != b"destroyed"]
    assert [key[:32] for key in made] == [place.ring().mailbox("bob")]


async def test_a_wiped_store_still_knows_who_was_forgotten(place: Installation) -> None:
    await sealed(place.ring(), "ann")
    await place.ring().destroy("ann")
    place.log.compact(KEYS)
    place.store.wipe()
    assert await sealed(place.ring(), "ann") == []
    place.store.wipe()
    assert await place.ring().destroyed("ann")


async def test_other_processes_let_go_of_a_destroyed_key_at_the_end_of_its_life(place: Installation) -> None:
    other = place.ring()
    records = await sealed(other, "ann")
    await place.ring().destroy("ann")
    assert await read(other, records) == [(b"ann", False)]
    place.now += LIFE
    assert await read(other, records) == [(None, True)]


@pytest.mark.parametrize("failing", ["broker", "destroy_keys", "read_keys"])
async def test_a_destruction_that_was_interrupted_is_done_when_it_is_asked_for_again(
    place: Installation, failing: str
) -> None:
    records = await sealed(place.ring(), "ann")
    if failing == "broker":
        place.log.failures = 1
    else:
        place.store.fail(failing)
    with pytest.raises((BrokerUnavailable, StoreUnavailable)):
        await place.ring().destroy("ann")
    assert await read(place.ring(), records) == [(b"ann", False)]
    await place.ring().destroy("ann")
    await place.ring().destroy("ann")
    assert await read(place.ring(), records) == [(None, True)]
    place.log.compact(KEYS)
    assert [one.value for one in place.log.of(KEYS)] == [b"destroyed"]


async def test_a_key_nobody_has_leaves_the_record_as_it_is_and_is_looked_for_once(place: Installation) -> None:
    records = await sealed(Installation().ring(), "ann")
    await sealed(place.ring(), "bob")
    ring = place.ring()
    assert await ring.open(records) == records
    place.store.calls.clear()
    assert await ring.open(records) == records
    assert place.store.calls == []


async def test_a_record_that_was_changed_stays_as_it_is(place: Installation) -> None:
    (record,) = await sealed(place.ring(), "ann")
    changed = record_of(Outgoing(INTERACTIONS, record.key or b"", (record.value or b"")[:-1] + b"?"))
    assert await place.ring().open([changed]) == [changed]


async def test_another_secret_stops_whoever_reads(place: Installation) -> None:
    records = await sealed(place.ring(), "ann")
    with pytest.raises(ConfigurationError, match="ATTUNE_SECRET"):
        await place.ring(b"another secret").open(records)


async def test_messages_are_sealed_while_the_store_is_away_and_open_when_it_is_back(place: Installation) -> None:
    known = place.ring()
    before = await sealed(known, "ann")
    place.now += LIFE
    for ring in (known, place.ring()):
        place.store.fail("read_keys" if ring is known else "marks")
        records = await sealed(ring, "ann", "eve")
        assert place.store.calls[-1] in ("read_keys", "marks")
        asked = len(place.store.calls)
        records += await sealed(ring, "ann", "eve")
        assert len(place.store.calls) == asked
        place.now += AWAY
        assert [key for key, _ in await read(place.ring(), before + records)] == [b"ann"] + [b"ann", b"eve"] * 2


async def test_what_is_sealed_for_a_destroyed_mailbox_while_the_store_is_away_is_dropped_later(
    place: Installation,
) -> None:
    await place.ring().destroy("ann")
    place.store.fail("read_keys")
    records = await sealed(place.ring(), "ann")
    assert await read(place.ring(), records) == [(None, True)]


async def test_keys_are_kept_up_to_a_number(place: Installation) -> None:
    records = await sealed(place.ring(), *(f"user-{number}" for number in range(9)))
    ring = KeyRing(place.store, place.log, place.log, SECRET, most=3)
    for few, calls in (
        (records[:3], ["read_keys"]),
        (records[:3], []),
        (records, ["read_keys"]),
        (records, ["read_keys"]),
    ):
        place.store.calls.clear()
        assert [key for key, _ in await read(ring, few)] == [b"user-%d" % at for at in range(len(few))]
        assert place.store.calls == calls


async def test_every_partition_of_the_topic_is_written_to_now_and_then(place: Installation) -> None:
    for timer in (place.ring().timers[-1], place.ring().timers[-1]):
        await timer.tick()
    assert {(one.partition, one.offset) for one in place.log.of(KEYS)} == {(n, k) for n in range(4) for k in range(2)}
    records = await sealed(place.ring(), "ann")
    place.store.wipe()
    assert await read(place.ring(), records) == [(b"ann", False)]
