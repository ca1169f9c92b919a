"""Algorithm 2: a search over candidates for a profile that tells better what a person likes.

One iteration:

1. Draw a candidate from the set, by its reward and the temperature.
2. Ask the proposer for edits of it, with feedback from the training part; what that may cost is reserved first.
3. Gate: what does not pass `workers.refinement.gate` is dropped and counted.
4. Judge: the edited candidate is fitted to four fifths of what the person did, and its reward measured on the held-out
   fifth. It joins the set.
5. Save: how far it has come. Whoever goes on from there ends with the same result.

It ends after so many iterations, or some without a gain, or where the budget or the checkpoint says so. The profile as
it stands is the first candidate, so the best is never worse. Where groups are to be described first (Algorithm 1), that
is the first iteration: one ask for all groups, whose descriptions are added to the profile.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from math import inf
from typing import TypeVar

import numpy as np

from schemas.command import AddInterest, Edit
from schemas.proposal import Cost, Outcome
from workers.editing import texts_of
from workers.refinement.asks import Answer, Ask, ClusterAsk, Described, Shown
from workers.refinement.bootstrap import ask_for, descriptions, grouped
from workers.refinement.candidate import MOST_EDITS, Candidate
from workers.refinement.feedback import Named, feedback
from workers.refinement.gate import Grounds, check, unreadable
from workers.refinement.judging import Judging, Trial
from workers.refinement.numbers import Numbers
from workers.refinement.ports import Budget, Proposer, Words
from workers.refinement.progress import Progress
from workers.refinement.rules import End, Refined, RefinementRules
from workers.refinement.world import World

Checkpoint = Callable[[Progress], Awaitable[bool]]
"""Keeps the progress; False ends the search. What it raises goes through."""

A = TypeVar("A", Answer, Described)


async def refine(
    world: World,
    proposer: Proposer,
    words: Words,
    budget: Budget,
    rules: RefinementRules,
    seed: int,
    checkpoint: Checkpoint,
    progress: Progress | None = None,
) -> Refined:
    """Deterministic where the proposer is. `progress` of another world is left aside. Raises what the ports raise; what
    was saved until then still holds."""
    judging = Judging(world)
    if not judging.is_possible:
        return Refined(End.UNJUDGED)
    search = _Search(judging, proposer, words, budget, rules, seed)
    if not await search.resume(progress):
        search.begin()
    while not search.is_over:
        if not await search.iterate():
            return search.result(refused=True)
        # 5. Save
        if not await checkpoint(search.progress):
            return search.result(cancelled=True)
    return search.result()


class _Search:
    """The candidate set, and what the asks are made from."""

    def __init__(
        self, judging: Judging, proposer: Proposer, words: Words, budget: Budget, rules: RefinementRules, seed: int
    ) -> None:
        self.progress = Progress("", (), ())
        self._judging = judging
        self._proposer = proposer
        self._words = words
        self._budget = budget
        self._rules = rules
        self._seed = seed
        self._trials: list[Trial] = []
        self._numbers = Numbers(judging)
        world = judging.world
        self._shown = [_named(world, entry.item) for entry in judging.training]
        self._shown_others = [_named(world, key) for key in self._numbers.other_keys]

    @property
    def is_over(self) -> bool:
        progress = self.progress
        return progress.iterations >= self._rules.iterations or progress.since_gain >= self._rules.patience

    def begin(self) -> None:
        start = self._judging.trial(Candidate())
        assert start is not None, "the profile that stands can be judged"
        world = self._judging.world
        self._trials = [start]
        self.progress = Progress(
            world.fingerprint(),
            world.judges,
            world.others,
            candidates=(start.candidate,),
            rewards=(start.reward,),
            proposers=(None,),
            curve=(start.reward,),
        )

    async def resume(self, progress: Progress | None) -> bool:
        """Goes on from there. False where it cannot: it was another world, or words have been lost since."""
        if progress is None or progress.world != self._judging.world.fingerprint() or not progress.candidates:
            return False
        await self._learn([text for one in progress.candidates for text in one.added + one.dropped])
        trials = [self._judging.trial(candidate) for candidate in progress.candidates]
        made = [trial for trial in trials if trial is not None]
        if [trial.reward for trial in made] != list(progress.rewards):
            return False
        self._trials, self.progress = made, progress
        return True

    async def iterate(self) -> bool:
        """False where the budget does not allow it."""
        describes = self._rules.describe_first and not self.progress.described
        # 1. Draw
        parent = self._trials[0] if describes else self._drawn()
        # 2. Ask
        answer = await (self._description() if describes else self._proposal(parent))
        if answer is None:
            return False
        # 3. Gate
        passed = await self._passed(answer.edits, parent, MOST_EDITS if describes else self._rules.max_edits)
        # 4. Judge
        gained = self._judge(parent.candidate.edited(passed, parent.profile.interests), answer)
        self._count(answer, gained, describes)
        return True

    def result(self, refused: bool = False, cancelled: bool = False) -> Refined:
        progress, start, best = self.progress, self._trials[0], self._best()
        improved = best.reward > start.reward and not cancelled
        end = End.CANCELLED if cancelled else End.IMPROVED if improved else End.REFUSED if refused else _end(progress)
        return Refined(
            end,
            best.candidate.edits(self._judging.world.state.interests) if improved else (),
            start.reward,
            best.reward if improved else start.reward,
            progress.iterations,
            progress.cost,
            progress.curve,
            progress.outcomes,
            progress.refused,
            progress.proposers[self._trials.index(best)] or self._proposer.name,
        )

    def _best(self) -> Trial:
        """Of equal ones the earliest."""
        return max(self._trials, key=lambda trial: trial.reward)

    def _drawn(self) -> Trial:
        rewards = np.array([trial.reward for trial in self._trials])
        temperature = self._rules.temperature
        if temperature == 0:
            return self._best()
        odds = np.exp((rewards - rewards.max()) / temperature) if temperature < inf else np.ones(len(rewards))
        chance = np.random.default_rng([self._seed, self.progress.iterations])
        return self._trials[int(chance.choice(len(rewards), p=odds / odds.sum()))]

    async def _proposal(self, parent: Trial) -> Answer | None:
        ask = self._ask(parent)
        return await self._within_budget(ask, lambda: self._proposer.propose(ask))

    def _ask(self, parent: Trial) -> Ask:
        numeric = self._numbers.of(parent)
        return Ask(
            interests=tuple(
                Shown(one.id, one.text, one.weight, one.pinned, one.is_owned and not one.pinned)
                for one in parent.profile.interests
            ),
            avoid=tuple(one.text for one in parent.profile.avoid),
            feedback=feedback(numeric, self._shown, self._shown_others),
            iteration=self.progress.iterations,
            seed=self._seed,
            max_edits=self._rules.max_edits,
            numeric=numeric,
        )

    async def _description(self) -> Answer | None:
        """Algorithm 1 as one answer: what describes the groups, as additions."""
        phrases = [self._judging.world.items[entry.item].phrases for entry in self._judging.training]
        groups = grouped(self._numbers.rows, self._numbers.evidence, phrases, self._judging.words)
        ask = ask_for(groups, [named.title for named in self._shown])
        told = await self._within_budget(ask, lambda: self._proposer.describe(ask))
        if told is None:
            return None
        # Not validated yet: the gate looks at them as at any proposer's words.
        edits = tuple(AddInterest.model_construct(text=one.text) for one in descriptions(groups, told))
        return Answer(told.outcome, edits, told.cost, told.detail, told.proposer)

    async def _within_budget(self, ask: Ask | ClusterAsk, answer: Callable[[], Awaitable[A]]) -> A | None:
        """None where it would be exceeded. An ask that is broken off counts with all that was reserved."""
        most = self._proposer.most(ask)
        tokens = most.prompt_tokens + most.completion_tokens
        if not most.calls and not tokens:
            return await answer()
        if not await self._budget.reserve(most.calls, tokens):
            return None
        cost = most
        try:
            answered = await answer()
            cost = answered.cost
        finally:
            await self._budget.settle(most.calls, tokens, cost)
        return answered

    async def _passed(self, edits: Sequence[Edit], parent: Trial, most: int) -> tuple[Edit, ...]:
        await self._learn([text for text in texts_of(edits) if unreadable(text) is None])
        world, state = self._judging.world, self._judging.world.state
        liked = np.flatnonzero(self._numbers.evidence > 0).tolist()
        grounds = Grounds(
            interests=parent.profile.interests,
            removed=state.removed,
            avoid=tuple(one.text for one in state.avoid),
            words=self._judging.words,
            rows=self._numbers.rows[liked],
            titles=[self._shown[position].title for position in liked],
            phrases=[world.items[self._judging.training[position].item].phrases for position in liked],
        )
        checked = check(edits, grounds, most)
        refused = dict(self.progress.refused)
        for _, reason in checked.refused:
            refused[reason.value] = refused.get(reason.value, 0) + 1
        self.progress = replace(self.progress, refused=refused)
        return checked.passed

    async def _learn(self, texts: Sequence[str]) -> None:
        new = [text for text in dict.fromkeys(texts) if text not in self._judging.words]
        if new:
            self._judging.learn(await self._words.vectors(new))

    def _judge(self, candidate: Candidate, answer: Answer) -> bool:
        """Whether it is the best so far. What is in the set already, or too long to be proposed, does not join it."""
        edits = candidate.edits(self._judging.world.state.interests)
        is_known = any(candidate.key == trial.candidate.key for trial in self._trials)
        trial = None if is_known or len(edits) > MOST_EDITS else self._judging.trial(candidate)
        if trial is None:
            return False
        gained = trial.reward > self._best().reward
        self._trials.append(trial)
        self.progress = replace(
            self.progress,
            candidates=(*self.progress.candidates, candidate),
            rewards=(*self.progress.rewards, trial.reward),
            proposers=(*self.progress.proposers, answer.proposer or self._proposer.name),
        )
        return gained

    def _count(self, answer: Answer, gained: bool, described: bool) -> None:
        progress = self.progress
        outcome = answer.outcome.value
        self.progress = replace(
            progress,
            iterations=progress.iterations + 1,
            described=progress.described or described,
            since_gain=0 if gained else progress.since_gain + 1,
            curve=(*progress.curve, self._best().reward),
            cost=_sum(progress.cost, answer.cost),
            outcomes={**progress.outcomes, outcome: progress.outcomes.get(outcome, 0) + 1},
        )


def _end(progress: Progress) -> End:
    """Where nothing better was found."""
    answered = any(progress.outcomes.get(outcome.value) for outcome in (Outcome.OK, Outcome.EMPTY))
    return End.KEPT if answered else End.FAILED


def _named(world: World, key: str) -> Named:
    record = world.items[key]
    return Named(record.title, record.phrases[0] if record.phrases else None)


def _sum(one: Cost, other: Cost) -> Cost:
    return Cost(
        calls=one.calls + other.calls,
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        completion_tokens=one.completion_tokens + other.completion_tokens,
    )
