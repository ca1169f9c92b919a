"""One refinement: from a leased job to one proposal in the person's mailbox.

1. Read: the person's record and a sample of the catalog, then the items, then the vectors of all texts. Three round
   trips. Nothing is written to the record by anybody but its agent.
2. Search (`workers.refinement.search`), in rounds. After each its progress is saved, which renews the lease, and a
   newer edit of the person's ends the search. Between any two pieces of work it rests, so that the stream has the
   processor. Where a budget refuses the LLM, phrase search, which costs nothing, does the rounds that are left.
3. Publish one proposal, for the agent to judge. Its id is the job's, so that a job that is done twice (by whoever lost
   its lease unawares, or after a crash between 3 and 4) is one proposal and a duplicate.
4. Finish the job: whoever leased it does that (`streams.refiner`).

Progress that was saved belongs to one state of the person's: where that has changed since, the search begins anew.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from schemas.proposal import Outcome, Proposal, RefineTrigger
from streams.budgets import Budgets, DayBudget
from streams.contract import Outgoing, Producer
from streams.leases import Lease
from streams.metered import Metered
from streams.metrics import Metrics
from streams.pace import Pace
from streams.refiner import JobEnd
from streams.topics import PROPOSALS
from streams.unhurried import Unhurried
from streams.words import StoredWords
from workers.jobs import RefineJob
from workers.ports import Encoder, Store, UserRecord
from workers.refinement.ports import Proposer
from workers.refinement.progress import Progress
from workers.refinement.rules import End, Refined, RefinementRules
from workers.refinement.search import refine
from workers.refinement.world import JUDGES, OTHERS, World, draw_negatives, items_needed, texts_needed
from workers.scoring import Scoring
from workers.spaces import Spaces
from workers.state import UserState, decode_state

_OUTCOMES = {End.IMPROVED: Outcome.OK, End.KEPT: Outcome.EMPTY, End.FAILED: Outcome.FAILED}
"""Ends that the agent hears of. The others have nothing to say about the profile."""


@dataclass(frozen=True, slots=True)
class Means:
    """What refinements are made with. `proposer` is asked first, as urgently as the trigger is; `free` costs nothing
    and goes on where budgets refuse the other. `spaces` and `scoring` are as the agents have them. `encoder` embeds
    texts that no catalog has, as an LLM writes them; for profiles of another space than its own there are none."""

    spaces: Spaces
    scoring: Scoring
    rules: RefinementRules
    proposer: Callable[[RefineTrigger], Proposer]
    free: Proposer
    budgets: Budgets
    encoder: Encoder | None = None


class Refinement:
    """Does jobs for a `streams.refiner.Refiner`. `now` is in epoch seconds."""

    def __init__(
        self, store: Store, producer: Producer, means: Means, *, pace: Pace, metrics: Metrics, now: Callable[[], float]
    ) -> None:
        self._store = store
        self._producer = producer
        self._means = means
        self._pace = pace
        self._metrics = metrics
        self._now = now

    async def __call__(self, job: RefineJob, lease: Lease) -> JobEnd:
        """Raises what `streams.refiner.Refine` may."""
        # 1. Read
        state = await self._state(job.user)
        if state is None:
            return JobEnd.GONE
        progress = None if lease.progress is None else Progress.from_bytes(lease.progress)
        world = await self._world(state, progress, _seed(job))
        await self._pace.rest()
        # 2. Search
        refined = await self._searched(job, lease, world, progress)
        # 3. Publish
        if refined.end in _OUTCOMES:
            proposal = self._proposal(job, lease, world, refined)
            await self._producer.send([Outgoing(PROPOSALS, job.user.encode(), proposal.to_bytes())])
        return JobEnd(refined.end.value)

    async def _state(self, user: str) -> UserState | None:
        record = (await self._store.read([user], (), "")).users.get(user, UserRecord())
        return None if record.state is None else decode_state(record.state)

    async def _world(self, state: UserState, progress: Progress | None, seed: int) -> World:
        """`progress` says which items it was judged against: with others it would be another search."""
        here = self._means.spaces.of_state(state)
        if progress is None:
            wanted = JUDGES + OTHERS + len(state.items_seen())
            sample = await self._store.sample_items(here.space, wanted)
            judges, others = draw_negatives(sample, state, seed)
        else:
            judges, others = progress.judges, progress.others
        needed = items_needed(state, (*judges, *others))
        items = (await self._store.read((), needed, here.space)).items
        words = await StoredWords(self._store, here.space).vectors(texts_needed(state, items))
        return World(state, items, words, here.fit, self._means.scoring, judges, others)

    async def _searched(self, job: RefineJob, lease: Lease, world: World, progress: Progress | None) -> Refined:
        means = self._means
        first = Metered(means.proposer(job.trigger), job.trigger, self._metrics)
        refined = await self._search(first, job, lease, world, progress)
        if refined.end is End.REFUSED and first.name != means.free.name:
            so_far = None if lease.progress is None else Progress.from_bytes(lease.progress)
            refined = await self._search(means.free, job, lease, world, so_far)
        return refined

    async def _search(
        self, proposer: Proposer, job: RefineJob, lease: Lease, world: World, progress: Progress | None
    ) -> Refined:
        async def checkpoint(reached: Progress) -> bool:
            """Whether to go on: not after a newer edit. Nor after `forget`, which takes the lease."""
            await lease.save(reached.to_bytes())
            state = await self._state(job.user)
            await self._pace.rest()
            return state is not None and state.edited_version <= world.state.version

        budget = DayBudget(self._store, self._means.budgets, job.user, self._metrics, self._now())
        words = self._words(world.state)
        rules = replace(self._means.rules, describe_first=job.trigger is RefineTrigger.BOOTSTRAP)
        unhurried = Unhurried(proposer, self._pace)
        return await refine(world, unhurried, words, budget, rules, _seed(job), checkpoint, progress)

    def _words(self, state: UserState) -> StoredWords:
        space, encoder = self._means.spaces.of_state(state).space, self._means.encoder
        return StoredWords(self._store, space, encoder if encoder is not None and encoder.space == space else None)

    def _proposal(self, job: RefineJob, lease: Lease, world: World, refined: Refined) -> Proposal:
        return Proposal(
            proposal_id=job.job_id,
            job_id=job.job_id,
            user=job.user,
            time=datetime.fromtimestamp(self._now(), UTC),
            base_version=world.state.version,
            fencing_token=lease.token,
            proposer=refined.proposer or self._means.proposer(job.trigger).name,
            outcome=_OUTCOMES[refined.end],
            trigger=job.trigger,
            edits=refined.edits,
            negatives=world.judges,
            reward_before=refined.before,
            reward_after=refined.after,
            cost=refined.cost,
        )


def _seed(job: RefineJob) -> int:
    """The same for the same job, wherever it is done."""
    return int.from_bytes(hashlib.sha256(job.job_id.encode()).digest()[:8], "big")
