"""Erasing a person: every step, a crash between any two of them, and what could bring the person back."""

from collections.abc import Collection

import pytest

from schemas.catalog import CatalogItem
from schemas.receipt import ErasureBegun
from streams.contract import Outgoing, Partition
from streams.erasure import Erasure
from streams.recovery import Recovery
from streams.sealed import OpenedHistory
from streams.sealing import mailbox_of
from streams.topics import CATALOG, COMMANDS, ERASURE_RECEIPTS, KEYS
from tests.streams.agents_world import NOW, PROVIDERS
from tests.streams.erasing_world import ErasingLog, Place, a_place, clicks, forget, names_of
from tests.streams.sealing_world import SECRET, Installation
from tests.workers.mailbox import SPACE
from workers.errors import BrokerUnavailable, StoreUnavailable, Unavailable
from workers.ports import ItemRecord, Record, UserRecord

GONE = UserRecord(forgotten=True)


@pytest.fixture
async def place() -> Place:
    """Ada has a profile and bob has one; both are held by readers."""
    place = await a_place()
    await place.send(*clicks("ada"), *clicks("bob"))
    await place.agents().handle(place.mail())
    assert len(place.newest()) == 2 * len(PROVIDERS)
    return place


async def record_of(place: Place, user: str) -> UserRecord | None:
    return (await place.store.read([user], (), SPACE)).users.get(user)


async def erased(place: Place, user: str = "ada") -> None:
    await place.send(forget(user))
    await place.agents().handle(place.mail())


async def check_erased(place: Place, user: str = "ada") -> None:
    mailbox = mailbox_of(SECRET, user)
    assert await record_of(place, user) == GONE
    assert {place.newest()[name.encode()] for name in names_of(user).values()} == {None}
    assert await place.store.read_keys([mailbox]) == {mailbox: ()}
    left = {record.key: record.value for record in place.log.of(KEYS) if (record.key or b"").startswith(mailbox)}
    assert {value for value in left.values() if value is not None} == {b"destroyed"}
    assert all(one.forgotten for one in await place.ring().open(place.mail()) if one.key in {None, mailbox})


async def test_everything_of_the_person_goes_and_nothing_of_anybody_else(place: Place) -> None:
    await erased(place)
    await check_erased(place)
    bob = await record_of(place, "bob")
    assert bob is not None
    assert bob.revision
    assert all(place.newest()[name.encode()] is not None for name in names_of("bob").values())


async def test_that_it_has_begun_names_every_provider_and_not_the_person(place: Place) -> None:
    await erased(place)
    (begun,) = [ErasureBegun.model_validate_json(one.value or b"") for one in place.receipts()]
    assert (begun.erasure, begun.subjects, begun.begun.timestamp()) == ("f1", names_of("ada"), NOW)
    assert b"ada" not in (place.receipts()[0].value or b"")


async def test_a_provider_whose_last_item_is_gone_is_told_too(place: Place) -> None:
    """It may hold an embedding of the time when it had one."""
    await place.store.put_items([], ["books:1"])
    await erased(place)
    assert place.newest()[names_of("ada")["books"].encode()] is None


async def test_of_a_persons_own_imports_no_provider_is_told(place: Place) -> None:
    vector = next(iter((await place.store.read((), ["books:1"], SPACE)).items.values())).vector
    await place.store.put_items([ItemRecord("mine.netflix:1", SPACE, vector, "A film", (), "")])
    await erased(place)
    begun = ErasureBegun.model_validate_json(place.receipts()[0].value or b"")
    assert set(begun.subjects) == set(PROVIDERS)


@pytest.mark.parametrize("send", range(4), ids=["null", "say", "null the key", "say that it is destroyed"])
async def test_a_broker_that_is_away_at_any_step_is_made_up_for_by_the_redelivery(place: Place, send: int) -> None:
    await place.send(forget("ada"))
    place.log.fails_in = send
    with pytest.raises(BrokerUnavailable):
        await place.agents().handle(place.mail())
    place.log.fails_in = -1
    await place.agents().handle(place.mail())
    await check_erased(place)


@pytest.mark.parametrize("call", ["forget", "read_keys", "destroy_keys", "commit"])
async def test_a_store_that_is_away_at_any_step_is_made_up_for_by_the_redelivery(place: Place, call: str) -> None:
    await place.send(forget("ada"))
    agents, mail = place.agents(), place.mail()
    place.store.fail(call)
    with pytest.raises(StoreUnavailable):
        await agents.handle(mail)
    await agents.handle(mail)
    await check_erased(place)


async def test_the_key_is_destroyed_last(place: Place) -> None:
    """Or a crash before it would leave a command that nobody can read, and a person who is only half erased."""
    await place.send(forget("ada"))
    place.log.fails_in = 1  # to say that it has begun
    with pytest.raises(BrokerUnavailable):
        await place.agents().handle(place.mail())
    assert not any(one.forgotten for one in await place.ring().open(place.mail()))


