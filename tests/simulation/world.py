"""One seed, played: the real stages on the simulated store and log, with people, trouble, and a quiet end.

1. The catalog is embedded (unless the plan is `cold`), and of a `pure` plan everything else is put in the log.
2. Trouble: inputs come, calls fail, processes come and go, for the plan's time.
3. Peace: nothing fails any more, clocks are right, whoever is down comes back.
4. Quiet: all that came is handled, and nothing is due. It must come within `QUIET_WITHIN`.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from streams.budgets import Budgets, Limit
from streams.contract import Outgoing, Partition, Producer, Stage
from streams.control import ControlStage
from streams.embedder import EmbedderStage
from streams.metrics import Metrics
from streams.own_thread import Part
from streams.pace import Pace
from streams.provider import ProviderStage
from streams.refinement import Means, Refinement
from streams.refiner import Refiner
from streams.sealed import OpenedHistory, OpenedStage, SealedProducer
from tests.simulation.agents import SimAgents
from tests.simulation.desk import replay_letters
from tests.simulation.encoder import DIMENSION, FIT, SPACE, SimEncoder
from tests.simulation.fleet import Fleet
from tests.simulation.group import Group
from tests.simulation.inputs import EPOCH, Inputs, inputs_of
from tests.simulation.liar import Liar
from tests.simulation.log import HistoryClient, LogClient, SimLog
from tests.simulation.loop import VirtualLoop
from tests.simulation.losses import Losses
from tests.simulation.plan import Plan
from tests.simulation.process import LATE, Faults, Process, Weather
from tests.simulation.rings import Rings
from tests.simulation.rules import rules_of
from tests.simulation.runner import SimRunner
from tests.simulation.store import SimStore, StoreClient
from tests.simulation.trace import Trace
from tests.simulation.trouble import Trouble
from workers.errors import BrokerUnavailable
from workers.knowledge import Knowledge
from workers.ports import Store
from workers.refinement.phrase_search import PhraseSearch
from workers.refinement.rules import RefinementRules
from workers.spaces import InSpace, Spaces

QUIET_WITHIN = 300.0
"""Virtual seconds from the last trouble on. The longest chain of waits: a restart (6), a session (10), a lease of
control (30) or of a job (20) that a dead process holds, an item's wait (20), the next look at what waits (10), a
refinement's cooldown (20) and the job after it. Each may come after the other once: 150. Twice that is a hang."""

LEASE = 20.0
TIMER_PACE = 4.0
"""Control looks four times more rarely than in the service, which saves a third of the simulation's time."""

_MUCH = Limit(10_000, 10_000_000)


@dataclass(frozen=True)
class Variants:
    """What a mutant puts in place of the real parts; the tests of the simulation itself use it."""

    store: Callable[[], SimStore] = SimStore
    client: Callable[[SimStore, Process], Store] = StoreClient
    producer: Callable[[SimLog, Process], LogClient] = LogClient
    runner: type[SimRunner] = SimRunner
    stage: Callable[[Stage], Stage] = lambda stage: stage


REAL = Variants()


