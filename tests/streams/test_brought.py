"""What persons bring, from end to end: sealed on the catalog's topic, each one's own, and gone with its person."""

import pytest

from schemas.catalog import CatalogItem, description_key
from schemas.dead_letter import Reason
from schemas.interaction import Interaction, Signal
from streams.contract import Outgoing, Record
from streams.dead_letters import dead_letter
from streams.embedder import EmbedderStage
from streams.publication import publication
from streams.sealed import OpenedStage, SealedProducer
from streams.sealing import is_sealed, mailbox_of, own_item, sealed_for
from streams.topics import CATALOG, DEAD_LETTERS
from tests.fakes import HashEncoder
from tests.streams.agents_world import NOW
from tests.streams.erasing_world import DIMENSION, Place, a_place, clicks, forget
from tests.streams.sealing_world import SECRET, letter_in, record_of
from tests.workers.mailbox import SPACE, START, Mailbox, fold_in, known_world
from workers.errors import BrokerUnavailable

LIKED = "theremin solos by candlelight"


def described(user: str, title: str = LIKED, item: str = "1", ms: int = 5) -> Outgoing:
    entry = CatalogItem(provider="mine.x", item=own_item(SECRET, user, item), title=title, described_ms=ms)
    return Outgoing(CATALOG, description_key(entry.key).encode(), entry.to_bytes())


def key_of(user: str, item: str = "1") -> str:
    return f"mine.x:{own_item(SECRET, user, item)}"


class Town(Place):
    """With an embedder, and as many more as are wanted."""

    def embedder(self) -> OpenedStage:
        ring = self.ring()
        producer = SealedProducer(self.log, ring, self.metrics)
        encoder = HashEncoder(DIMENSION, SPACE)
        return OpenedStage(EmbedderStage(self.store, encoder, producer, self.metrics), ring)

    async def embed(self) -> None:
        await self.embedder().handle(self.log.of(CATALOG))

    async def titles(self, *users: str) -> list[str]:
        keys = [key_of(user) for user in users]
        return [one.title for one in (await self.store.read((), keys, SPACE)).items.values()]

    def left(self, user: str) -> list[Record]:
        """Of what the person brought, as compaction leaves it."""
        newest = {one.key: one for one in self.log.of(CATALOG)}
        own = mailbox_of(SECRET, user)
        return [one for key, one in newest.items() if own in (key or b"") and one.value is not None]


@pytest.fixture
async def town() -> Town:
    place = await a_place()
    town = Town(log=place.log, store=place.store)
    await town.send(*clicks("ada"), *clicks("bob"))
    await town.agents().handle(town.mail())
    return town


async def erased(town: Town) -> None:
    await town.send(forget("ada"))
    await town.agents().handle(town.mail())


async def check_gone(town: Town) -> None:
    assert await town.store.own_items(mailbox_of(SECRET, "ada")) == []
    assert town.left("ada") == []


async def test_the_log_has_no_word_of_it_and_the_embedder_reads_all_of_it(town: Town) -> None:
    await town.send(described("ada"))
    (record,) = town.log.of(CATALOG)
    assert (record.key, is_sealed(record.value)) == (f"~{key_of('ada')}".encode(), True)
    assert LIKED.encode() not in (record.value or b"")
    await town.embed()
    assert await town.titles("ada") == [LIKED]


def test_an_items_id_says_nothing_without_the_secret_and_is_the_same_for_ever() -> None:
    names = [own_item(secret, user, item) for secret in (b"one", b"two") for user in "ab" for item in "12"]
    assert len(set(names)) == len({name[32:] for name in names}) == 8
    assert own_item(b"secret", "ann", "1") == "228ec636ee5fce77c0e191a50be636c0068088b97106619db5edde33ba1ce5a0"


async def test_it_opens_at_its_own_place_only(town: Town) -> None:
    await town.send(described("ada"), described("ada", item="2"))
    one, other = town.log.of(CATALOG)
    moved = Record(CATALOG, 0, 9, other.key, one.value, 1_000)
    assert await town.ring().open([moved]) == [moved]


async def test_two_who_bring_the_same_do_not_touch_each_others(town: Town) -> None:
    await town.send(described("ada", "as ada has it"), described("bob", "as bob has it"))
    await town.embed()
    assert await town.titles("ada", "bob") == ["as ada has it", "as bob has it"]
    await erased(town)
    assert await town.titles("ada", "bob") == ["as bob has it"]
    assert len(town.left("bob")) == 1


async def test_with_the_person_it_goes_from_the_store_and_from_the_topic(town: Town) -> None:
    await town.send(described("ada"), described("ada", item="2"))
    await town.embed()
    await erased(town)
    await check_gone(town)
    await town.embed()  # reads it once more, sealed as it is, and the nulls
    await check_gone(town)
    assert town.log.of(DEAD_LETTERS) == []


