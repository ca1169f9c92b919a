"""What comes into the service by one seed: catalogs, interactions, edits, garbage, with the time when each is sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from schemas.catalog import CatalogItem
from schemas.command import (
    AddInterest,
    AvoidText,
    Edit,
    EditCommand,
    ForgetCommand,
    PinInterest,
    RefreshCommand,
    RemoveInterest,
    RestoreInterest,
    ReweightInterest,
    RewriteInterest,
)
from schemas.interaction import Interaction, Signal
from schemas.proposal import Outcome, Proposal
from streams.contract import Outgoing
from streams.sealing import own_item
from streams.topics import CATALOG, COMMANDS, INTERACTIONS, PROPOSALS
from tests.simulation.opening import SECRET
from tests.simulation.plan import Plan
from workers.refit import interest_id

EPOCH = 1_790_000_000.0
"""True time at virtual second 0."""

BURSTS = 8
PROVIDERS = ("books", "news")
TOPICS = ("chess", "jazz", "rowing", "tea")
KINDS = ("old", "new", "rare")
STABLE = tuple(f"{topic}-{number}" for topic in TOPICS for number in range(3))
CHANGING = ("changing-0", "changing-1", "changing-2")
LATE = ("late-0", "late-1")
NEVER = "never-0"
OWN_WORDS = ("told-0", "told-1")
ELSEWHERE = "mine.talk"
"""From where people bring something."""
PERSONAL = ("night trains", "pottery", "string quartets", "jazz", "tea", "wooden boats", "endgames")
"""Texts that people type; some of them inference knows too."""

SIGNALS = (Signal.CLICK,) * 6 + (Signal.LIKE,) * 2 + (Signal.DISLIKE, Signal.SKIP, Signal.IMPRESSION)


@dataclass(frozen=True)
class Input:
    """To be sent at that virtual second."""

    at: float
    message: Outgoing


@dataclass(frozen=True)
class Inputs:
    catalog: Sequence[Outgoing]
    """Before anybody does anything (unless the plan is `cold`)."""
    stream: Sequence[Input]
    """In the order in which it is sent."""


def users_of(plan: Plan) -> tuple[str, ...]:
    return ("ann", "bob", "cleo", "用户", "eve")[: plan.users]


def inputs_of(plan: Plan) -> Inputs:
    return _Writer(plan, Random(f"inputs {plan.seed}")).write()


def catalog_entry(provider: str, item: str, change: int = 0) -> Outgoing:
    """In the words that the item has after so many changes."""
    topic, _, number = item.partition("-")
    kind = KINDS[(int(number) + change) % len(KINDS)]
    words = TOPICS[(int(number) + change) % len(TOPICS)] if topic not in TOPICS else topic
    entry = CatalogItem(provider=provider, item=item, title=f"{kind} {words} {number}".title(), category=words)
    return Outgoing(CATALOG, entry.key.encode(), entry.to_bytes())


@dataclass
class _Writer:
    plan: Plan
    chance: Random
    stream: list[Input] = field(default_factory=list)
    ids: int = 0

    def write(self) -> Inputs:
        plan = self.plan
        catalog = [catalog_entry(provider, item) for item in STABLE for provider in PROVIDERS]
        if not plan.pure:
            self._catalog_changes()
        for user in users_of(plan):
            self._mailbox(user)
        if "forgets" in plan.workload:
            self._forgets()
        if "brings" in plan.workload:
            self._brings(Random(f"brings {plan.seed}"))
        if plan.cold:
            self.stream += [Input(self._moment(), message) for message in catalog]
            catalog = []
        self.stream.sort(key=lambda one: one.at)
        return Inputs(catalog, self.stream)

    def _moment(self) -> float:
        """Most of what comes comes in bursts, so that batches are large and hold many people's."""
        last = self.plan.chaos_time * 0.9
        if self.chance.random() < 0.8:
            return last * self.chance.randrange(BURSTS) / BURSTS
        return self.chance.uniform(0.0, last)

    def _new_id(self, kind: str) -> str:
        self.ids += 1
        return f"{kind}{self.ids:04d}"

    def _send(self, topic: str, user: str, value: bytes, at: float | None = None, key: bytes | None = None) -> None:
        moment = self._moment() if at is None else at
        message = Outgoing(topic, user.encode() if key is None else key, value)
        self.stream.append(Input(moment, message))
        if "duplicates" in self.plan.workload and self.chance.random() < 0.15:
            self.stream.append(Input(moment + self.chance.choice([0.0, 0.1, 5.0, 30.0]), message))

    def _catalog_changes(self) -> None:
        chance, has = self.chance, self.plan.workload
        if "unknown items" in has:
            for item in LATE:
                at = self._moment()
                self.stream += [Input(at, catalog_entry(provider, item)) for provider in PROVIDERS]
        if "catalog changes" in has:
            for item in CHANGING:
                times = sorted(self._moment() for _ in range(chance.randint(1, 5)))
                for change, at in enumerate(times):
                    entry = catalog_entry("news", item, change)
                    gone = Outgoing(CATALOG, entry.key, None)
                    self.stream.append(Input(at, gone if chance.random() < 0.25 else entry))
        if "garbage" in has:
            self.stream.append(Input(self._moment(), Outgoing(CATALOG, b"news:broken", b"{")))
            self.stream.append(Input(self._moment(), Outgoing(CATALOG, b"no colon", None)))

    def _mailbox(self, user: str) -> None:
        plan, chance, has = self.plan, self.chance, self.plan.workload
        for _ in range(plan.events):
            self._interaction(user)
        if "edits" in has:
            for _ in range(chance.randint(1, 4)):
                self._edit(user)
        if "refreshes" in has:
            for _ in range(chance.randint(1, 3)):
                self._refresh(user)
        if "lies" in has:
            for _ in range(chance.randint(1, 3)):
                self._lie(user)
        if "garbage" in has:
            self._garbage(user)

    def _forgets(self) -> None:
        """Some of the people, but not all, in the middle of everything."""
        chance, users = self.chance, users_of(self.plan)
        for user in chance.sample(users, chance.randint(1, len(users) - 1)):
            command = ForgetCommand(command_id=self._new_id("c"), user=user, time=_instant(0.0))
            self._send(COMMANDS, user, command.to_bytes(), self.plan.chaos_time * chance.uniform(0.1, 0.9))

    def _brings(self, chance: Random) -> None:
        """What people did elsewhere, with the words of an item of their own."""
        users = users_of(self.plan)
        for number in range(chance.randint(1, 4 * len(users))):
            user, item = chance.choice(users), chance.choice("abc")
            event = Interaction(
                event_id=f"b{number:04d}",
                user=user,
                provider=ELSEWHERE,
                item=own_item(SECRET, user, item),
                signal=chance.choice([Signal.CLICK, Signal.LIKE]),
                time=_instant(-chance.uniform(0, 86_400.0)),
                text=f"{KINDS[0]} {chance.choice(TOPICS)} brought by {user}",
            )
            self._send(INTERACTIONS, user, event.to_bytes(), self.plan.chaos_time * chance.uniform(0.0, 0.9))

    def _interaction(self, user: str) -> None:
        chance, has = self.chance, self.plan.workload
        item, text = chance.choice(STABLE), None
        roll = chance.random()
        if roll < 0.2 and "unknown items" in has:
            item = chance.choice([*LATE, NEVER])
        elif roll < 0.3 and "own words" in has:
            item = chance.choice(OWN_WORDS)
            text = f"{chance.choice(KINDS)} {chance.choice(TOPICS)} told by a person"
        elif roll < 0.4 and "catalog changes" in has:
            item = chance.choice(CHANGING)
        ahead = 2 * 86_400.0 if "future" in has and chance.random() < 0.05 else -chance.uniform(0, 86_400.0)
        retracts = "retractions" in has and chance.random() < 0.08
        event = Interaction(
            event_id=self._new_id("e"),
            user=user,
            provider=chance.choice(PROVIDERS) if item not in CHANGING else "news",
            item=item,
            signal=Signal.RETRACT if retracts else chance.choice(SIGNALS),
            time=_instant(self.plan.chaos_time + ahead),
            text=text,
            retracts=f"e{chance.randint(1, self.ids):04d}" if retracts and chance.random() < 0.5 else None,
        )
        self._send(INTERACTIONS, user, event.to_bytes())

    def _edit(self, user: str) -> None:
        edits = tuple(self._one_edit() for _ in range(self.chance.randint(1, 2)))
        command = EditCommand(command_id=self._new_id("c"), user=user, time=_instant(0.0), edits=edits)
        self._send(COMMANDS, user, command.to_bytes())

    def _one_edit(self) -> Edit:
        chance = self.chance
        text, other = chance.choice(PERSONAL), chance.choice(PERSONAL)
        weight = round(chance.uniform(-1, 1), 2)
        known = interest_id(text)
        made: list[Edit] = [
            *[AddInterest(text=text, weight=weight)] * 3,
            AvoidText(text=text),
            RemoveInterest(interest=known),
            RestoreInterest(interest=known),
            ReweightInterest(interest=known, weight=weight, held=weight > -0.5),
            PinInterest(interest=known),
            RewriteInterest(interest=known, text=other),
        ]
        return chance.choice(made)

    def _refresh(self, user: str) -> None:
        what = self.chance.choice(["weights", "texts"])
        raw = {"command_id": self._new_id("c"), "user": user, "time": _instant(0.0), "what": what}
        self._send(COMMANDS, user, RefreshCommand.model_validate(raw).to_bytes())

    def _lie(self, user: str) -> None:
        """A proposal that no honest refiner would make."""
        chance = self.chance
        edits: list[Edit] = [RemoveInterest(interest=interest_id(text)) for text in (*PERSONAL, *TOPICS)]
        edits += [RewriteInterest(interest=interest_id(text), text=f"ignore {text}") for text in PERSONAL]
        edits += [AddInterest(text=f"buy lottery ticket {number}") for number in range(10)]
        chance.shuffle(edits)
        proposal = Proposal(
            proposal_id=self._new_id("p"),
            user=user,
            time=_instant(0.0),
            base_version=chance.choice([0, 1, 9_999]),
            fencing_token=chance.choice([1, 2, 3]),
            proposer="vllm",
            outcome=chance.choice(list(Outcome)),
            edits=tuple(edits[: chance.randint(0, len(edits))]),
            negatives=("news:jazz-0", "news:of-no-catalog"),
            reward_before=0.0,
            reward_after=1.0,
        )
        self._send(PROPOSALS, user, proposal.to_bytes())

    def _garbage(self, user: str) -> None:
        chance = self.chance
        topics = [INTERACTIONS] if self.plan.pure else [INTERACTIONS, COMMANDS, PROPOSALS]
        self._send(chance.choice(topics), user, chance.choice([b"{", b"", b'{"user": 1}', b"\xff" * 9]))
        event = Interaction(
            event_id=self._new_id("e"),
            user="somebody else",
            provider="news",
            item="jazz-0",
            signal=Signal.CLICK,
            time=_instant(0.0),
        )
        self._send(INTERACTIONS, user, event.to_bytes())


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(EPOCH, UTC) + timedelta(seconds=seconds)
