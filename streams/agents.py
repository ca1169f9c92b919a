"""The agents stage: every user's mailbox, in batches.

The commit protocol. Whatever step a crash falls into, the batch is delivered again, and nothing is lost or done twice:

1. Read: parse the batch into mailboxes, each in its order (`streams.mailboxes`); what cannot be read becomes a
   dead-letter. Whoever is to be forgotten is erased first (`streams.erasure`), and nothing else in the mailbox
   matters. One round trip brings the states, what their outboxes still hold, the items and the high-water marks
   (`Snapshot`). A mark below the known one: the store has lost writes, and nothing is folded on what is left
   (`streams.watermarks`).
2. Fold: each mailbox into its state, purely. What the cache lacks is fetched in one more round trip. A mailbox that
   the agent cannot fold goes to the dead-letters, and no other with it.
3. Commit: one round trip; per user one atomic step (tombstone check, version check) of state, offsets (inside the
   state), outbox, due times and, for a refiner, a job; then the marks. A user whom somebody else has written meanwhile
   is read and folded again.
4. Publish: the outboxes, older entries first, and the dead-letters. Returns when all are durable.
5. Trim the outboxes. (A crash before this publishes again: both topics' readers take the newest version.)
6. Return: the runner commits the offsets to the broker.

What becomes of a message that fails. For ever again, with its whole batch: what may pass (`Unavailable`, `Overloaded`),
which says nothing of the message. At once a dead-letter: what cannot be read, and the mailbox of a user on whom the
agent fails, because the same fold of the same bytes fails the same way. Twenty times again and then the end of this
process: users whom somebody else keeps writing, since that somebody has their events too. There is no fourth kind: what
goes out is far smaller than what a broker takes (an embedding has 520 KB at most; a record, which goes to the store
only, 334 KB and 350 KB of what waits), but for the letter of a message that is larger than that, which goes without it
(`streams.dead_letters`).

Where the marks are behind those offsets when partitions come, the store was lost in between: what it lacks is replayed
through the same steps before anything new is taken (`streams.recovery`).
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from schemas.command import ForgetCommand, MoveCommand, PublishCommand, RefreshCause, RefreshCommand, RetryCommand
from schemas.dead_letter import Reason
from streams.contract import Keys, Outgoing, Partition, Producer, Record
from streams.dead_letters import dead_letter
from streams.due_times import due_times
from streams.erasure import Erasure
from streams.lookup import look_up
from streams.mailboxes import Mailboxes, following, items_of, sort_out
from streams.messages import parse_message
from streams.metrics import Metrics
from streams.own_views import lacked, seen_by
from streams.publication import publication
from streams.recovery import Part, Recovery
from streams.tally import Tally
from streams.topics import MAILBOX
from streams.watermarks import Watermarks
from workers.agent import fold
from workers.errors import AttuneError, ConfigurationError, Unavailable
from workers.knowledge import Knowledge, Missing
from workers.mailbox import AgentRules, Event, Folded, Letter, Message
from workers.ports import CommitOutcome, Store, UserCommit, UserRecord
from workers.spaces import InSpace, Spaces
from workers.state import encode_state

_LOG = logging.getLogger(__name__)

MAX_ATTEMPTS = 20
"""Rounds of read, fold, commit for one batch. Two workers contend only while a partition changes hands, so a second
round nearly always ends it; twenty mean that something else writes the records."""

_PAGE = 500
"""Users whose outboxes are read at once."""


class Contended(AttuneError):
    """Somebody else keeps writing this worker's users."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One user's mailbox, folded and ready to be committed."""

    folded: Folded
    commit: UserCommit


class AgentsStage:
    """Feeds each user's agent. `key` makes the pseudonyms that providers see; `now` is in epoch seconds. `keys` are
    those that people's messages are sealed with: None where the log is not sealed. `told` as in `Spaces`. Without a
    `recovery` a store that was lost is refilled by the runner, which reads the topics side by side."""

    name = "agents"
    group = "attune-agents"
    topics = MAILBOX

    def __init__(
        self,
        store: Store,
        producer: Producer,
        rules: AgentRules,
        *,
        space: str,
        key: bytes,
        metrics: Metrics,
        now: Callable[[], float] = time.time,
        recovery: Recovery | None = None,
        keys: Keys | None = None,
        told: bool = True,
    ) -> None:
        self._store = store
        self._producer = producer
        self._rules = rules
        self._space = space
        self._key = key
        self._metrics = metrics
        self._tally = Tally(metrics, self.name)
        self._now = now
        known = None if recovery is None else recovery.items_are_there
        self._erasure = Erasure(store, producer, key, keys, now, known)
        self._known = Knowledge(space=space)
        self.spaces = Spaces(InSpace(space, self._known, rules.fit), told)
        """Told by a roll-out which others there are (`streams.rollout`)."""
        self._providers: tuple[str, ...] = ()
        self._recovery = recovery
        self._part: Part | None = None
        """Of what was lost, while it is folded again."""
        self._watermarks = Watermarks(store)
        self.timers = (self._watermarks.timer,)

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        """The high-water marks: where the store is behind the broker after a loss, the broker is not believed. With a
        `recovery`, what was lost is folded again here."""
        marks = await self._watermarks.resume(assigned)
        if self._recovery is None:
            return marks
        if lost := await self._recovery.lost(marks):
            _LOG.warning("the store is behind the log in %d partitions: rebuilding from the log", len(lost))
            await self._restore(self._recovery.parts(lost, self._space))
        await self._publish_what_is_left(await self._recovery.unpublished(assigned))
        return marks | {partition: span.end for partition, span in lost.items()}

    async def _restore(self, parts: AsyncIterator[Part]) -> None:
        try:
            async for self._part in parts:
                await self.handle(self._part.batch)
        finally:
            self._part = None

    async def _publish_what_is_left(self, users: Sequence[str]) -> None:
        """A page of users at a time: an outbox may hold a few embeddings of 9 KB."""
        for start in range(0, len(users), _PAGE):
            records = (await self._store.read(users[start : start + _PAGE], (), self._space)).users
            await self._send([], chain.from_iterable(record.outbox for record in records.values()))
            await self._store.trim({user: record.revision for user, record in records.items()})

    async def handle(self, batch: Sequence[Record]) -> None:
        self.spaces.require_told()
        # 1. Read
        mailboxes, letters = sort_out(batch)
        await self._send(letters)
        self._tally.unreadable([record for record in batch if record.forgotten])
        mailboxes = await self._erase(mailboxes)
        offsets = following(batch)
        for _ in range(MAX_ATTEMPTS):
            mailboxes = await self._advance(mailboxes, offsets)
            if not mailboxes:
                return
        raise Contended(f"{len(mailboxes)} users were written by another worker {MAX_ATTEMPTS} times in a row")

    async def _erase(self, mailboxes: Mailboxes) -> Mailboxes:
        """Those who are to be forgotten. Returns the mailboxes of the others."""
        left = dict(mailboxes)
        for user, mailbox in mailboxes.items():
            commands = (event.message for event in mailbox if isinstance(event.message, ForgetCommand))
            if erasures := list(dict.fromkeys(command.command_id for command in commands)):
                await self._erasure.erase(user, erasures)
                self._tally.erased(left.pop(user))
        return left

    async def _advance(self, mailboxes: Mailboxes, offsets: Mapping[Partition, int]) -> Mailboxes:
        """One round of the protocol. Returns the mailboxes of users whom another worker wrote meanwhile."""
        for one in self.spaces:
            one.known.between_batches(self._now())
        records = await self._read(mailboxes)
        # 2. Fold
        steps, letters = await self._fold(mailboxes, records)
        # 3. Commit
        marks, floors = self._watermarks.to_write(offsets)
        outcomes = await self._store.commit([step.commit for step in steps], marks, floors)
        self._watermarks.written(marks)
        committed = self._committed(steps, outcomes, mailboxes)
        # 4. Publish
        outboxes = {step.commit.user: records[step.commit.user].outbox + step.commit.outbox for step in committed}
        await self._send(letters, filter(self._is_news, chain.from_iterable(outboxes.values())))
        # 5. Trim
        if published := {user: records[user].revision + 1 for user, outbox in outboxes.items() if outbox}:
            await self._store.trim(published)
        left = (one.commit.user for one, end in zip(steps, outcomes, strict=True) if end is CommitOutcome.CONFLICT)
        return {user: mailboxes[user] for user in left}

    async def _read(self, mailboxes: Mailboxes) -> dict[str, UserRecord]:
        asked = self._known.unknown(items_of(mailboxes))
        snapshot = await self._store.read(mailboxes, asked, self._space, self._watermarks.watched)
        self._watermarks.check(snapshot.marks)
        self._known.learn_items(asked, snapshot.items)
        self._providers = snapshot.providers
        gone = await self._erasure.remember(mailboxes.keys() - snapshot.users.keys())
        strangers = {user: UserRecord(forgotten=user in gone) for user in mailboxes}
        return {user: snapshot.users.get(user, strangers[user]) for user in mailboxes}

    async def _fold(self, mailboxes: Mailboxes, records: Mapping[str, UserRecord]) -> tuple[list[_Step], list[Letter]]:
        """All users but the forgotten. What a fold lacks is fetched, and that user folded again."""
        steps: list[_Step] = []
        letters: list[Letter] = []
        left = [user for user in mailboxes if not self._is_forgotten(records[user], mailboxes[user])]
        while left:
            results = await asyncio.to_thread(
                lambda users: [self._try(user, mailboxes[user], records[user]) for user in users], left
            )
            for user, result in zip(left, results, strict=True):
                if isinstance(result, _Step):
                    steps.append(result)
                elif not isinstance(result, Missing):
                    letters += self._failed(mailboxes[user], result)
            left = [user for user, result in zip(left, results, strict=True) if isinstance(result, Missing)]
            lacking = [result for result in results if isinstance(result, Missing)]
            await look_up(self._store, self.spaces, lacking)
        return steps, letters

    def _try(self, user: str, mailbox: Sequence[Event], record: UserRecord) -> _Step | Exception:
        try:
            start = time.perf_counter()
            folded = fold(record.state, mailbox, self._known, self._rules, parse_message, self.spaces)
            if refits := folded.refits.total():
                self._metrics.refit_seconds.observe((time.perf_counter() - start) / refits)
            return _Step(folded, self._commit(user, folded, record.revision))
        except Missing as missing:
            return missing
        except (ConfigurationError, Unavailable):  # It is this installation that is wrong, not the messages.
            raise
        except Exception as error:  # One user's trouble must not stop the others: it goes to the dead-letters.
            _LOG.exception("an agent failed on a mailbox of %d", len(mailbox))
            return error

    def _failed(self, mailbox: Sequence[Event], error: Exception) -> list[Letter]:
        """Letters of what somebody has sent. The schedule sends its own again with every lease, for as long as the user
        cannot be folded: that is only counted."""
        scheduled = [event for event in mailbox if _is_of_the_schedule(event.message)]
        self._tally.without_effect(scheduled, "unfolded")
        detail = f"the agent failed on it ({type(error).__name__}): report this, then replay it"
        return [Letter(event.record, Reason.FAILED, detail) for event in mailbox if event not in scheduled]

    def _is_forgotten(self, record: UserRecord, mailbox: Sequence[Event]) -> bool:
        if record.forgotten:
            self._tally.without_effect(mailbox, "forgotten")
        return record.forgotten

    def _commit(self, user: str, folded: Folded, revision: int) -> UserCommit:
        if self._part is not None:
            self._part.ended(user, folded, self._now())
        state = folded.state
        letters, seen = tuple(map(self._letter, folded.letters)), seen_by(folded, self.spaces)
        return UserCommit(
            user=user,
            expected_revision=revision,
            state=encode_state(state),
            outbox=publication(user, folded, self._providers, state.space, self._key, seen) + letters,
            times=due_times(state, self._rules, self.spaces, self._now()) | lacked(seen, self.spaces, self._now()),
            job=None if folded.job is None else folded.job.to_bytes(),
        )

    async def _send(self, letters: Sequence[Letter], outbox: Iterable[Outgoing] = ()) -> None:
        """Letters of messages that changed no state, and what was committed."""
        await self._producer.send([*map(self._letter, letters), *outbox])
        self._tally.set_aside(letters)

    def _is_news(self, message: Outgoing) -> bool:
        return self._part is None or not self._part.readers.hold(message)

    def _letter(self, letter: Letter) -> Outgoing:
        return dead_letter(letter.record, letter.reason, letter.detail, self.name, self._now())

    def _committed(
        self, steps: Sequence[_Step], outcomes: Sequence[CommitOutcome], mailboxes: Mailboxes
    ) -> list[_Step]:
        """Counted here: what comes after may fail and come again, and then finds duplicates."""
        for step, outcome in zip(steps, outcomes, strict=True):
            mailbox = mailboxes[step.commit.user]
            if outcome is CommitOutcome.COMMITTED:
                self._tally.committed(mailbox, step.folded, self._providers)
            elif outcome is CommitOutcome.CONFLICT:
                self._metrics.conflicts.inc()
            else:
                self._tally.without_effect(mailbox, "forgotten")
        return [step for step, outcome in zip(steps, outcomes, strict=True) if outcome is CommitOutcome.COMMITTED]


def _is_of_the_schedule(message: Message) -> bool:
    match message:
        case RefreshCommand(cause=cause):
            return cause is RefreshCause.AGE
        case _:
            return isinstance(message, RetryCommand | MoveCommand | PublishCommand)