@dataclass
class World:
    plan: Plan
    variants: Variants = REAL
    failures: list[str] = field(default_factory=list)
    accepted: list[Outgoing] = field(default_factory=list)
    """Inputs whose sender was told that they are taken."""

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.chance = Random(f"run {self.plan.seed}")
        self.trace = Trace(loop.time)
        self.weather = Weather()
        self.faults = Faults(Random(f"faults {self.plan.seed}"), self.plan.rates, self.weather)
        self.metrics = Metrics()
        self.store = self.variants.store()
        self.log = SimLog(self.plan.partitions, self.now)
        self.encoder = SimEncoder()
        self.rules = rules_of(self.plan)
        self.provider: ProviderStage | None = None
        self.groups: dict[str, Group] = {}
        self.runners: dict[str, SimRunner] = {}
        self.rings = Rings(
            lambda process: self.variants.client(self.store, process),
            lambda process: self.variants.producer(self.log, process),
            self._history,
        )
        self.inputs: Inputs = inputs_of(self.plan)
        self.fleet = Fleet(self.trace, self.faults, self.chance, EPOCH, self.failures)
        for role, build in self._builders().items():
            for number in range(self.plan.workers[role]):
                self.fleet.add(role, number, build)
        self._tasks: list[asyncio.Task[Any]] = []
        self._left = 0

    def now(self) -> float:
        """True time, in epoch seconds."""
        return EPOCH + asyncio.get_running_loop().time()

    async def play(self) -> None:
        await self._set_up()  # 1
        self._send_inputs()
        self.fleet.start("agents", "control", "refiner", "provider")
        losses = Losses(self.store, self.weather, self.trace, self.chance)
        trouble = Trouble(self.plan, self.fleet, self.groups, self.runners, self.weather, self.log, losses, self.chance)
        self.weather.bad = not self.plan.calm  # 2
        if losses.expected(self.plan):
            self._start(losses.keep())
        if "forgets" in self.plan.workload:
            operator = self._bystander("operator")
            history = OpenedHistory(self._history(operator), self.rings.of(operator))
            self._start(replay_letters(history, self._producer(operator), operator, self.chance))
        self._start(trouble.run())
        await asyncio.sleep(self.plan.chaos_time)
        self.weather.bad = False  # 3
        trouble.end()
        await self._until_quiet()  # 4

    async def _set_up(self) -> None:
        self.log.append(self.inputs.catalog)
        self.fleet.start("embedder")
        async with asyncio.timeout(QUIET_WITHIN):
            while not self.plan.cold and self._lag("embedder"):
                await asyncio.sleep(0.5)
        if self.plan.pure:
            self.log.append([one.message for one in self.inputs.stream])

    def _send_inputs(self) -> None:
        if self.plan.pure:
            return
        self._left = len(self.inputs.stream)
        client = self._producer(self._bystander("gateway"))
        for one in self.inputs.stream:
            self._start(self._send(one.at, one.message, client))

    def _bystander(self, name: str) -> Process:
        """One that never dies."""
        process = self.fleet.process(name)
        process.faults = self.faults.without("die before", "die after")
        return process

    async def _send(self, at: float, message: Outgoing, client: Producer) -> None:
        """Until somebody says that it is taken, as whoever gets a 503 does."""
        await asyncio.sleep(at)
        while True:
            try:
                await client.send([message])
                break
            except BrokerUnavailable:
                await asyncio.sleep(self.chance.uniform(0.1, 2.0))
        self.accepted.append(message)
        self._left -= 1

    async def _until_quiet(self) -> None:
        await asyncio.sleep(LATE[1])
        end = asyncio.get_running_loop().time() + QUIET_WITHIN
        while unrest := self.unrest():
            if asyncio.get_running_loop().time() > end:
                self.failures.append(f"not quiet {QUIET_WITHIN:.0f} s after the last trouble: {unrest}")
                return
            await asyncio.sleep(2.0)

    def unrest(self) -> str:
        """What is still to be done; nothing once all is quiet."""
        left: dict[str, object] = {
            "inputs that nobody has taken": self._left,
            "messages that groups are behind": {role: lag for role in self.groups if (lag := self._lag(role))},
            "marks that are behind": [role for role in ("agents", "embedder") if self._is_behind(role)],
            "outboxes": self.store.unpublished(self.log.has) if self.store.losses else self.store.pending(),
            "jobs": self.store.count_jobs(),
            "the provider reads": not self.runners["provider-0"].is_idle,
        }
        # Of a pure plan nothing is done by time: nobody sends what is due.
        for name in () if self.plan.pure else ("waiting", "refit", "refine"):
            times = self.store.times(name).items()
            left[f"{name} is due"] = sorted(who for who, at in times if name != "refine" or at < self.now() + LEASE)
        return "; ".join(f"{what}: {one}" for what, one in left.items() if one)

    def _lag(self, role: str) -> int:
        runner = next((one for name, one in self.runners.items() if name.startswith(role)), None)
        return 1 if runner is None else self.groups[role].lag(runner.topics)

    def _is_behind(self, role: str) -> bool:
        """Whether the store has lost what the group has consumed, and nobody has brought it back."""
        group = self.groups[role]
        names = {
            at: at if role == "agents" else Partition(f"{group.name}/{at.topic}", at.number) for at in group.committed
        }
        marks = self.store.marks(names.values())
        return any(marks.get(names[at], 0) < offset for at, offset in group.committed.items())

    def _start(self, part: Any) -> None:
        self._tasks.append(asyncio.create_task(part))

    def _builders(self) -> Mapping[str, Callable[[Process], Part]]:
        return {
            "agents": lambda process: self._runner("agents", self._agents(process), process),
            "embedder": lambda process: self._runner("embedder", self._embedder(process), process),
            "control": lambda process: self._runner("control", self._control(process), process),
            "provider": lambda process: self._runner("provider", self._new_provider(process), process),
            "refiner": self._refiner,
        }

    def _runner(self, role: str, stage: Stage, process: Process) -> Part:
        ring = self.rings.of(process)
        runner = self.variants.runner(
            OpenedStage(self.variants.stage(stage), ring, ring.timers if role == "control" else ()),
            self.log,
            self._group(role, stage.group),
            process,
            self.metrics,
            self.chance,
            batch=24 if stage.group is not None else 200,
            timer_pace=TIMER_PACE if role == "control" else 1.0,
        )
        self.runners[process.name] = runner
        return runner

    def _group(self, role: str, name: str | None) -> Group | None:
        if name is None:
            return None
        if role not in self.groups:
            self.groups[role] = Group(name, self.log, self.chance, self.trace)
            self._start(self.groups[role].run())
        return self.groups[role]

    def _ports(self, process: Process) -> tuple[Store, Producer]:
        return self.variants.client(self.store, process), self._producer(process)

    def _producer(self, process: Process) -> Producer:
        return SealedProducer(self.variants.producer(self.log, process), self.rings.of(process), self.metrics)

    def _history(self, process: Process) -> HistoryClient:
        return HistoryClient(self.log, self._committed, process)

    def _agents(self, process: Process) -> Stage:
        store, producer = self._ports(process)
        history = OpenedHistory(self._history(process), self.rings.of(process))
        keys = self.rings.of(process)
        return SimAgents(process, store, producer, history, self.rules, self.metrics, keys)

    def _committed(self, name: str) -> Mapping[Partition, int]:
        return next((dict(group.committed) for group in self.groups.values() if group.name == name), {})

    def _embedder(self, process: Process) -> Stage:
        store, producer = self._ports(process)
        return EmbedderStage(store, self.encoder, producer, self.metrics, now=process.now)

    def _control(self, process: Process) -> Stage:
        store, producer = self._ports(process)
        return ControlStage(store, producer, metrics=self.metrics, now=process.now)

    def _new_provider(self, process: Process) -> Stage:
        _, producer = self._ports(process)
        self.provider = ProviderStage(SPACE, DIMENSION, self.metrics, now=process.now, producer=producer)
        return self.provider

    def _refiner(self, process: Process) -> Part:
        store, producer = self._ports(process)
        spaces = Spaces(InSpace(SPACE, Knowledge(space=SPACE), FIT))
        liar = Liar(self.chance, LEASE)
        budgets = Budgets(_MUCH, _MUCH, _MUCH, "shop")
        means = Means(
            spaces, "mixture", RefinementRules(iterations=3), lambda _: liar, PhraseSearch(), budgets, self.encoder
        )
        work = Refinement(store, producer, means, pace=Pace(1), metrics=self.metrics, now=process.now)
        return Refiner(store, work, at_once=2, lease=LEASE, metrics=self.metrics, now=process.now, stop_timeout=8.0)


def played(plan: Plan, after: Callable[[World], Any], variants: Variants = REAL) -> World:
    """The world at the end of the seed; `after` is awaited in it, at the end of its time."""
    worlds: list[World] = []

    async def play() -> None:
        world = World(plan, variants)
        worlds.append(world)
        asyncio.get_running_loop().set_exception_handler(
            lambda loop, context: world.failures.append(f"unhandled: {context.get('exception') or context['message']}")
        )
        await world.play()
        await after(world)

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(Random(f"threads {plan.seed}"))) as runner:
        runner.run(play())
    return worlds[0]