async def test_what_nobody_had_embedded_yet_is_taken_from_the_topic_by_its_reader(town: Town) -> None:
    await town.send(described("ada"), described("bob"))
    await erased(town)
    assert len(town.left("ada")) == 1
    await town.embed()
    await check_gone(town)
    assert await town.titles("ada", "bob") == [LIKED]


async def test_an_embedder_that_had_read_it_before_writes_nothing_after(town: Town) -> None:
    """It holds the key for half a minute more, as does whoever had sealed it and sends it now."""
    await town.send(described("ada"))
    opened = await town.ring().open(town.log.of(CATALOG))
    await erased(town)
    producer = SealedProducer(town.log, town.ring(), town.metrics)
    await town.log.send([Outgoing(one.topic, one.key or b"", one.value) for one in town.log.of(CATALOG)[:1]])
    await EmbedderStage(town.store, HashEncoder(DIMENSION, SPACE), producer, town.metrics).handle(opened)
    await check_gone(town)


async def test_what_is_described_after_it_does_not_come_to_the_log(town: Town) -> None:
    await erased(town)
    before = len(town.log.of(CATALOG))
    await town.send(described("ada"))
    assert len(town.log.of(CATALOG)) == before


@pytest.mark.parametrize("send", range(5))
async def test_a_broker_that_is_away_at_any_step_is_made_up_for_by_the_redelivery(town: Town, send: int) -> None:
    await town.send(described("ada"))
    await town.embed()
    await town.send(forget("ada"))
    town.log.fails_in = send
    with pytest.raises(BrokerUnavailable):
        await town.agents().handle(town.mail())
    town.log.fails_in = -1
    await town.agents().handle(town.mail())
    await check_gone(town)


async def test_a_store_out_of_a_snapshot_does_not_bring_it_back(town: Town) -> None:
    await town.send(described("ada"))
    await town.embed()
    copy = town.store.copied()
    await erased(town)
    town.store.become(copy)
    assert await town.titles("ada") == [LIKED]
    await town.ring().destroy("somebody else")  # which catches up with the topic of keys
    await check_gone(town)


async def test_a_wiped_store_that_is_told_of_it_once_more_takes_it_from_the_topic_too(town: Town) -> None:
    """By an embedder that had opened it before. Nobody knows whose it is then: the store has lost the person, too."""
    await town.send(described("ada"))
    opened = await town.ring().open(town.log.of(CATALOG))
    await erased(town)
    town.store.wipe()
    await EmbedderStage(town.store, HashEncoder(DIMENSION, SPACE), town.log, town.metrics).handle(opened)
    assert await town.titles("ada") == [LIKED]
    await town.ring().destroy("somebody else")  # which catches up with the topic of keys
    await check_gone(town)


async def test_a_letter_about_it_is_sealed_as_well_and_opens(town: Town) -> None:
    letter = dead_letter(record_of(described("ada")), Reason.INVALID, "no JSON", "embedder", NOW)
    assert sealed_for(letter, lambda user: user.encode()) == mailbox_of(SECRET, "ada")
    await town.send(letter)
    (record,) = town.log.of(DEAD_LETTERS)
    assert (record.key, is_sealed(record.value)) == (mailbox_of(SECRET, "ada"), True)
    (opened,) = await town.ring().open([record])
    assert letter_in(opened).value == described("ada").value


async def test_the_embedder_keeps_nobodys_words_to_send_them_again(town: Town) -> None:
    stage = town.embedder()
    await town.send(described("ada", "first", ms=5))
    await stage.handle(town.log.of(CATALOG))
    await town.send(described("ada", "second", ms=6))
    await stage.handle(town.log.of(CATALOG)[1:])
    assert await town.titles("ada") == ["first"]
    assert len(town.log.of(CATALOG)) == 2


def test_what_a_person_brought_nobody_else_describes() -> None:
    """Nor does anybody bring something that has no owner: it would lie open for everybody."""

    def told(user: str, item: str) -> list[bytes]:
        mailbox, known = Mailbox(user), known_world()
        known.learn_items([f"mine.x:{item}"], {})
        event = Interaction(
            event_id="e1", user=user, provider="mine.x", item=item, signal=Signal.LIKE, time=START, text=LIKED
        )
        mailbox.put(event, arrives=0.0)
        return [one.key for one in publication(user, fold_in(mailbox.events, known=known), (), SPACE, SECRET)]

    own = own_item(SECRET, "ada", "1")
    assert told("ada", own) == [f"~mine.x:{own}".encode()]
    assert told("bob", own) == told("ada", "1") == []
