"""`attune eval editability`: do the recommendations follow what a person writes into the profile, and takes out of it?

On the sample, with simulated people whose lives went through the real agent; five topics (the sample's categories),
drawn by seed. What is asked for goes through the agent as one `EditCommand`; what is looked at are the best ten items
of all providers, as the gateway would show them right after.

* Inserted: who has no interest of the topic adds its name with the largest weight there is, 1, and leaves all others as
  they are. Share of the topic among the ten (`insert`); also for smaller weights (`insert_curve`).
* Deleted: who has interests of the topic with a positive weight removes all of them in one edit. Share of the topic
  left (`delete`); then again as long as inference names others of it, `edits` being how often (`delete_until_none`);
  and where the topic's name is marked to avoid instead (`avoid`; `within` is the share of the ten that is nearer to it
  than was set, `avoid_curve` has by that distance the share of the topic left, and `covered` how many percent of a
  topic's items, and of all others, are so near to its name).

An interest is one of the topic where it is the topic's name, or most of the items behind it are of the topic.
"""

import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from infra.evaluation import plots
from infra.evaluation.options import Editability
from infra.evaluation.ranking import Published
from infra.evaluation.replay import Replay
from infra.evaluation.report import NothingToJudge, circumstances, percent
from infra.evaluation.sample_world import lives, recommended, sample_world, topic_share
from infra.evaluation.setup import Setup
from infra.evaluation.world import World
from infra.sample.catalog import topics
from schemas.command import AddInterest, AvoidText, Edit, EditCommand, KeepAway, RemoveInterest
from schemas.interaction import Interaction
from workers.errors import AttuneError
from workers.evaluation.resampling import Interval, intervals
from workers.state import HeldInterest, UserState

WEIGHTS = (0.1, 0.25, 0.5, 0.75, 1.0)
"""Of an inserted interest. 0.5 is what it gets without one, 1 is the largest; what is learned reaches 0.3 to 0.5."""

DISTANCES = (0.2, 0.25, 0.3, 0.35, 0.4)
"""Cosines to what is avoided from which nothing is recommended; 0.35 where nobody says (`workers.asked`)."""

MAX_EDITS = 8
"""After so many removals of whatever is of the topic, it is taken as there to stay."""


class EditNotCarriedOut(AttuneError):
    """The agent set an edit aside."""


@dataclass
class Person:
    """One simulated person's agent after all they did, and how to ask it."""

    user: str
    life: Sequence[Interaction]
    world: World
    setup: Setup
    k: int
    replay: Replay = field(init=False)
    _lived: Replay = field(init=False)

    def __post_init__(self) -> None:
        self._lived = Replay(self.user, self.world, self.world.rules)
        self._lived.send(self.life)
        self._lived.settle()
        self.again()

    def again(self) -> UserState:
        """As if nothing had been edited."""
        self.replay = self._lived.copy()
        return self.replay.state

    def edit(self, edits: Sequence[Edit]) -> UserState:
        """Raises `EditNotCarriedOut`."""
        number = self.replay.state.version
        time = self.life[-1].time
        folded = self.replay.send(
            [EditCommand(command_id=f"edit-{number}", user=self.user, time=time, edits=tuple(edits))]
        )
        if folded.letters:
            raise EditNotCarriedOut(f"the agent set an edit aside: {folded.letters[0].detail}")
        return self.replay.state

    def share(self, topic: str) -> float:
        """Of the topic among what is recommended; 0 where nothing is."""
        keys = recommended(self.replay.state, self.world, self.setup.scoring, self.k)
        return topic_share(keys, topic, self.world.items) if keys else 0.0

    def within(self) -> float:
        """Of what is recommended, the share that lies nearer to what is avoided than it may, measured by other means
        than the search's own."""
        profile = Published.of(self.replay.state, self.world.dimension)
        keys = recommended(self.replay.state, self.world, self.setup.scoring, self.k)
        near = dict(zip(self.world.catalog.keys, profile.too_near(self.world.catalog.matrix).tolist(), strict=True))
        return sum(near[key] for key in keys) / len(keys) if keys else 0.0

    def of_topic(self, topic: str) -> list[HeldInterest]:
        """The interests of the topic that speak for it."""
        return [one for one in self.replay.state.interests if one.weight > 0 and self._is_of(one, topic)]

    def _is_of(self, interest: HeldInterest, topic: str) -> bool:
        items = {one.event_id: one.item_key for one in self.life}
        behind = [self.world.items[items[event]].category == topic for event in interest.evidence]
        return interest.text.casefold() == topic.casefold() or 2 * sum(behind) > len(behind)


