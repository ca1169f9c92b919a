"""A trace in every kind of place, one at a time: the audit finds it there, and names the place without saying what."""

import gzip
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from infra.audit.audit import look_for
from infra.audit.files import look_into_files
from infra.audit.needles import Needles
from infra.audit.redis import look_into_redis
from infra.audit.report import MOST_NAMED, Place, Report
from infra.processes import RedisServer
from infra.settings import Settings
from infra.stores.sqlite import SqliteStore
from schemas.api import SearchAnswer, SearchBody
from schemas.catalog import description_key
from schemas.dead_letter import Reason
from schemas.profile import ProfileEmbedding
from streams.contract import Outgoing, Record
from streams.database import Database
from streams.dead_letters import dead_letter
from streams.embedded_log import EmbeddedLog
from streams.erasure import Erasure
from streams.key_ring import KeyRing
from streams.sealing import PREFIX, is_sealed, mailbox_of, own_item
from streams.topics import CATALOG, COMMANDS, DEAD_LETTERS, INTERACTIONS, KEYS, PROFILE_EMBEDDINGS, PROFILE_EVENTS
from tests.contract.stores import item, message
from workers.errors import SearchUnavailable, UnknownSubject
from workers.ports import UserCommit
from workers.subjects import subject_of

PERSON = "ann-of-green-gables"
SECRET = "a long random text of this installation"
KEY = SECRET.encode()
SUBJECT = subject_of(KEY, "news", PERSON)


class Indexes:
    """Of the providers; holds those subjects."""

    def __init__(self, *held: str, away: bool = False) -> None:
        self.held, self.away = held, away

    async def search(self, provider: str, body: SearchBody) -> SearchAnswer:
        if self.away:
            raise SearchUnavailable("nobody answers")
        if body.subject not in self.held:
            raise UnknownSubject("no embedding was published for this subject")
        return SearchAnswer(version=1, space="space-1", items=())

    async def providers(self) -> dict[str, int]:
        return {}


