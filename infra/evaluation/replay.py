"""One person's agent, in memory: messages go in as they would come from the broker, a profile comes out.

The fold is the service's own (`workers.agent.fold`), and so are the bytes between two batches. What a stage would do
around it is here: offsets count on, what the agent lacks is fetched and the mailbox folded again.
"""

from collections.abc import Sequence
from copy import copy
from datetime import UTC, datetime, timedelta

from infra.evaluation.world import World
from schemas.command import RefreshCause, RefreshCommand
from schemas.interaction import Interaction
from schemas.proposal import Proposal
from streams.messages import parse_message
from streams.topics import COMMANDS, INTERACTIONS, PROPOSALS
from workers.agent import fold
from workers.knowledge import Missing
from workers.mailbox import AgentRules, Event, Folded, Message
from workers.ports import Record
from workers.state import UserState, decode_state, encode_state


class Replay:
    """The agent of `user`. Messages are taken by the broker at their own time."""

    def __init__(self, user: str, world: World, rules: AgentRules) -> None:
        self.user = user
        self.letters = 0
        """Messages that the agent set aside: above all those of items that the catalog lacks."""
        self._world = world
        self._rules = rules
        self._raw: bytes | None = None
        self._offset = -1
        self._newest_ms = 0

    @property
    def state(self) -> UserState:
        return decode_state(self._raw)

    @property
    def newest(self) -> datetime:
        """The latest time of a message."""
        return datetime.fromtimestamp(self._newest_ms / 1000, UTC)

    def copy(self) -> "Replay":
        """Another agent in the same state, to try something on."""
        return copy(self)

    def send(self, messages: Sequence[Message]) -> Folded:
        """Folds them, in order, as one batch."""
        mailbox = [self._event(message) for message in messages]
        folded = self._fold(mailbox)
        self._raw = encode_state(folded.state)
        self.letters += len(folded.letters)
        return folded

    def settle(self) -> UserState:
        """What comes of it when nothing more does: the re-fit by age, which the service makes within 30 s."""
        if self.state.pending:
            time = self.newest + timedelta(seconds=self._rules.triggers.refit_age)
            command = f"age-{self._offset + 1}"
            self.send([RefreshCommand(command_id=command, user=self.user, time=time, cause=RefreshCause.AGE)])
        return self.state

    def _event(self, message: Message) -> Event:
        self._offset += 1
        moment = round(message.time.timestamp() * 1000)
        self._newest_ms = max(self._newest_ms, moment)
        record = Record(_topic(message), 0, self._offset, self.user.encode(), message.to_bytes(), moment)
        return Event(record, message)

    def _fold(self, mailbox: Sequence[Event]) -> Folded:
        while True:
            try:
                return fold(self._raw, mailbox, self._world.known, self._rules, parse_message)
            except Missing as missing:
                self._world.fetch(missing)


def _topic(message: Message) -> str:
    if isinstance(message, Interaction):
        return INTERACTIONS
    return PROPOSALS if isinstance(message, Proposal) else COMMANDS
