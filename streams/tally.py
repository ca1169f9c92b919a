"""What became of each delivery to the agents, as metrics: consumed = applied + carried out + duplicates + dead-lettered
(by the agents) + waits begun - waits ended.

Every method counts both sides at once, for messages whose end was decided and is durable: committed, set aside, or
without effect whatever happens. What fails before that is delivered again and counted then. (What was committed while
the answer got lost comes again as redelivered, and is counted as that alone.)
"""

from collections.abc import Collection, Iterable, Sequence

from schemas.command import ForgetCommand
from streams.metrics import Metrics
from workers.mailbox import Event, Folded, Letter
from workers.ports import Record


class Tally:
    """Of the stage of that name."""

    def __init__(self, metrics: Metrics, stage: str) -> None:
        self._metrics = metrics
        self._stage = stage

    def committed(self, mailbox: Sequence[Event], folded: Folded, providers: Collection[str]) -> None:
        """The mailbox is folded and in the store."""
        self._consumed(event.record for event in mailbox)
        for source, n in folded.applied.items():
            self._metrics.applied.labels(source).inc(n)
        for kind, n in folded.carried_out.items():
            self._metrics.carried_out.labels(kind).inc(n)
        for kind, n in folded.duplicates.items():
            self._metrics.duplicates.labels(kind).inc(n)
        for step, n in folded.waits.items():
            self._metrics.waits.labels(step).inc(n)
        self._lettered(folded.letters)
        self._learned(folded, providers)

    def set_aside(self, letters: Sequence[Letter]) -> None:
        """They changed no state, and their letters have been sent."""
        self._consumed(letter.record for letter in letters)
        self._lettered(letters)

    def without_effect(self, events: Sequence[Event], kind: str) -> None:
        """`forgotten`: of a user with a tombstone. `unfolded`: of one whose record cannot be folded, and sent by the
        schedule, which sends the same again."""
        self._consumed(event.record for event in events)
        self._metrics.duplicates.labels(kind).inc(len(events))

    def erased(self, mailbox: Sequence[Event]) -> None:
        """Its user was, and whatever else it held had no effect."""
        commands = [event for event in mailbox if isinstance(event.message, ForgetCommand)]
        self._consumed(event.record for event in commands)
        self._metrics.carried_out.labels("forget").inc(len(commands))
        self.without_effect([event for event in mailbox if event not in commands], "forgotten")

    def unreadable(self, records: Sequence[Record]) -> None:
        """What was sealed with a key that is destroyed: `forgotten`, too."""
        self._consumed(records)
        self._metrics.duplicates.labels("forgotten").inc(len(records))

    def _learned(self, folded: Folded, providers: Collection[str]) -> None:
        for cause, n in folded.refits.items():
            self._metrics.refits.labels(cause).inc(n)
        for (trigger, outcome), n in folded.refinements.items():
            self._metrics.refinements.labels(trigger, outcome).inc(n)
        if folded.job is not None:
            self._metrics.refinement_jobs.labels(folded.job.trigger.value).inc()
        for provider in providers if folded.changes else ():
            self._metrics.publishes.labels(provider).inc()

    def _consumed(self, records: Iterable[Record]) -> None:
        for record in records:
            self._metrics.consumed.labels(record.topic).inc()

    def _lettered(self, letters: Iterable[Letter]) -> None:
        for letter in letters:
            self._metrics.dead_letters.labels(self._stage, letter.reason.value).inc()
