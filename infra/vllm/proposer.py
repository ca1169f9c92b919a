"""The proposer that asks an LLM. What it suggests is tried and judged by others; nothing here is trusted."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial, reduce
from typing import Literal

from infra.vllm.answers import describe_schema, read_edits, read_texts, refine_schema
from infra.vllm.client import LlmClient
from infra.vllm.effort import most, plus
from infra.vllm.errors import LlmError
from infra.vllm.options import Priority
from infra.vllm.rendering import DESCRIBE, REFINE, describe_data, instructions, refine_data
from infra.vllm.wire import Question
from schemas.proposal import Cost, Outcome, RefineTrigger
from workers.refinement.asks import FREE, Answer, Ask, ClusterAsk, Described

log = logging.getLogger(__name__)

MOST_EDITS = 12
GROUPS_AT_ONCE = 8
"""Of a question, so that prompt and answer keep to their sizes; more groups are more questions."""

EDIT_TOKENS = 96
"""80 characters are 20 tokens in English, up to 80 in other alphabets, and 16 hold the rest of an edit. An answer that
needs more is cut off, which counts as failed."""

WARM = 0.7
"""Iterations should differ, and their seeds make them."""

COOL = 0.0

_SEEDS = 1 << 31


@dataclass(frozen=True, slots=True)
class VllmProposer:
    """`workers.refinement.ports.Proposer` over a client that many share. Whatever goes wrong at the server is the
    outcome `failed`, with the reason and the cost. A cancelled call has no answer, and what it cost is not known: count
    it as what was reserved."""

    client: LlmClient
    priority: Priority = Priority.DEMAND

    @property
    def name(self) -> Literal["vllm"]:
        return "vllm"

    def serving(self, trigger: RefineTrigger) -> "VllmProposer":
        """The same, as urgent as what a refinement was triggered by."""
        return VllmProposer(self.client, Priority.of(trigger))

    def most(self, ask: Ask | ClusterAsk) -> Cost:
        """Of every question that the ask becomes, with the retries."""
        questions = (
            [refine_question(ask)] if isinstance(ask, Ask) else [describe_question(part) for part in _parts(ask)]
        )
        return reduce(plus, map(most, questions), FREE)

    async def propose(self, ask: Ask) -> Answer:
        """`empty` where the LLM finds nothing to improve; `failed` also where none of its texts may be used."""
        try:
            asked = await self.client.ask(
                refine_question(ask), partial(read_edits, ask=ask, most_edits=_edits(ask)), self.priority
            )
        except LlmError as error:
            return Answer(Outcome.FAILED, cost=error.cost, detail=_detail(error), proposer=self.name)
        if asked.value is None:
            return Answer(Outcome.FAILED, cost=asked.cost, detail="unusable", proposer=self.name)
        outcome = Outcome.OK if asked.value else Outcome.EMPTY
        return Answer(outcome, asked.value, asked.cost, proposer=self.name)

    async def describe(self, ask: ClusterAsk) -> Described:
        """`failed` where any of its questions is: some groups described would look like all."""
        texts: list[str | None] = []
        cost = FREE
        for part in _parts(ask):
            try:
                asked = await self.client.ask(
                    describe_question(part), partial(read_texts, groups=len(part.clusters)), self.priority
                )
            except LlmError as error:
                return Described(Outcome.FAILED, cost=plus(cost, error.cost), detail=_detail(error), proposer=self.name)
            texts += asked.value
            cost = plus(cost, asked.cost)
        if not any(texts):
            return Described(Outcome.EMPTY, cost=cost, proposer=self.name)
        return Described(Outcome.OK, tuple(texts), cost, proposer=self.name)


def _edits(ask: Ask) -> int:
    return max(1, min(ask.max_edits, MOST_EDITS))


def refine_question(ask: Ask) -> Question:
    """What an ask becomes."""
    return Question(
        system=instructions(REFINE),
        user=refine_data(ask, _edits(ask)),
        name="edits",
        schema=refine_schema(ask, _edits(ask)),
        max_tokens=EDIT_TOKENS * (_edits(ask) + 1),
        temperature=WARM,
        seed=(ask.seed + ask.iteration) % _SEEDS,
    )


def describe_question(ask: ClusterAsk) -> Question:
    """What one part of an ask becomes; at most GROUPS_AT_ONCE groups."""
    return Question(
        system=instructions(DESCRIBE),
        user=describe_data(ask.clusters, ask.candidates),
        name="texts",
        schema=describe_schema(len(ask.clusters)),
        max_tokens=EDIT_TOKENS * (len(ask.clusters) + 1),
        temperature=COOL,
        seed=0,
    )


def _parts(ask: ClusterAsk) -> Iterator[ClusterAsk]:
    for start in range(0, len(ask.clusters), GROUPS_AT_ONCE):
        few = slice(start, start + GROUPS_AT_ONCE)
        yield ClusterAsk(ask.clusters[few], ask.candidates[few])


def _detail(error: LlmError) -> str:
    log.info("the LLM did not help: %s", error)
    return error.detail
