"""One refinement of one person's profile, in memory: what `streams.refinement` does with a leased job, from the same
parts, and its proposal through the agent's gate."""

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Self
from zlib import crc32

import numpy as np

from infra.evaluation.replay import Replay
from infra.evaluation.setup import Setup
from infra.evaluation.world import World
from infra.settings import Settings
from schemas.proposal import Cost, Outcome, Proposal, RefineTrigger
from workers.ports import Matrix
from workers.proposals import Verdict
from workers.refinement.phrase_search import PhraseSearch
from workers.refinement.ports import Proposer
from workers.refinement.rules import End, Refined, RefinementRules
from workers.refinement.search import refine
from workers.refinement.world import JUDGES, OTHERS, draw_negatives, items_needed, texts_needed
from workers.refinement.world import World as Known
from workers.state import UserState

_OUTCOMES = {End.IMPROVED: Outcome.OK, End.KEPT: Outcome.EMPTY, End.FAILED: Outcome.FAILED}
"""Ends that the agent hears of."""


@dataclass
class Tally:
    """`workers.refinement.ports.Budget` without a limit, that counts."""

    calls: int = 0
    tokens: int = 0

    async def reserve(self, calls: int, tokens: int) -> bool:
        return True

    async def settle(self, calls: int, tokens: int, cost: Cost) -> None:
        self.calls += cost.calls
        self.tokens += cost.prompt_tokens + cost.completion_tokens


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of one refinement; `verdict` is the agent's, None where it heard nothing."""

    refined: Refined
    verdict: str | None
    seconds: float
    cpu: float
    """Seconds of this process's processor."""


@dataclass
class Refining:
    """Refines one person after another. Open it before use: an LLM's client lives in one event loop."""

    world: World
    setup: Setup
    rules: RefinementRules
    llm: Settings | None = None
    """Whose LLM to ask; None asks nobody (`phrases`)."""
    tally: Tally = field(default_factory=Tally)
    verdicts: Counter[str] = field(default_factory=Counter)
    _runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _proposer: Proposer = field(default_factory=PhraseSearch)

    def __enter__(self) -> Self:
        if self.llm is not None:
            self._proposer = self._runner.run(_open_vllm(self.llm, self._stack))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()

    def refine(self, replay: Replay, number: int = 0) -> Ended:
        """Sends the proposal into the person's mailbox; `number` tells several refinements of one person apart."""
        state = replay.state
        seed = crc32(f"{self.setup.seed}/{replay.user}/{number}".encode())
        known = self._known(state, seed)
        start, busy = time.perf_counter(), time.process_time()
        refined = self._runner.run(
            refine(known, self._proposer, _Words(self.world), self.tally, self.rules, seed, _go_on)
        )
        seconds, cpu = time.perf_counter() - start, time.process_time() - busy
        return Ended(refined, self._propose(replay, known, refined, number), seconds, cpu)

    def _known(self, state: UserState, seed: int) -> Known:
        keys = self.world.catalog.keys
        count = min(len(keys), JUDGES + OTHERS + len(state.items_seen()))
        drawn = np.random.default_rng(seed).choice(len(keys), size=count, replace=False)
        judges, others = draw_negatives([keys[row] for row in drawn], state, seed)
        records = self.world.records
        items = {key: records[key] for key in items_needed(state, (*judges, *others)) if key in records}
        words = self.world.words(texts_needed(state, items))
        return Known(state, items, words, self.world.rules.fit, self.setup.scoring, judges, others)

    def _propose(self, replay: Replay, known: Known, refined: Refined, number: int) -> str | None:
        if refined.end not in _OUTCOMES:
            self.verdicts[refined.end.value] += 1
            return None
        proposal = Proposal(
            proposal_id=f"refinement-{number}",
            user=replay.user,
            time=replay.newest + timedelta(seconds=self.world.rules.triggers.refine_idle),
            base_version=known.state.version,
            fencing_token=number + 1,
            proposer=refined.proposer or self._proposer.name,
            outcome=_OUTCOMES[refined.end],
            trigger=RefineTrigger.DEMAND,
            edits=refined.edits,
            negatives=known.judges,
            reward_before=refined.before,
            reward_after=refined.after,
            cost=refined.cost,
        )
        (_, verdict), *_ = replay.send([proposal]).refinements
        self.verdicts[verdict] += 1
        return verdict


@dataclass(frozen=True, slots=True)
class _Words:
    """`workers.refinement.ports.Words`."""

    world: World

    async def vectors(self, texts: Collection[str]) -> Mapping[str, Matrix]:
        return self.world.words(texts)


async def _go_on(progress: object) -> bool:
    return True


async def _open_vllm(settings: Settings, stack: AsyncExitStack) -> Proposer:
    from infra.vllm.client import LlmClient
    from infra.vllm.options import LlmOptions
    from infra.vllm.proposer import VllmProposer

    key = None if settings.llm_key is None else settings.llm_key.get_secret_value()
    options = LlmOptions(
        settings.llm_url or "", settings.llm_model, key, at_once=settings.llm_concurrency, deadline=settings.llm_timeout
    )
    client = LlmClient(options)
    stack.push_async_callback(client.close)
    await client.check()
    return VllmProposer(client)


def was_accepted(ended: Ended) -> bool:
    return ended.verdict == Verdict.ACCEPTED.value