class Trace:
    """The ways to leave one in a file of the embedded service that is opened for it."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data_dir=folder, secret=SECRET)

    async def leave(self, *messages: Outgoing, users: tuple[str, ...] = (), erase: bool = False) -> None:
        database = Database(self.settings.database)
        store = await SqliteStore.open(database)
        log = await EmbeddedLog.open(database, partitions=2)
        keys = KeyRing(store, log, log, KEY, compact=lambda: log.compact(KEYS))
        await store.put_items([item("news:1")])
        await store.commit([UserCommit(user, 0, user.encode(), (message(user),), {"refit": 1.0}) for user in users])
        await log.send(await keys.seal(messages))
        if erase:
            await Erasure(store, log, KEY, keys, lambda: 1_790_000_000.0).erase(PERSON, ["e1"])
            await store.shed()
        await log.close()
        await database.close()

    async def audit(self, *logs: Path, texts: tuple[str, ...] = (), indexes: Indexes | None = None) -> Report:
        return await look_for(self.settings, PERSON, texts, logs, indexes or Indexes())

    async def places(self, *logs: Path, **given: Any) -> set[str]:
        return {place.name for place in (await self.audit(*logs, **given)).places if place.found}


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    return Trace(tmp_path / "data")


def event(topic: str = INTERACTIONS, user: str = PERSON) -> Outgoing:
    text = "theremin solos" if user == PERSON else "jazz"
    return Outgoing(topic, user.encode(), f'{{"user": "{user}", "text": "{text}"}}'.encode())


def embedding(version: int = 1) -> Outgoing:
    body = ProfileEmbedding(
        subject=SUBJECT,
        provider="news",
        version=version,
        space="space-1",
        vectors=(b64encode(b"\0" * 8),),
        weights=(1.0,),
        accepted_ms=1,
    )
    return Outgoing(PROFILE_EMBEDDINGS, SUBJECT.encode(), body.to_bytes())


async def test_a_person_who_was_erased_leaves_nothing(trace: Trace) -> None:
    """Sealed messages stay, and nobody can open them; nor is anybody else found."""
    record = Record(INTERACTIONS, 0, 0, PERSON.encode(), event().value, 1)
    letter = dead_letter(record, Reason.INVALID, "no JSON", "agents", 1_000.0)
    mail = [event(topic) for topic in (INTERACTIONS, COMMANDS, PROFILE_EVENTS)]
    await trace.leave(*mail, letter, embedding(), event(user="bob"), users=(PERSON, "bob"), erase=True)
    report = await trace.audit(texts=("theremin solos",))
    assert (list(report.findings), report.not_looked_at) == ([], [])
    looked = {place.name: place.looked_at for place in report.places}
    assert looked[INTERACTIONS] == 2
    assert looked[DEAD_LETTERS] == 1
    assert looked["sqlite"] > 20
    assert looked["indexes"] == 1


async def test_somebody_who_was_never_erased_is_found_everywhere(trace: Trace) -> None:
    await trace.leave(event(), embedding(), users=(PERSON,))
    found = await trace.places(indexes=Indexes(SUBJECT))
    assert found == {"sqlite", INTERACTIONS, KEYS, PROFILE_EMBEDDINGS, "keys in the store", "indexes", "data folder"}


PLAIN = event().value or b""
BROUGHT = description_key(f"mine.x:{own_item(KEY, PERSON, 'a post')}").encode()


@pytest.mark.parametrize(
    ("left", "place"),
    [
        (Outgoing(CATALOG, b"news:1", PLAIN), CATALOG),
        (Outgoing(CATALOG, f"news:{PERSON}".encode(), None), CATALOG),
        (Outgoing(CATALOG, b"news:1", b'{"value": "' + b64encode(PLAIN) + b'"}'), CATALOG),
        (embedding(), PROFILE_EMBEDDINGS),
        (Outgoing(KEYS, PERSON.encode(), b"roll"), KEYS),
        (Outgoing(CATALOG, BROUGHT, PREFIX + bytes(60)), CATALOG),
    ],
    ids=["a value", "a key", "in base64", "an embedding", "a key of the topic", "a brought item"],
)
async def test_a_trace_in_a_topic(trace: Trace, left: Outgoing, place: str) -> None:
    await trace.leave(event(), erase=True)
    await trace.leave(left)
    assert place in await trace.places()


async def test_what_is_sealed_with_a_key_that_there_still_is(trace: Trace) -> None:
    await trace.leave(event())
    report = await trace.audit()
    (topic,) = [place for place in report.places if place.name == INTERACTIONS]
    plainly, opened = topic.found
    assert opened == f"{plainly} (it can still be opened)"


async def test_a_brought_item_that_can_still_be_opened_and_one_whose_key_is_destroyed(trace: Trace) -> None:
    await trace.leave(event(), Outgoing(CATALOG, BROUGHT, PLAIN))
    findings = list((await trace.audit()).findings)
    assert [one.partition(" (")[2] for one in findings if one.startswith(CATALOG)] == [
        "",
        "it can still be opened)",
        "",
    ]
    await trace.leave(erase=True)
    await trace.leave(Outgoing(CATALOG, BROUGHT, None))
    assert CATALOG not in await trace.places()


async def test_a_brought_item_in_the_store(trace: Trace) -> None:
    await trace.leave(event(), erase=True)
    with sqlite3.connect(trace.settings.database) as connection:
        row = (BROUGHT.decode()[1:], "space-1", mailbox_of(KEY, PERSON), b"")
        connection.execute("INSERT INTO own_items VALUES (?, ?, ?, ?)", row)
    connection.close()
    assert await trace.places() == {"brought items in the store"}


async def test_an_older_embedding_that_waits_to_be_compacted_is_none(trace: Trace) -> None:
    await trace.leave(embedding(), Outgoing(PROFILE_EMBEDDINGS, SUBJECT.encode(), None))
    assert PROFILE_EMBEDDINGS not in await trace.places()


@pytest.mark.parametrize("table", ["users", "times", "outbox", "words", "budgets", "gone_items", "own_items"])
async def test_a_trace_in_a_table(trace: Trace, table: str) -> None:
    await trace.leave(event(), erase=True)
    with sqlite3.connect(trace.settings.database) as connection:
        columns = connection.execute(f"SELECT name, type FROM pragma_table_info('{table}')").fetchall()
        row = [PERSON if kind == "TEXT" else PERSON.encode() if kind == "BLOB" else 1 for _, kind in columns]
        connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    connection.close()
    report = await trace.audit()
    assert f"sqlite: a row of the table {table}" in report.findings


async def test_a_trace_in_an_index(trace: Trace) -> None:
    await trace.leave(event(), erase=True)
    assert await trace.places(indexes=Indexes(SUBJECT)) == {"indexes"}


async def test_indexes_that_nobody_could_ask_are_said(trace: Trace) -> None:
    await trace.leave(event(), erase=True)
    report = await trace.audit(indexes=Indexes(away=True))
    assert [one.partition(":")[0] for one in report.not_looked_at] == ["the indexes of providers"]


def plain(path: Path, text: bytes) -> None:
    path.write_bytes(text)


def packed(path: Path, text: bytes) -> None:
    path.with_suffix(".log.gz").write_bytes(gzip.compress(text))


def overlapping(path: Path, text: bytes) -> None:
    path.write_bytes(b" " * (4 * 1024 * 1024 - 12) + text)


def named(path: Path, text: bytes) -> None:
    folder = path.with_name(f"of {PERSON}")
    folder.mkdir()
    (folder / "old.log").write_bytes(b"")


@pytest.mark.parametrize("write", [plain, packed, overlapping, named])
@pytest.mark.parametrize("folder", ["data", "logs"])
async def test_a_trace_in_a_file(
    trace: Trace, tmp_path: Path, folder: str, write: Callable[[Path, bytes], None]
) -> None:
    await trace.leave(event(), erase=True)
    (tmp_path / "logs").mkdir()
    write(tmp_path / folder / "old.log", f"WARNING {PERSON} failed".encode())
    assert await trace.places(tmp_path / "logs") == {"data folder" if folder == "data" else "logs"}


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken.gz").write_bytes(b"no gzip")
    report = Report()
    look_into_files([tmp_path], Needles(PERSON), report)
    assert len(report.not_looked_at) == 1


async def test_findings_name_places_and_never_the_person(trace: Trace) -> None:
    await trace.leave(event(), embedding(), users=(PERSON,))
    (trace.settings.data_dir / f"{PERSON}.json").write_bytes(b"")
    (trace.settings.data_dir / f"{PERSON}.gz").write_bytes(b"no gzip")
    report = await trace.audit(indexes=Indexes(SUBJECT))
    told = [*report.findings, *report.not_looked_at]
    assert any("<user>.json" in one for one in told)
    assert not any(PERSON in one or SUBJECT in one for one in told)


def test_a_place_with_a_great_many_names_the_first_of_them() -> None:
    place = Place("redis", "keys")
    for number in range(MOST_NAMED + 5):
        place.look(True, str(number))
    assert (len(place.found), place.left_out, place.looked_at) == (MOST_NAMED, 5, MOST_NAMED + 5)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer.start(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.mark.redis
@pytest.mark.parametrize(
    "command",
    [
        ("SET", PERSON, "x"),
        ("SET", "a", PERSON),
        ("HSET", "a", PERSON, "x"),
        ("HSET", "a", "x", PERSON),
        ("RPUSH", "a", "x", PERSON),
        ("SADD", "a", PERSON),
        ("ZADD", "a", "1", PERSON),
        ("XADD", "a", "*", "x", PERSON),
    ],
    ids=["key", "string", "field", "value", "list", "set", "sorted set", "stream"],
)
async def test_a_trace_in_redis(server: RedisServer, command: tuple[str, ...]) -> None:
    url = f"redis://127.0.0.1:{server.port}/0"
    client: Any = redis.asyncio.Redis.from_url(url)
    await client.flushdb()
    await client.execute_command("SET", "another", "x")
    settings = Settings(broker="kafka://h:1", store=url, secret=SECRET)
    clean = Report()
    await look_into_redis(settings, Needles(PERSON), clean)
    await client.execute_command(*command)
    report = Report()
    await look_into_redis(settings, Needles(PERSON), report)
    await client.aclose()
    await client.connection_pool.disconnect()
    assert (clean.is_clean, clean.places[0].looked_at) == (True, 1)
    (place,) = report.places
    assert len(place.found) == 1
    assert PERSON not in place.found[0]


def test_the_traces_of_these_tests_are_sealed_where_they_should_be() -> None:
    assert not is_sealed(PLAIN)