@dataclass
class Found:
    """Shares (0..1) by what was measured, with whose they are."""

    users: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    shares: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    edits: list[int] = field(default_factory=list)
    """How many it took until no interest of the topic was left."""

    def add(self, name: str, user: str, share: float) -> None:
        self.users[name].append(user)
        self.shares[name].append(share)

    def interval(self, name: str, setup: Setup) -> Interval:
        rows = [[share] for share in self.shares[name]]
        return intervals(rows, self.users[name], setup.seed, setup.common.draws)[0]


def run(asked: Editability, setup: Setup) -> dict[str, Any]:
    """Raises `EditNotCarriedOut`, or `NothingToJudge` where nobody has or lacks any of the topics."""
    begin = time.perf_counter()
    world = sample_world(setup)
    chosen = random.Random(setup.seed).sample(sorted(topics()), asked.topics)
    found = Found()
    played = lives(asked.people, asked.events, setup.seed)
    with setup.progress("editing", len(played)) as advance:
        for number, (user, life) in enumerate(played.items(), start=1):
            person = Person(user, life, world, setup, asked.k)
            for topic in chosen:
                _measure(person, topic, found)
            advance(number)
    if not (found.shares["insert"] and found.shares["delete"]):
        raise NothingToJudge("nobody has, or nobody lacks, any of the topics: ask for more people or interactions")
    if setup.common.plots is not None:
        curve = [found.interval(_named(weight), setup) for weight in WEIGHTS]
        title = "editability: share of an inserted topic in the ten"
        plots.curve(setup.common.plots / "editability.png", WEIGHTS, {"inserted": curve}, title, "its weight")
    return {
        **_told(found, setup),
        "covered": _covered(world),
        "topics": chosen,
        "people": len(played),
        "events": asked.events,
        "k": asked.k,
        **circumstances(setup, world.space, time.perf_counter() - begin),
    }


def _measure(person: Person, topic: str, found: Found) -> None:
    state = person.again()
    if person.of_topic(topic):
        _delete(person, topic, found)
    elif not any(one.text.casefold() == topic for one in state.interests):
        _insert(person, topic, found)


def _insert(person: Person, topic: str, found: Found) -> None:
    found.add("insert_before", person.user, person.share(topic))
    for weight in WEIGHTS:
        person.again()
        person.edit([AddInterest(text=topic, weight=weight)])
        found.add(_named(weight), person.user, person.share(topic))
    found.add("insert", person.user, person.share(topic))


def _delete(person: Person, topic: str, found: Found) -> None:
    found.add("delete_before", person.user, person.share(topic))
    edits = 0
    while edits < MAX_EDITS and (there := person.of_topic(topic)):
        person.edit([RemoveInterest(interest=one.id) for one in there])
        edits += 1
        if edits == 1:
            found.add("delete", person.user, person.share(topic))
    found.add("delete_until_none", person.user, person.share(topic))
    found.edits.append(edits)
    person.again()
    person.edit([AvoidText(text=topic)])
    found.add("avoid", person.user, person.share(topic))
    found.add("within", person.user, person.within())
    for distance in DISTANCES:
        person.again()
        person.edit([AvoidText(text=topic), KeepAway(within=distance)])
        found.add(_apart(distance), person.user, person.share(topic))


def _named(weight: float) -> str:
    return f"insert at {weight:g}"


def _apart(distance: float) -> str:
    return f"avoid at {distance:g}"


def _covered(world: World) -> dict[str, list[float]]:
    """By distance, how many percent of a topic's items lie so near to its name, and how many of all others."""
    names = sorted(topics())
    nearness = world.catalog.matrix.astype(np.float64) @ world.encoder.encode_interests(names).astype(np.float64).T
    own = np.array([[world.items[key].category == name for name in names] for key in world.catalog.keys])
    near = {distance: nearness >= distance for distance in DISTANCES}
    return {
        f"{distance:g}": [percent(float(one[own].mean())), percent(float(one[~own].mean()))]
        for distance, one in near.items()
    }


def _told(found: Found, setup: Setup) -> dict[str, Any]:
    names = ("insert", "delete", "insert_before", "delete_before", "delete_until_none", "avoid", "within")
    means = {name: found.interval(name, setup) for name in names}
    return {
        **{name: percent(one.mean) for name, one in means.items()},
        "ci": {name: [percent(one.low), percent(one.high)] for name, one in means.items()},
        "insert_curve": {f"{weight:g}": percent(found.interval(_named(weight), setup).mean) for weight in WEIGHTS},
        "avoid_curve": {f"{apart:g}": percent(found.interval(_apart(apart), setup).mean) for apart in DISTANCES},
        "edits": round(sum(found.edits) / len(found.edits), 2),
        "inserted": len(found.shares["insert"]),
        "deleted": len(found.shares["delete"]),
    }
