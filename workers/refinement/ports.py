"""What a refinement needs from outside, as protocols: vectors of words, somebody who proposes, a budget."""

from collections.abc import Collection, Mapping
from typing import Literal, Protocol

from schemas.proposal import Cost
from workers.ports import Matrix
from workers.refinement.asks import Answer, Ask, ClusterAsk, Described


class Words(Protocol):
    """The vectors of texts in one space."""

    async def vectors(self, texts: Collection[str]) -> Mapping[str, Matrix]:
        """Unit (d,) of each text; a text that no vector can be had for is absent (edits with it are refused). Raises
        `Unavailable`."""


class Proposer(Protocol):
    """Suggests edits. What goes wrong at its end (no answer, garbage, too slow) is an answer with the outcome `failed`,
    with what it cost until then; it raises only what the caller did wrong."""

    @property
    def name(self) -> Literal["phrases", "vllm"]: ...

    def most(self, ask: Ask | ClusterAsk) -> Cost:
        """What the answer may cost at most, retries included: reserved before it is asked. `FREE` where it costs
        nothing."""

    async def propose(self, ask: Ask) -> Answer: ...

    async def describe(self, ask: ClusterAsk) -> Described: ...


class Budget(Protocol):
    """Calls and tokens of one user, one tenant and all together. A proposer that costs nothing is never held up."""

    async def reserve(self, calls: int, tokens: int) -> bool:
        """Sets this much aside; False (and nothing set aside) where that would exceed a limit."""

    async def settle(self, calls: int, tokens: int, cost: Cost) -> None:
        """What was reserved, and what of it was spent: the rest is free again."""
