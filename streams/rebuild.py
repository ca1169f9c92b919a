"""Folds a profile again from the log, from nothing, and puts it in the place of what the store has.

1. Where to: the store's high-water marks say how far the mailbox has been applied. (Of one user, who may be ahead of
   them by the moment between two reads, the state itself says so, too.)
2. Replay the mailbox from its start up to there, in the canonical order (`streams.replay`), and fold the user's part.
3. Compare: bytes for bytes, or at least in what the profile says.
4. Commit what differs, at the revision that was read: where the agents have written meanwhile, all of it is done again.
   A version that the record had, or that readers have seen (`streams.readers`), is exceeded, so that they take this
   one.
5. Publish the embedding, and trim.

It equals what was lost, except that: all items and words are known now, so what once waited is applied at its own place
(and what went to the dead-letters because its item came late is applied at last); an item that has changed since is
seen as it is today; and between two topics the agents may have met messages in another order than the broker took them,
while they were behind. What is older than the topics' retention is not there to be folded: a record that can be read is
not replaced by less than it holds, unless that is asked for.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from schemas.command import MoveCommand
from schemas.profile import Cause
from streams.contract import History, Outgoing, Partition, Producer, Record
from streams.due_times import due_times
from streams.lookup import look_up
from streams.mailboxes import read_event
from streams.messages import parse_message
from streams.own_views import lacked, left_to_publisher
from streams.partitioning import partition_of
from streams.publication import publication
from streams.readers import Readers, readers_of
from streams.rebuilt import REPLACED, Found, Report, compare, readable
from streams.replay import Span, in_batches, pages, replay
from streams.sealing import mailbox_of
from streams.topics import MAILBOX, PROFILE_EMBEDDINGS
from workers.agent import fold
from workers.errors import AttuneError
from workers.knowledge import Missing
from workers.mailbox import AgentRules, Change, Event, Folded, Letter
from workers.ports import CommitOutcome, Store, UserCommit, UserRecord
from workers.spaces import Spaces
from workers.state import decode_state, encode_state

BATCH = 500
ATTEMPTS = 10
"""Tries against agents who write the same user: each takes as long as to read the user's partitions, and they write
once a message."""


class Busy(AttuneError):
    """The agents keep writing the user."""


@dataclass(slots=True)
class _Copy:
    """A user beside the one in the store."""

    stored: UserRecord
    state: bytes | None = None
    skipped: int = 0


@dataclass(slots=True)
class _Pass:
    """One way through the log. `wanted` chooses users; those who are not in `copies` yet are read when they appear."""

    spans: Mapping[Partition, Span]
    wanted: Callable[[str], bool]
    copies: dict[str, _Copy] = field(default_factory=dict)
    shortened: bool = False
    """Whether a partition did not begin at its first message."""
    readers: Readers | None = None
    """Of all users in `copies`, once the first of them is to be replaced."""

    def reaches(self, stored: UserRecord) -> bool:
        """Whether the store has nothing that lies outside: the agents go on meanwhile."""
        state = readable(stored)
        ends = {_place(source): span.end for source, span in self.spans.items()}
        return state is None or all(offset < ends.get(place, 0) for place, offset in state.offsets.items())


class Rebuilder:
    """`spaces` are all that profiles may live in, and settled; `key` makes the pseudonyms; `now` is in epoch seconds.
    Every method raises `StoreUnavailable` and `BrokerUnavailable`."""

    def __init__(
        self,
        history: History,
        store: Store,
        producer: Producer,
        rules: AgentRules,
        spaces: Spaces,
        *,
        key: bytes,
        now: Callable[[], float],
    ) -> None:
        self._history = history
        self._store = store
        self._producer = producer
        self._rules = rules
        self._spaces = spaces
        self._space = next(iter(spaces)).space
        self._key = key
        self._now = now

    async def one(self, user: str, *, check: bool = False, force: bool = False, everywhere: bool = False) -> Report:
        """`check` only compares; `force` replaces also what may hold more than the log; `everywhere` reads all
        partitions, which is needed where their number has grown. Raises `Busy`."""
        for _ in range(ATTEMPTS):
            run = await self._run_for(user, everywhere)
            await self._replay(run)
            if (report := await self._end(user, run, check, force)) is not None:
                return report
        raise Busy(f"the agents wrote this user {ATTEMPTS} times meanwhile: try again when less comes in")

    async def everyone(self, *, check: bool = False, force: bool = False) -> AsyncIterator[Report]:
        """All users in the log, one number of partitions after the other, whose profiles are all in memory for that
        time. A user who lies in several comes last: there were fewer partitions once, or plain messages beside sealed
        ones."""
        homes, scattered = await self._homes()
        for number in sorted({*homes.values()}):
            run = await self._run_for_all(number, homes)
            await self._replay(run)
            for user in run.copies:
                yield await self._end(user, run, check, force) or await self.one(user, check=check, force=force)
        for user in sorted(scattered):
            yield await self.one(user, check=check, force=force, everywhere=True)

    async def _run_for(self, user: str, everywhere: bool) -> _Pass:
        """Step 1."""
        sources = [*(await self._history.ends(MAILBOX))]
        count = 1 + max(source.number for source in sources)
        own = {partition_of(key, count) for key in (mailbox_of(self._key, user), user.encode())}
        first = await self._store.read([user], (), self._space, sources)
        record = first.users.get(user, UserRecord())
        applied = {} if (state := readable(record)) is None else state.offsets
        spans = {
            source: Span(0, max(first.marks.get(source, 0), applied.get(_place(source), -1) + 1))
            for source in sources
            if everywhere or source.number in own or _place(source) in applied
        }
        return _Pass(spans, lambda name: name == user, {user: _Copy(record)})

    async def _homes(self) -> tuple[dict[str, int], set[str]]:
        """The number of the partitions in which each user lies, and who lies in several. Reads the log once more, which
        costs a fiftieth of the folding; of a million people 200 MB."""
        homes: dict[str, int] = {}
        scattered: set[str] = set()
        for source, end in (await self._history.ends(MAILBOX)).items():
            async for page in pages(self._history, source, Span(0, end)):
                for user in (_user_of(record) for record in page if record.key):
                    if homes.setdefault(user, source.number) != source.number:
                        scattered.add(user)
        return {user: number for user, number in homes.items() if user not in scattered}, scattered

    async def _run_for_all(self, number: int, homes: Mapping[str, int]) -> _Pass:
        sources = [Partition(topic, number) for topic in MAILBOX]
        marks = await self._store.marks(sources)
        spans = {source: Span(0, marks.get(source, 0)) for source in sources}
        return _Pass(spans, lambda user: homes.get(user) == number)

    async def _replay(self, run: _Pass) -> None:
        """Step 2."""
        met: set[Partition] = set()
        async for batch in in_batches(replay(self._history, run.spans), BATCH):
            for record in batch:
                run.shortened |= record.source not in met and record.offset > 0
                met.add(record.source)
            mailboxes = _mailboxes(batch, run.wanted)
            if new := mailboxes.keys() - run.copies.keys():
                known = (await self._store.read(new, (), self._space)).users
                run.copies |= {user: _Copy(known.get(user, UserRecord())) for user in new}
            for one in self._spaces:
                one.known.between_batches(self._now())
            for user, mailbox in mailboxes.items():
                await self._take(run.copies[user], mailbox)
        run.shortened |= any(span.end > 0 and source not in met for source, span in run.spans.items())

    async def _take(self, copy: _Copy, mailbox: list[Event]) -> None:
        """All of it, or, where a fold fails, one by one without those on which it does."""
        sound = [event for event in mailbox if self._can_be_folded(event)]
        copy.skipped += len(mailbox) - len(sound)
        if not sound:
            return
        if (folded := await self._folded(copy.state, sound)) is not None:
            copy.state = encode_state(folded.state)
            return
        for event in sound:
            folded = await self._folded(copy.state, [event])
            if folded is None:
                copy.skipped += 1
            else:
                copy.state = encode_state(folded.state)

    def _can_be_folded(self, event: Event) -> bool:
        """A move to a space that was retired is taken as the agents take it: it ends where it began. Of any other space
        that is not known nobody can tell."""
        if not isinstance(event.message, MoveCommand):
            return True
        return event.message.space in self._spaces or self._spaces.is_given_up(event.message.space)

    async def _folded(self, raw: bytes | None, mailbox: list[Event]) -> Folded | None:
        """None where the agent fails on it, as it did at its time: the dead-letters have it."""
        home = next(iter(self._spaces)).known
        while True:
            try:
                return fold(raw, mailbox, home, self._rules, parse_message, self._spaces)
            except Missing as missing:
                await look_up(self._store, self._spaces, [missing])
            except AttuneError:  # it is this installation that is wrong, not the messages
                raise
            except Exception:
                return None

    async def _end(self, user: str, run: _Pass, check: bool, force: bool) -> Report | None:
        """Steps 3 to 5. None where somebody else has written the user."""
        copy = run.copies[user]
        # 3. Compare
        if not run.reaches(copy.stored):
            return None
        found = compare(copy.stored, copy.state)
        if found is Found.DIFFERENT and run.shortened and not force:
            found = Found.SHORTENED
        version = 0 if copy.state is None else decode_state(copy.state).version
        report = Report(user, found, version=version, skipped=copy.skipped, shortened=run.shortened)
        if check:
            return report
        if copy.state is None or found not in REPLACED:
            await self._publish(user, copy.stored.outbox, copy.stored.revision)
            return report
        # 4. Commit
        commit = await self._commit(user, run)
        (outcome,) = await self._store.commit([commit])
        if outcome is CommitOutcome.CONFLICT:
            return None
        if outcome is CommitOutcome.FORGOTTEN:
            return replace(report, found=Found.FORGOTTEN)
        # 5. Publish
        await self._publish(user, copy.stored.outbox + commit.outbox, commit.expected_revision + 1)
        return replace(report, written=True, version=decode_state(commit.state).version)

    async def _publish(self, user: str, outbox: tuple[Outgoing, ...], revision: int) -> None:
        """Also what an earlier try has left."""
        if outbox:
            await self._producer.send(outbox)
            await self._store.trim({user: revision})

    async def _commit(self, user: str, run: _Pass) -> UserCommit:
        copy, now = run.copies[user], self._now()
        before, state = readable(copy.stored), decode_state(copy.state)
        if before is not None:
            state = replace(state, version=max(state.version, before.version + 1))
        providers = (await self._store.read((), (), self._space)).providers
        if run.readers is None:
            run.readers = await readers_of(self._history, run.copies, providers, self._key)
        state = replace(state, version=run.readers.number_for(user, state))
        change = Change(state.version, Cause.DEMAND, len(state.interests), 0, round(now * 1000))
        seen = left_to_publisher(state, self._spaces)
        sent = publication(user, Folded(state, changes=[change]), providers, state.space, self._key, seen)
        return UserCommit(
            user=user,
            expected_revision=copy.stored.revision,
            state=encode_state(state),
            outbox=tuple(message for message in sent if message.topic == PROFILE_EMBEDDINGS),
            times=due_times(state, self._rules, self._spaces, now) | lacked(seen, self._spaces, now),
        )


def _user_of(record: Record) -> str:
    return (record.key or b"").decode(errors="replace")


def _mailboxes(batch: Collection[Record], wanted: Callable[[str], bool]) -> dict[str, list[Event]]:
    mailboxes: dict[str, list[Event]] = {}
    for record in batch:
        user = _user_of(record)
        if not record.forgotten and wanted(user) and not isinstance(event := read_event(record), Letter):
            mailboxes.setdefault(user, []).append(event)
    return mailboxes


def _place(source: Partition) -> str:
    return f"{source.topic}/{source.number}"
