"""The agents stage: every user's mailbox, in batches.

The commit protocol. Whatever step a crash falls into, the batch is delivered again, and nothing is lost or done twice:

1. Read: parse the batch into mailboxes; what cannot be read becomes a dead-letter. One round trip brings the states,
   what their outboxes still hold, and the items (`Snapshot`).
2. Fold: each mailbox into its state, purely. What the cache lacks is fetched in one more round trip. A mailbox that
   the agent cannot fold goes to the dead-letters, and no other with it.
3. Commit: one round trip; per user one atomic step of state, offsets (inside the state), outbox and due times. A user
   whom somebody else has written meanwhile is read and folded again.
4. Publish: the outboxes, older entries first, and the dead-letters. Returns when all are durable.
5. Trim the outboxes. (A crash before this publishes again: both topics' readers take the newest version.)
6. Return: the runner commits the offsets to the broker.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from pydantic import ValidationError

from schemas.command import PROFILE_COMMAND
from schemas.dead_letter import Reason
from schemas.interaction import Interaction
from schemas.proposal import Proposal
from streams.contract import Outgoing, Partition, Producer, Record, Timer
from streams.dead_letters import dead_letter, summarize
from streams.metrics import Metrics
from streams.publication import publication
from streams.topics import COMMANDS, INTERACTIONS, MAILBOX
from workers.agent import AgentRules, Event, Folded, Letter, Message, fold
from workers.errors import AttuneError, ConfigurationError
from workers.knowledge import Knowledge, Missing
from workers.ports import CommitOutcome, Store, UserCommit, UserRecord
from workers.state import UserState, encode_state

_LOG = logging.getLogger(__name__)

_Mailboxes = dict[str, list[Event]]

MAX_ATTEMPTS = 20
"""Rounds of read, fold, commit for one batch. Two workers contend only while a partition changes hands, so a second
round nearly always ends it; twenty mean that something else writes the records."""


class Contended(AttuneError):
    """Somebody else keeps writing this worker's users."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One user's mailbox, folded and ready to be committed."""

    folded: Folded
    commit: UserCommit


class AgentsStage:
    """Feeds each user's agent. `key` makes the pseudonyms that providers see; `now` is in epoch seconds."""

    name = "agents"
    group = "attune-agents"
    topics = MAILBOX
    timers: tuple[Timer, ...] = ()

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
    ) -> None:
        self._store = store
        self._producer = producer
        self._rules = rules
        self._space = space
        self._key = key
        self._metrics = metrics
        self._now = now
        self._known = Knowledge()
        self._providers: tuple[str, ...] = ()

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        """The high-water marks: where the store is behind the broker after a loss, the broker is not believed."""
        marks = await self._store.marks(assigned)
        return {partition: marks.get(partition, 0) for partition in assigned}

    async def handle(self, batch: Sequence[Record]) -> None:
        # 1. Read
        mailboxes, letters = self._sort(batch)
        await self._send(letters)
        marks = _marks(batch)
        for _ in range(MAX_ATTEMPTS):
            mailboxes = await self._advance(mailboxes, marks)
            if not mailboxes:
                return
        raise Contended(f"{len(mailboxes)} users were written by another worker {MAX_ATTEMPTS} times in a row")

    async def _advance(self, mailboxes: _Mailboxes, marks: Mapping[Partition, int]) -> _Mailboxes:
        """One round of the protocol. Returns the mailboxes of users whom another worker wrote meanwhile."""
        self._known.between_batches(self._now())
        records = await self._read(mailboxes)
        # 2. Fold
        steps, letters = await self._fold(mailboxes, records)
        # 3. Commit
        outcomes = await self._store.commit([step.commit for step in steps], marks)
        committed = self._committed(steps, outcomes, mailboxes)
        # 4. Publish
        outboxes = {step.commit.user: records[step.commit.user].outbox + step.commit.outbox for step in committed}
        await self._send(letters, chain.from_iterable(outboxes.values()))
        # 5. Trim
        if published := {user: records[user].revision + 1 for user, outbox in outboxes.items() if outbox}:
            await self._store.trim(published)
        left = (one.commit.user for one, end in zip(steps, outcomes, strict=True) if end is CommitOutcome.CONFLICT)
        return {user: mailboxes[user] for user in left}

    def _sort(self, batch: Sequence[Record]) -> tuple[_Mailboxes, list[Letter]]:
        mailboxes: _Mailboxes = defaultdict(list)
        letters: list[Letter] = []
        for record in batch:
            try:
                message = _parse(record)
            except ValidationError as error:
                letters.append(Letter(record, Reason.INVALID, summarize(error)))
                continue
            if record.key != message.user.encode():
                letters.append(Letter(record, Reason.WRONG_KEY, "send it keyed by its user"))
                continue
            mailboxes[message.user].append(Event(record, message))
        return dict(mailboxes), letters

    async def _read(self, mailboxes: _Mailboxes) -> dict[str, UserRecord]:
        wanted = {interaction.item_key for interaction in _interactions(mailboxes)}
        asked = self._known.unknown(wanted)
        snapshot = await self._store.read(mailboxes, asked, self._space)
        self._known.learn_items(asked, snapshot.items)
        self._providers = snapshot.providers
        return {user: snapshot.users.get(user, UserRecord()) for user in mailboxes}

    async def _fold(self, mailboxes: _Mailboxes, records: Mapping[str, UserRecord]) -> tuple[list[_Step], list[Letter]]:
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
                    detail = f"the agent failed on it ({type(result).__name__}): report this, then replay it"
                    letters += [Letter(event.record, Reason.FAILED, detail) for event in mailboxes[user]]
            left = [user for user, result in zip(left, results, strict=True) if isinstance(result, Missing)]
            await self._fetch([result for result in results if isinstance(result, Missing)])
        return steps, letters

    def _try(self, user: str, mailbox: Sequence[Event], record: UserRecord) -> _Step | Exception:
        try:
            start = time.perf_counter()
            folded = fold(record.state, mailbox, self._known, self._rules, _parse_interaction)
            if refits := folded.refits.total():
                self._metrics.refit_seconds.observe((time.perf_counter() - start) / refits)
            return _Step(folded, self._commit(user, folded, record.revision))
        except Missing as missing:
            return missing
        except ConfigurationError:  # It is this installation that is wrong, not the messages.
            raise
        except Exception as error:  # One user's trouble must not stop the others: it goes to the dead-letters.
            _LOG.exception("an agent failed on a mailbox of %d", len(mailbox))
            return error

    def _is_forgotten(self, record: UserRecord, mailbox: Sequence[Event]) -> bool:
        if record.forgotten:
            self._metrics.duplicates.labels("forgotten").inc(len(mailbox))
        return record.forgotten

    async def _fetch(self, lacking: Sequence[Missing]) -> None:
        items = frozenset[str]().union(*(missing.items for missing in lacking))
        phrases = frozenset[str]().union(*(missing.phrases for missing in lacking))
        if items:
            self._known.learn_items(items, (await self._store.read((), items, self._space)).items)
        if phrases:
            self._known.learn_phrases(phrases, await self._store.read_phrases(self._space, phrases))

    def _commit(self, user: str, folded: Folded, revision: int) -> UserCommit:
        state = folded.state
        letters = tuple(map(self._letter, folded.letters))
        return UserCommit(
            user=user,
            expected_revision=revision,
            state=encode_state(state),
            outbox=publication(user, folded, self._providers, self._space, self._key) + letters,
            times={
                "refit": self._rules.triggers.refit_due(state.pending_since_ms),
                "waiting": _retry_due(state, self._rules.item_wait, self._now()),
                "refitted": None if state.refitted_ms is None else state.refitted_ms / 1000,
            },
        )

    async def _send(self, letters: Sequence[Letter], outbox: Iterable[Outgoing] = ()) -> None:
        """Letters of messages that changed no state, and what was committed."""
        await self._producer.send([*map(self._letter, letters), *outbox])
        self._count_letters(letters)

    def _letter(self, letter: Letter) -> Outgoing:
        return dead_letter(letter.record, letter.reason, letter.detail, self.name, self._now())

    def _committed(
        self, steps: Sequence[_Step], outcomes: Sequence[CommitOutcome], mailboxes: _Mailboxes
    ) -> list[_Step]:
        """Counted here: what comes after may fail and come again, and then finds duplicates."""
        for step, outcome in zip(steps, outcomes, strict=True):
            if outcome is CommitOutcome.COMMITTED:
                self._count(step.folded)
            elif outcome is CommitOutcome.CONFLICT:
                self._metrics.conflicts.inc()
            else:
                self._metrics.duplicates.labels("forgotten").inc(len(mailboxes[step.commit.user]))
        return [step for step, outcome in zip(steps, outcomes, strict=True) if outcome is CommitOutcome.COMMITTED]

    def _count(self, folded: Folded) -> None:
        for source, n in folded.applied.items():
            self._metrics.applied.labels(source).inc(n)
        for kind, n in folded.duplicates.items():
            self._metrics.duplicates.labels(kind).inc(n)
        for cause, n in folded.refits.items():
            self._metrics.refits.labels(cause).inc(n)
        for provider in self._providers if folded.changes else ():
            self._metrics.publishes.labels(provider).inc()
        self._count_letters(folded.letters)

    def _count_letters(self, letters: Sequence[Letter]) -> None:
        for letter in letters:
            self._metrics.dead_letters.labels(self.name, letter.reason.value).inc()


def _parse(record: Record) -> Message:
    if record.topic == INTERACTIONS:
        return _parse_interaction(record)
    if record.topic == COMMANDS:
        return PROFILE_COMMAND.validate_json(record.value or b"")
    return Proposal.model_validate_json(record.value or b"")


def _parse_interaction(record: Record) -> Interaction:
    return Interaction.model_validate_json(record.value or b"")


def _interactions(mailboxes: _Mailboxes) -> list[Interaction]:
    events = (event.message for mailbox in mailboxes.values() for event in mailbox)
    return [message for message in events if isinstance(message, Interaction)]


def _marks(batch: Sequence[Record]) -> dict[Partition, int]:
    """The offset after the last record of each partition."""
    return {record.source: record.offset + 1 for record in batch}


def _retry_due(state: UserState, item_wait: float, now: float) -> float | None:
    """When to look again for what waits: after a second, then ever more rarely (each pause half of what has been waited
    so far: nine looks in a minute), and in any case once the first deadline is reached."""
    if not state.waiting:
        return None
    deadline = min(entry.deadline_ms for entry in state.waiting) / 1000
    waited = now - (deadline - item_wait)
    return min(now + max(1.0, waited / 2), max(deadline, now))
