"""The agents stage: every user's mailbox, in batches.

The commit protocol. Whatever step a crash falls into, the batch is delivered again, and nothing is lost or done twice:

1. Read: parse the batch into mailboxes; what cannot be read becomes a dead-letter. One round trip brings the states,
   what their outboxes still hold, and the items (`Snapshot`).
2. Fold: each mailbox into its state, purely. What the cache lacks is fetched in one more round trip. A mailbox that
   the agent cannot fold goes to the dead-letters, and no other with it.
3. Commit: one round trip; per user one atomic step of state, offsets (inside the state), outbox, due times and, for a
   refiner, a job. A user whom somebody else has written meanwhile is read and folded again.
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

from schemas.dead_letter import Reason
from schemas.interaction import Interaction
from schemas.proposal import Proposal
from streams.contract import Outgoing, Partition, Producer, Record, Timer
from streams.dead_letters import dead_letter, summarize
from streams.messages import parse_message
from streams.metrics import Metrics
from streams.publication import publication
from streams.topics import MAILBOX
from workers.agent import fold
from workers.errors import AttuneError, ConfigurationError, Unavailable
from workers.knowledge import Knowledge, Missing
from workers.mailbox import AgentRules, Event, Folded, Letter
from workers.ports import CommitOutcome, Store, UserCommit, UserRecord
from workers.spaces import InSpace, Spaces
from workers.state import UserState, encode_state

_LOG = logging.getLogger(__name__)

_Mailboxes = dict[str, list[Event]]

MAX_ATTEMPTS = 20
"""Rounds of read, fold, commit for one batch. Two workers contend only while a partition changes hands, so a second
round nearly always ends it; twenty mean that something else writes the records."""


ITEM_LOOK = 1.0
TEXT_LOOK = 0.1
"""Seconds after which what waits is looked at for the first time."""


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
        self._known = Knowledge(space=space)
        self.spaces = Spaces(InSpace(space, self._known, rules.fit))
        """Told by a roll-out which others there are (`streams.rollout`)."""
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
        for one in self.spaces:
            one.known.between_batches(self._now())
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
                message = parse_message(record)
            except ValidationError as error:
                letters.append(Letter(record, Reason.INVALID, summarize(error)))
                continue
            if record.key != message.user.encode():
                letters.append(Letter(record, Reason.WRONG_KEY, "send it keyed by its user"))
                continue
            mailboxes[message.user].append(Event(record, message))
        return dict(mailboxes), letters

    async def _read(self, mailboxes: _Mailboxes) -> dict[str, UserRecord]:
        asked = self._known.unknown(_items(mailboxes))
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

    def _is_forgotten(self, record: UserRecord, mailbox: Sequence[Event]) -> bool:
        if record.forgotten:
            self._metrics.duplicates.labels("forgotten").inc(len(mailbox))
        return record.forgotten

    async def _fetch(self, lacking: Sequence[Missing]) -> None:
        for one in self.spaces:
            here = [missing for missing in lacking if missing.space == one.space]
            items = frozenset[str]().union(*(missing.items for missing in here))
            phrases = frozenset[str]().union(*(missing.phrases for missing in here))
            if items:
                one.known.learn_items(items, (await self._store.read((), items, one.space)).items)
            if phrases:
                one.known.learn_phrases(phrases, await self._store.read_phrases(one.space, phrases))

    def _commit(self, user: str, folded: Folded, revision: int) -> UserCommit:
        state, triggers = folded.state, self._rules.triggers
        refine = triggers.refine_due(state.refine)
        letters = tuple(map(self._letter, folded.letters))
        return UserCommit(
            user=user,
            expected_revision=revision,
            state=encode_state(state),
            outbox=publication(user, folded, self._providers, state.space, self._key) + letters,
            times={
                "refit": triggers.refit_due(state.pending_since_ms),
                "refine": None if refine is None else refine[1] / 1000,
                "waiting": _retry_due(state, self._rules.item_wait, self._now()),
                "refitted": None if state.refitted_ms is None else state.refitted_ms / 1000,
                **self.spaces.due(state, self._now()),
            },
            job=None if folded.job is None else folded.job.to_bytes(),
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
        for (trigger, outcome), n in folded.refinements.items():
            self._metrics.refinements.labels(trigger, outcome).inc(n)
        if folded.job is not None:
            self._metrics.refinement_jobs.labels(folded.job.trigger.value).inc()
        for provider in self._providers if folded.changes else ():
            self._metrics.publishes.labels(provider).inc()
        self._count_letters(folded.letters)

    def _count_letters(self, letters: Sequence[Letter]) -> None:
        for letter in letters:
            self._metrics.dead_letters.labels(self.name, letter.reason.value).inc()


def _items(mailboxes: _Mailboxes) -> set[str]:
    """The items that the messages name."""
    items: set[str] = set()
    for message in (event.message for mailbox in mailboxes.values() for event in mailbox):
        if isinstance(message, Interaction):
            items.add(message.item_key)
        elif isinstance(message, Proposal):
            items.update(message.negatives)
    return items


def _marks(batch: Sequence[Record]) -> dict[Partition, int]:
    """The offset after the last record of each partition."""
    return {record.source: record.offset + 1 for record in batch}


def _retry_due(state: UserState, item_wait: float, now: float) -> float | None:
    """When to look again for what waits: for an item after a second, for the vectors of a text (which take
    milliseconds, while somebody looks at the screen) after a tenth; then ever more rarely, each pause half of what has
    been waited so far (nine looks in a minute, or fourteen); and in any case once the first deadline is reached."""
    if not state.waiting:
        return None
    first = min(entry.deadline_ms for entry in state.waiting) / 1000
    pause = max(ITEM_LOOK, (now - first + item_wait) / 2)
    if texts := [entry.deadline_ms for entry in state.waiting if entry.item is None]:
        pause = min(pause, max(TEXT_LOOK, (now - max(texts) / 1000 + item_wait) / 2))
    return min(now + pause, max(first, now))
