"""Erases a person: the steps from the command to the moment when nobody can read anything of them any more.

0. Wait, where the store was lost, until it knows again which providers there are.
1. Tombstone: the store drops state, outbox, times and jobs in one step with it. What is in flight (another worker's
   commit, a refiner's lease, a due time) is refused from here on.
2. Null what providers hold: the embedding under the person's name at every provider that there is, or ever was.
   Whoever reads that drops it and confirms (`streams.provider`). And the descriptions of what the person brought
   (`workers.mine`), which the catalog's log would keep for ever. The store takes none from then on, and what is on its
   way there its reader nulls.
3. Say that it has begun, and who is to confirm: `streams.erasure_book` waits for that.
4. Destroy the key, last: until here a redelivered command can still be opened, and does all of this once more. The
   store drops what the person brought in one step with it.

Every step may be repeated, and a crash between any two is made up for by the redelivery. (Once the key is destroyed the
command cannot be opened any more, and nothing is left to be done.)

A store that comes back from a loss, or out of an old snapshot, may have lost the tombstone, and the command may not be
readable any more. That a key was destroyed stands on a topic for ever (`streams.key_topic`), and brings it back:

* before such a store learns of destroyed keys, whoever it still holds of these mailboxes is erased again;
* somebody whom it does not know is looked up among the destroyed ones before anything is folded.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.catalog import description_key
from schemas.receipt import ErasureBegun
from streams.contract import Keys, Outgoing, Producer
from streams.progress import made_progress
from streams.sealing import mailbox_of
from streams.topics import CATALOG, ERASURE_RECEIPTS, PROFILE_EMBEDDINGS
from workers.ports import Store
from workers.subjects import subject_of


@dataclass(frozen=True, slots=True)
class Erasure:
    """`key` makes the pseudonyms that providers know; `now` is in epoch seconds. `keys` None: nothing is sealed. Every
    method raises `StoreUnavailable` and `BrokerUnavailable`: the same may be asked again."""

    store: Store
    producer: Producer
    key: bytes
    keys: Keys | None
    now: Callable[[], float]
    providers_are_known: Callable[[], Awaitable[None]] | None = None
    """Raises `Unavailable` where they are not."""

    async def erase(self, user: str, erasures: Sequence[str]) -> None:
        """`erasures` are the ids by which somebody asks how far it is."""
        # 0. Wait
        if self.providers_are_known is not None:
            await self.providers_are_known()
        subjects = await erase_again(self.store, self.producer, self.key, user)  # 1 and 2
        begun = datetime.fromtimestamp(self.now(), UTC)
        bodies = [ErasureBegun(erasure=one, begun=begun, subjects=subjects) for one in erasures]
        # 3. Say
        await self.producer.send([Outgoing(ERASURE_RECEIPTS, one.erasure.encode(), one.to_bytes()) for one in bodies])
        # 4. Destroy
        if self.keys is not None:
            await self.keys.destroy(user)
        made_progress()

    async def is_erased(self, user: str) -> bool:
        """What is sent for them now reaches nobody: a further erasure is carried out by whoever is asked for it."""
        return self.keys is not None and await self.keys.destroyed(user)

    async def remember(self, strangers: Collection[str]) -> set[str]:
        """Those of the people, whom the store does not know, who were erased before it lost that: it knows them now."""
        if self.keys is None or not strangers:
            return set()
        gone = await self.keys.destroyed_among(strangers)
        for user in sorted(gone):
            await erase_again(self.store, self.producer, self.key, user)
        return gone


async def erase_again(store: Store, producer: Producer, key: bytes, user: str) -> dict[str, str]:
    """Steps 1 and 2. Returns the person's names, by provider."""
    # 1. Tombstone
    providers = await store.forget(user)
    # 2. Null
    subjects = {provider: subject_of(key, provider, user) for provider in providers}
    await producer.send([Outgoing(PROFILE_EMBEDDINGS, one.encode(), None) for one in subjects.values()])
    await _null_brought(store, producer, mailbox_of(key, user))
    return subjects


async def erase_owners(store: Store, producer: Producer, secret: bytes, mailboxes: Collection[bytes]) -> None:
    """Erases again whoever the store still holds of these mailboxes, and what they brought. Reads all of its users: a
    million take seconds."""
    for mailbox in mailboxes:  # which may have come back without its user, from the log
        await _null_brought(store, producer, mailbox)
    place, wanted = 0, frozenset(mailboxes)
    while True:
        page = await store.users(place)
        for user in page.users:
            if mailbox_of(secret, user) in wanted:
                await erase_again(store, producer, secret, user)
        made_progress()
        place = page.next
        if not place:
            return


async def _null_brought(store: Store, producer: Producer, mailbox: bytes) -> None:
    brought = await store.close_own(mailbox)
    await producer.send([Outgoing(CATALOG, description_key(item).encode(), None) for item in brought])
