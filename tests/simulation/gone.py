"""Who was forgotten in a run, and that nothing of them is left or came back, wherever it might have."""

from collections.abc import AsyncIterator, Iterator

from schemas.api import SearchBody
from schemas.command import ForgetCommand
from streams.erasure_book import ErasureBook
from streams.sealing import key_id, mailbox_of
from streams.topics import CATALOG, COMMANDS, KEYS, PROFILE_EMBEDDINGS
from tests.simulation.encoder import SPACE
from tests.simulation.inputs import PROVIDERS
from tests.simulation.log import HistoryClient
from tests.simulation.opening import SECRET
from tests.simulation.reading import message_of
from tests.simulation.world import World
from workers.errors import UnknownProvider, UnknownSubject
from workers.ports import UserRecord
from workers.subjects import subject_of

DEADLINE = 60.0


def gone_in(world: World) -> frozenset[str]:
    """Of whom a command to forget them came to the log."""
    return frozenset(command.user for command in _commands(world))


async def check_gone(world: World) -> AsyncIterator[str]:
    """What is wrong, in words."""
    for user in sorted(gone_in(world)):
        for problem in (*_in_store(world, user), *_in_topics(world, user)):
            yield problem
        async for problem in _in_index(world, user):
            yield problem
    async for problem in _unconfirmed(world):
        yield problem


def _commands(world: World) -> Iterator[ForgetCommand]:
    for record in world.log.written:
        if record.topic == COMMANDS and isinstance(command := message_of(record), ForgetCommand):
            yield command


def _in_store(world: World, user: str) -> Iterator[str]:
    """A store that was wiped may have no tombstone either: the key's end stands on the topic."""
    mailbox, known = mailbox_of(SECRET, user), world.store.read([user], (), SPACE).users.get(user)
    if known != UserRecord(forgotten=True) and (known is not None or not world.store.losses):
        yield f"the store has no tombstone of {user}, or more than that"
    if world.store.read_keys([mailbox]).get(mailbox):
        yield f"the store has a key of {user}"
    if world.store.own_items(mailbox):
        yield f"the store has what {user} brought"
    if any(user in world.store.times(name) for name in ("waiting", "refit", "refine", "refitted")):
        yield f"something is due for {user}"


def _in_topics(world: World, user: str) -> Iterator[str]:
    mailbox, newest = mailbox_of(SECRET, user), world.log.newest(PROFILE_EMBEDDINGS)
    for provider in PROVIDERS:
        record = newest.get(subject_of(SECRET, provider, user).encode())
        if record is not None and record.value is not None:
            yield f"the newest embedding of {user} at {provider} is no tombstone"
    brought = (record for key, record in world.log.newest(CATALOG).items() if mailbox in key)
    if any(record.value is not None for record in brought):
        yield f"the catalog ends with something that {user} brought"
    left = {key for key, record in world.log.newest(KEYS).items() if record.value is not None}
    sealed = (one for one in world.log.sealed() if one.key == mailbox)
    if any(b"%b.%b" % (mailbox, key_id(one.value).hex().encode()) in left for one in sealed):
        yield f"something of {user} can still be opened"


async def _in_index(world: World, user: str) -> AsyncIterator[str]:
    assert world.provider is not None
    for provider in PROVIDERS:
        try:
            await world.provider.search(provider, SearchBody(subject=subject_of(SECRET, provider, user), k=1))
        except (UnknownSubject, UnknownProvider):
            continue
        yield f"{provider} can still search for {user}"


async def _unconfirmed(world: World) -> AsyncIterator[str]:
    """Of each person one erasure at least: what was sent once the first had ended reached nobody."""
    onlooker = HistoryClient(world.log, lambda group: {}, world.fleet.process("onlooker"))
    book = ErasureBook(onlooker, SECRET, DEADLINE, world.now)
    complete: set[str] = set()
    for command in _commands(world):
        if (await book.status(command.command_id)).state == "complete":
            complete.add(command.user)
    if left := gone_in(world) - complete:
        yield f"no erasure of {sorted(left)} was confirmed by every provider"
