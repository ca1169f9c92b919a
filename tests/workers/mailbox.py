"""A small world for agents: four topics of twelve items each, and a mailbox that builds one user's events.

Items lie in sixteen dimensions: the topic's axis, the axis of one of its three kinds, and a little of their own, so
that a topic is more similar to its items than to others, as in a real space.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from schemas.command import Edit, EditCommand, ProfileCommand, RefreshCause, RefreshCommand
from schemas.interaction import Interaction, Signal
from schemas.proposal import Outcome, Proposal
from streams.messages import parse_message
from streams.topics import COMMANDS, INTERACTIONS, PROPOSALS
from workers.agent import AgentRules, Event, Folded, fold
from workers.knowledge import Knowledge
from workers.ports import ItemRecord, Matrix, Record
from workers.refit import FitRules
from workers.state import UserState, encode_state

SPACE = "test-space"
START = datetime(2026, 5, 1, tzinfo=UTC)
DIMENSION = 16
TOPICS = ("chess", "jazz", "rowing", "tea")
KINDS = ("old", "new", "rare")
ITEMS_PER_TOPIC = 12
NOBODY_EMBEDS = "words without a vector"

FIT = FitRules(background=np.asarray(np.eye(DIMENSION) / np.sqrt(DIMENSION), np.float32))
RULES = AgentRules(FIT)


def item_id(topic: str, number: int) -> str:
    return f"{topic}-{number}"


def vector_of(topic: str, kind: str | None, own: str = "") -> Matrix:
    """(16,) unit length; `own` moves it a little aside."""
    vector = np.zeros(DIMENSION)
    vector[TOPICS.index(topic)] = 1.0
    if kind is not None:
        vector[4 + 3 * TOPICS.index(topic) + KINDS.index(kind)] = 0.7
    if own:
        vector += 0.2 * np.random.default_rng(zlib.crc32(own.encode())).standard_normal(DIMENSION)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def phrase_vectors() -> dict[str, bytes]:
    topics = {topic: vector_of(topic, None) for topic in TOPICS}
    kinds = {f"{kind} {topic}": vector_of(topic, kind) for topic in TOPICS for kind in KINDS}
    return {phrase: vector.astype("<f2").tobytes() for phrase, vector in (topics | kinds).items()}


def item_record(topic: str, number: int) -> ItemRecord:
    kind, key = KINDS[number % len(KINDS)], f"news:{item_id(topic, number)}"
    vector = vector_of(topic, kind, own=key).astype("<f2").tobytes()
    return ItemRecord(key, SPACE, vector, f"About {topic}", (topic, f"{kind} {topic}"), "")


def all_items() -> list[ItemRecord]:
    return [item_record(topic, number) for topic in TOPICS for number in range(ITEMS_PER_TOPIC)]


def known_world(without: Iterable[str] = ()) -> Knowledge:
    """Everything looked up; the items named (as "jazz-1"), and whatever else a test makes up, are absent."""
    known = Knowledge(space=SPACE)
    gone = {f"news:{item}" for item in without}
    records = {record.key: record for record in all_items() if record.key not in gone}
    made_up = {f"news:unknown-{number}" for number in range(200)}
    known.learn_items({*records, *gone, *made_up}, records)
    words = phrase_vectors()
    known.learn_phrases([*words, "Jazz", NOBODY_EMBEDS], words | {"Jazz": words["jazz"]})
    return known


def milliseconds(seconds: float) -> int:
    """The moment that many seconds after START, since 1970."""
    return round((START + timedelta(seconds=seconds)).timestamp() * 1000)


@dataclass
class Mailbox:
    """Builds one user's events: offsets rise as they arrive, event ids count on."""

    user: str = "ada"
    partition: int = 0
    offset: int = -1
    events: list[Event] = field(default_factory=list)

    def send(
        self,
        item: str,
        signal: Signal | str = Signal.CLICK,
        at: float | None = None,
        *,
        event_id: str | None = None,
        arrives: float | None = None,
        text: str | None = None,
        retracts: str | None = None,
    ) -> Event:
        """An interaction `at` so many seconds after START (by default one second after another), which the broker
        takes at once or when it `arrives`."""
        moment = float(len(self.events)) if at is None else at
        return self.put(
            Interaction(
                event_id=event_id or f"e{len(self.events):04d}",
                user=self.user,
                provider="news",
                item=item,
                signal=Signal(signal),
                time=START + timedelta(seconds=moment),
                text=text,
                retracts=retracts,
            ),
            moment if arrives is None else arrives,
        )

    def put(self, message: Interaction | ProfileCommand | Proposal, arrives: float = 0.0) -> Event:
        """Any message, taken by the broker at that time."""
        self.offset += 1
        topic = INTERACTIONS if isinstance(message, Interaction) else COMMANDS
        topic = PROPOSALS if isinstance(message, Proposal) else topic
        key, value = self.user.encode(), message.to_bytes()
        record = Record(topic, self.partition, self.offset, key, value, milliseconds(arrives))
        self.events.append(Event(record, message))
        return self.events[-1]

    def edit(self, *edits: Edit, arrives: float = 500.0, base_version: int | None = None) -> Event:
        """A person's command."""
        number = f"c{len(self.events):04d}"
        command = EditCommand(command_id=number, user=self.user, time=START, edits=edits, base_version=base_version)
        return self.put(command, arrives)

    def refine(self, arrives: float = 500.0, cause: RefreshCause = RefreshCause.DEMAND) -> Event:
        """Somebody, or the schedule at that time, asks for better texts."""
        moment = START + timedelta(seconds=arrives)
        command = RefreshCommand(
            command_id=f"c{len(self.events):04d}", user=self.user, time=moment, what="texts", cause=cause
        )
        return self.put(command, arrives)

    def propose(self, *edits: Edit, arrives: float = 500.0, base_version: int = 9_999, **fields: Any) -> Event:
        """A refiner's answer, by default to the newest version."""
        proposal = Proposal(
            proposal_id=f"p{len(self.events):04d}",
            user=self.user,
            time=START,
            base_version=base_version,
            edits=edits,
            **{"fencing_token": 1, "proposer": "phrases", "outcome": Outcome.OK} | fields,
        )
        return self.put(proposal, arrives)

    def clicks(self, topic: str, numbers: Iterable[int], at: float | None = None) -> list[Event]:
        """One click on each, a second apart."""
        start = float(len(self.events)) if at is None else at
        return [self.send(item_id(topic, number), at=start + place) for place, number in enumerate(numbers)]


def fold_in(
    mailbox: Sequence[Event], raw: bytes | None = None, known: Knowledge | None = None, rules: AgentRules = RULES
) -> Folded:
    return fold(raw, mailbox, known or known_world(), rules, parse_message)


def fold_bytes(
    mailbox: Sequence[Event], raw: bytes | None = None, known: Knowledge | None = None, rules: AgentRules = RULES
) -> bytes:
    return encode_state(fold_in(mailbox, raw, known, rules).state)


def weights_of(state: UserState) -> dict[str, float]:
    return {interest.text: interest.weight for interest in state.interests}
