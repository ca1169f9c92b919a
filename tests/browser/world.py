"""A small world behind the page: three providers, and people whose profiles answer to what they do.

Edits, rollbacks and imports are folded by the real agent; what an interaction does is made up, so that a test can say
it in a figure: the interest behind the item moves by a tenth.
"""

import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from schemas.api import Found, SearchAnswer, SearchBody
from schemas.command import PROFILE_COMMAND, ForgetCommand, ProfileCommand, RefreshCommand
from schemas.interaction import Interaction
from schemas.profile import Cause, Source
from streams.contract import Outgoing
from streams.messages import parse_message
from streams.topics import COMMANDS, INTERACTIONS
from tests.infra.gateway_fakes import NOW, SPACE, FakeStore, item, state_of
from workers.agent import fold
from workers.errors import UnknownSubject
from workers.held import HeldInterest, interest_id
from workers.knowledge import Knowledge, Missing
from workers.mailbox import AgentRules, Change, Event, Letter
from workers.ports import ItemRecord, Record
from workers.refit import FitRules
from workers.state import UserState, encode_state
from workers.versions import remember

DIMENSION = 32
FIT = FitRules(np.eye(DIMENSION) / np.sqrt(DIMENSION))
NEAR = 0.9
"""Cosine: an item of a topic has 1 to it, and one of another some 0.2 to 0.5."""

FIRST_MS = int(NOW * 1000) - 3_600_000
"""Version 6 was made then, and version 7 an hour later."""

JAZZ, PLANETS, GARDENS, GOLF = "modern jazz", "exploring the planets", "small city gardens", "golf"
CRIME = "true crime"
HOSTILE = '<img src=x onerror="window.hacked=true"><script>window.hacked=true</script>'
HOSTILE_TEXT = "<img src=x onerror=window.hacked=1>"
"""As long as an interest may be."""

CATALOG: dict[str, tuple[tuple[str, str, str], ...]] = {
    "news": (
        ("n-1", "Rover finds ripples of an ancient lake on Mars", PLANETS),
        ("n-2", "Jazz festival moves into the old ferry terminal after a winter of repairs", JAZZ),
        ("n-3", "City lends a thousand rooftops to gardeners", GARDENS),
        ("n-4", "Probe sends its first picture from beneath Europa's ice", PLANETS),
        ("n-5", HOSTILE, JAZZ),
    ),
    "music": (
        ("m-1", "Blue Hour Sessions", JAZZ),
        ("m-2", "Quartet for an Empty Station", JAZZ),
        ("m-3", "Nine Planets, No Brakes", PLANETS),
    ),
    "books": (
        ("b-1", "The Tulip Ledger", GARDENS),
        ("b-2", "Other People's Suns", PLANETS),
        ("b-3", "A Room Full of Saxophones", JAZZ),
    ),
}


def vector(text: str) -> list[float]:
    """(32,) unit length, the same for the same words."""
    row = np.random.default_rng(zlib.crc32(text.casefold().encode())).standard_normal(DIMENSION)
    return [float(value) for value in row / np.linalg.norm(row)]


def interest(text: str, weight: float, pinned: bool = False, evidence: Sequence[str] = ()) -> HeldInterest:
    packed = np.array(vector(text)).astype("<f2").tobytes()
    return HeldInterest(interest_id(text), text, weight, Source.REFINEMENT, packed, pinned, tuple(evidence))


def anna() -> UserState:
    """At version 7, with one version before it."""
    first = (interest(JAZZ, 0.2), interest(PLANETS, 0.27), interest(GARDENS, 0.11))
    interests = (
        interest(JAZZ, 0.34, pinned=True, evidence=["e0"]),
        interest(PLANETS, 0.27),
        interest(GARDENS, 0.11),
        interest(GOLF, -0.06),
    )
    state = state_of(7, interests, [interest(CRIME, -1.0)], ["news:n-2"])
    state.removed = (CRIME,)
    before = replace(state, interests=first)
    remember(before, Change(6, Cause.COUNT, 3, 5, FIRST_MS))
    state.versions = before.versions
    remember(state, Change(7, Cause.SIGNAL, 4, 1, FIRST_MS + 3_600_000))
    return state


