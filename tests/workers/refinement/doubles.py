"""Ports of a search that do what a test says, and remember what they were asked."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from schemas.command import AddInterest, Edit
from schemas.proposal import Cost, Outcome
from tests.workers.refinement.town import words_of
from workers.ports import Matrix
from workers.refinement.asks import Answer, Ask, ClusterAsk, Described, ProposerName
from workers.refinement.phrase_search import PhraseSearch
from workers.refinement.ports import Budget, Proposer
from workers.refinement.progress import Progress
from workers.refinement.rules import Refined, RefinementRules
from workers.refinement.search import Checkpoint, refine
from workers.refinement.world import World

MOST = Cost(calls=2, prompt_tokens=100, completion_tokens=50)
SPENT = Cost(calls=1, prompt_tokens=60, completion_tokens=10)
EMPTY = Answer(Outcome.EMPTY, cost=SPENT)
FAILED = Answer(Outcome.FAILED, cost=SPENT, detail="timeout")


def adding(*texts: str) -> Answer:
    return Answer(Outcome.OK, tuple(AddInterest(text=text) for text in texts), SPENT)


def editing(*edits: Edit) -> Answer:
    return Answer(Outcome.OK, edits, SPENT)


@dataclass
class Scripted:
    """Answers one after another, then nothing new. A function is given the ask; an exception is raised."""

    answers: Sequence[Answer | Callable[[Ask], Answer] | Exception] = ()
    described: Described = field(default_factory=lambda: Described(Outcome.EMPTY))
    most_cost: Cost = MOST
    asked: list[Ask] = field(default_factory=list)
    groups: list[ClusterAsk] = field(default_factory=list)

    @property
    def name(self) -> ProposerName:
        return "vllm"

    def most(self, ask: Ask | ClusterAsk) -> Cost:
        return self.most_cost

    async def propose(self, ask: Ask) -> Answer:
        self.asked.append(ask)
        answer = self.answers[len(self.asked) - 1] if len(self.asked) <= len(self.answers) else EMPTY
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Answer) else answer(ask)

    async def describe(self, ask: ClusterAsk) -> Described:
        self.groups.append(ask)
        return self.described


@dataclass
class Dictionary:
    """Knows every text but those named."""

    unknown: Collection[str] = ()
    asked: list[str] = field(default_factory=list)

    async def vectors(self, texts: Collection[str]) -> Mapping[str, Matrix]:
        self.asked += texts
        return {text: words_of(text) for text in texts if text not in self.unknown}


@dataclass
class Purse:
    """Allows so many reservations."""

    allowed: int = 1_000
    reserved: list[tuple[int, int]] = field(default_factory=list)
    settled: list[tuple[int, int, Cost]] = field(default_factory=list)

    async def reserve(self, calls: int, tokens: int) -> bool:
        if len(self.reserved) >= self.allowed:
            return False
        self.reserved.append((calls, tokens))
        return True

    async def settle(self, calls: int, tokens: int, cost: Cost) -> None:
        self.settled.append((calls, tokens, cost))


@dataclass
class Notebook:
    """Keeps all that was saved; ends the search after so many."""

    most: int = 1_000
    saved: list[bytes] = field(default_factory=list)

    async def __call__(self, progress: Progress) -> bool:
        self.saved.append(progress.to_bytes())
        return len(self.saved) < self.most

    def progress(self, number: int = -1) -> Progress | None:
        return Progress.from_bytes(self.saved[number])


async def searched(
    world: World,
    proposer: Proposer | None = None,
    *,
    rules: RefinementRules | None = None,
    seed: int = 1,
    words: Dictionary | None = None,
    budget: Budget | None = None,
    checkpoint: Checkpoint | None = None,
    progress: Progress | None = None,
) -> Refined:
    """With doubles for what a test does not name; phrase search where it names no proposer."""
    return await refine(
        world,
        proposer or PhraseSearch(),
        words or Dictionary(),
        budget or Purse(),
        rules or RefinementRules(),
        seed,
        checkpoint or Notebook(),
        progress,
    )