async def test_what_else_the_mailbox_holds_is_moot_and_everything_is_counted_once() -> None:
    place = await a_place()
    await place.send(*clicks("ada"), forget("ada"), *clicks("bob"))
    await place.agents().handle(place.mail())
    assert await record_of(place, "ada") == GONE
    assert place.count("attune_commands_carried_out_total", kind="forget") == 1
    assert place.count("attune_events_duplicate_total", kind="forgotten") == 6
    assert place.total("attune_events_applied_total") == 6
    consumed = [place.count("attune_events_consumed_total", topic=topic) for topic in (COMMANDS, "attune.interactions")]
    assert consumed == [1, 12]


async def test_once_it_is_over_a_redelivery_is_dropped_and_counted(place: Place) -> None:
    await erased(place)
    sent = len(place.log.of(ERASURE_RECEIPTS))
    await place.agents().handle(place.mail())
    assert len(place.log.of(ERASURE_RECEIPTS)) == sent
    assert place.count("attune_commands_carried_out_total", kind="forget") == 1
    await check_erased(place)


async def test_what_comes_later_for_the_person_is_dropped_at_the_door(place: Place) -> None:
    await erased(place)
    before = len(place.mail())
    await place.send(*clicks("ada"), forget("ada", "f2"))
    assert len(place.mail()) == before


async def test_an_erasure_of_somebody_who_is_erased_is_carried_out_by_whoever_is_asked(place: Place) -> None:
    """Its command would reach nobody, and its status would stay unknown for ever."""
    await erased(place)
    erasure = Erasure(place.store, place.producer, SECRET, place.ring(), lambda: place.time)
    assert await erasure.is_erased("ada")
    assert not await erasure.is_erased("bob")
    await erasure.erase("ada", ["f2"])
    await place.provider().handle(place.embeddings())
    assert (await place.book().status("f2")).state == "complete"


def plain(user: str) -> list[Record]:
    """As somebody sends them to Kafka who knows nothing of seals."""
    stamp = int(NOW * 1000)
    return [Record(one.topic, 0, 100 + at, one.key, one.value, stamp) for at, one in enumerate(clicks(user))]


async def test_a_store_that_was_wiped_does_not_take_the_person_for_a_new_one(place: Place) -> None:
    await erased(place)
    items = list((await place.store.read((), ["news:jazz-0", "books:1"], SPACE)).items.values())
    place.store.wipe()
    await place.store.put_items(items)
    await place.agents().handle(plain("ada"))
    assert await record_of(place, "ada") == GONE
    assert {place.newest()[name.encode()] for name in names_of("ada").values()} == {None}


async def test_a_store_that_has_lost_the_tombstone_gets_it_before_it_learns_that_the_key_is_destroyed(
    place: Place,
) -> None:
    """As out of a snapshot. Nobody could read the command once more after that."""
    copy = place.store.copied()
    await erased(place)
    place.store.become(copy)
    await place.ring().destroy("somebody else")  # which catches up with the topic
    assert await record_of(place, "ada") == GONE
    assert await record_of(place, "bob") != GONE
    await check_erased(place)


async def test_nobody_is_erased_before_it_is_known_again_which_providers_there_are(place: Place) -> None:
    async def away() -> None:
        raise Unavailable("the catalog is being embedded again")

    erasure = Erasure(place.store, place.producer, SECRET, place.ring(), lambda: place.time, away)
    with pytest.raises(Unavailable):
        await erasure.erase("ada", ["f1"])
    assert await record_of(place, "ada") != GONE


async def test_the_store_lacks_items_while_its_embedder_is_behind_what_it_had_done(place: Place) -> None:
    entry = CatalogItem(provider="news", item="1", title="A title")
    await place.log.send([Outgoing(CATALOG, entry.key.encode(), entry.to_bytes())])

    async def embedders() -> str:
        return "embedders"

    recovery = Recovery(Embedded(place.log), place.store, "attune-agents", embedders, key=SECRET)
    with pytest.raises(Unavailable, match="is being embedded again"):
        await recovery.items_are_there()
    for source, end in (await place.log.ends([CATALOG])).items():
        await place.store.commit([], {Partition(f"embedders/{source.topic}", source.number): end})
    await recovery.items_are_there()


class Embedded(OpenedHistory):
    """Of which the embedders had done everything."""

    def __init__(self, log: ErasingLog) -> None:
        super().__init__(log, Installation().ring())
        self._log = log

    async def committed(self, group: str, topics: Collection[str]) -> dict[Partition, int]:
        return await self._log.ends(topics)