def _items() -> dict[str, ItemRecord]:
    records = [
        item(provider, name, vector(topic), title) for provider, some in CATALOG.items() for name, title, topic in some
    ]
    return {one.key: one for one in records}


def _store() -> FakeStore:
    return FakeStore({"anna": anna(), "ben": state_of(3)}, _items(), providers=("books", "music", "news"))


@dataclass
class World:
    """`store` is what the gateway reads. `letters` are the commands that an agent refused."""

    store: FakeStore = field(default_factory=_store)
    taken: list[Interaction] = field(default_factory=list)
    commands: list[ProfileCommand] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    refreshed: int = 0

    async def react(self, messages: Sequence[Outgoing]) -> None:
        for message in messages:
            if message.topic == INTERACTIONS:
                self._move(Interaction.model_validate_json(message.value or b""))
            elif message.topic == COMMANDS:
                self._obey(message)

    async def search(self, provider: str, body: SearchBody) -> SearchAnswer:
        """By the weight of the interest that an item is about; nothing of what is avoided."""
        if body.subject is not None:
            raise UnknownSubject("this provider asks for vectors")
        found = [_found(place, one, body) for place, one in enumerate(CATALOG[provider])]
        best = sorted((one for one in found if one is not None), key=lambda one: -one.score)
        return SearchAnswer(space=SPACE, items=tuple(best[: body.k]))

    def _move(self, interaction: Interaction) -> None:
        self.taken.append(interaction)
        state = self.store.users[interaction.user]
        topic = {name: topic for some in CATALOG.values() for name, _, topic in some}[interaction.item]
        step = -0.1 if interaction.signal == "dislike" else 0.1
        moved = [one._replace(weight=round(one.weight + step * (one.text == topic), 4)) for one in state.interests]
        met = [one.item for one in state.window] + [interaction.item_key]
        after = state_of(state.version + 1, moved, state.avoid, met)
        after.removed, after.versions = state.removed, state.versions
        remember(after, Change(after.version, Cause.SIGNAL, len(moved), 1, _now_ms()))
        self.store.users[interaction.user] = after

    def _obey(self, message: Outgoing) -> None:
        command = PROFILE_COMMAND.validate_json(message.value or b"")
        self.commands.append(command)
        match command:
            case RefreshCommand():
                self.refreshed += 1
            case ForgetCommand(user=user):
                self.store.users.pop(user, None)
                self.store.forgotten.add(user)
            case _:
                self.store.users[command.user] = self._folded(command, message)

    def _folded(self, command: ProfileCommand, message: Outgoing) -> UserState:
        """By the agent. Nothing stands behind most of these interests, and a re-fit would learn so: it finds them held,
        and they are let go of afterwards."""
        before = self.store.users.get(command.user) or UserState()
        ids = {one.id for one in before.interests if one.held_weight is None}
        held = tuple(one._replace(held_weight=one.weight) for one in before.interests)
        record = Record(COMMANDS, 0, len(self.commands), message.key, message.value, _now_ms())
        raw = encode_state(replace(before, interests=held))
        known, rules = Knowledge(space=SPACE), AgentRules(FIT)
        while True:
            try:
                folded = fold(raw, [Event(record, command)], known, rules, parse_message)
                break
            except Missing as missing:
                known.learn_items(missing.items, self.store.items)
                known.learn_phrases(missing.phrases, {text: interest(text, 0).vector for text in missing.phrases})
        self.letters += folded.letters
        weights = {one.id: one.weight for one in before.interests}
        folded.state.interests = tuple(
            one._replace(held_weight=None, kept=False) if one.id in ids and weights[one.id] == one.weight else one
            for one in folded.state.interests
        )
        return folded.state


def _found(place: int, one: tuple[str, str, str], body: SearchBody) -> Found | None:
    name, title, topic = one
    row = np.array(vector(topic))
    if any(float(row @ np.array(other)) >= (body.keep_away or NEAR) for other in body.avoid):
        return None
    for position, (other, weight) in enumerate(zip(body.vectors, body.weights, strict=True)):
        if float(row @ np.array(other)) > NEAR:
            return Found(item=name, title=title, score=0.3 + weight - place / 100, interest=position)
    return None


def _now_ms() -> int:
    return int(time.time() * 1000)
