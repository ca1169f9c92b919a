"""A small world behind the page: three providers, a person whose profile answers to what they do."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas.api import Found, SearchAnswer, SearchBody
from schemas.interaction import Interaction
from streams.contract import Outgoing
from streams.topics import INTERACTIONS
from tests.infra.gateway_fakes import SPACE, FakeStore, held, state_of
from workers.state import UserState

JAZZ, PLANETS, GARDENS, GOLF = "modern jazz", "exploring the planets", "small city gardens", "golf"
HOSTILE = '<img src=x onerror="window.hacked=true"><script>window.hacked=true</script>'

CATALOG: dict[str, tuple[tuple[str, str, int], ...]] = {
    "news": (
        ("n-1", "Rover finds ripples of an ancient lake on Mars", 1),
        ("n-2", "Jazz festival moves into the old ferry terminal after a winter of repairs", 0),
        ("n-3", "City lends a thousand rooftops to gardeners", 2),
        ("n-4", "Probe sends its first picture from beneath Europa's ice", 1),
        ("n-5", HOSTILE, 0),
    ),
    "music": (
        ("m-1", "Blue Hour Sessions", 0),
        ("m-2", "Quartet for an Empty Station", 0),
        ("m-3", "Nine Planets, No Brakes", 1),
    ),
    "books": (
        ("b-1", "The Tulip Ledger", 2),
        ("b-2", "Other People's Suns", 1),
        ("b-3", "A Room Full of Saxophones", 0),
    ),
}


def anna() -> UserState:
    interests = (
        held(JAZZ, 0.34, 0, pinned=True),
        held(PLANETS, 0.27, 1),
        held(GARDENS, 0.11, 2),
        held(GOLF, -0.06, 3),
    )
    return state_of(7, interests, [held("true crime", 0.05, 4)], ["news:n-2"])


@dataclass
class World:
    """`store` is what the gateway reads; an interaction moves the interest behind its item by a tenth at once."""

    store: FakeStore = field(
        default_factory=lambda: FakeStore({"anna": anna(), "ben": state_of(3)}, ("books", "music", "news"))
    )
    taken: list[Interaction] = field(default_factory=list)
    refreshed: int = 0

    async def react(self, messages: Sequence[Outgoing]) -> None:
        for message in messages:
            if message.topic == INTERACTIONS:
                self._move(Interaction.model_validate_json(message.value or b""))
            else:
                self.refreshed += json.loads(message.value or b"")["kind"] == "refresh"

    async def search(self, provider: str, body: SearchBody) -> SearchAnswer:
        """By the weight of each item's interest: as if vectors were words."""
        weights = dict(enumerate(body.weights or [one.weight for one in self._anna.interests]))
        scored = [
            Found(item=item, title=title, score=0.3 + weights[interest] - place / 100, interest=interest)
            for place, (item, title, interest) in enumerate(CATALOG[provider])
            if interest in weights
        ]
        best = sorted(scored, key=lambda one: -one.score)[: body.k]
        return SearchAnswer(version=self._anna.version if body.subject else None, space=SPACE, items=tuple(best))

    @property
    def _anna(self) -> UserState:
        return self.store.users["anna"]

    def _move(self, interaction: Interaction) -> None:
        self.taken.append(interaction)
        behind = {item: interest for items in CATALOG.values() for item, _, interest in items}[interaction.item]
        step = -0.1 if interaction.signal == "dislike" else 0.1
        moved = [
            held(one.text, round(one.weight + (step if place == behind else 0), 4), place, one.pinned)
            for place, one in enumerate(self._anna.interests)
        ]
        met = [one.item for one in self._anna.window] + [interaction.item_key]
        self.store.users["anna"] = state_of(self._anna.version + 1, moved, self._anna.avoid, met)
