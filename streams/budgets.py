"""What refinements may spend: calls and tokens a day, of one person, of a tenant and of all together.

1. Reserve the most that a question can cost, from the person's account, the tenant's and everybody's, in that order.
   Where one refuses, the others are given back: nothing was asked, and no limit was ever exceeded.
2. Ask.
3. Settle: what was reserved and not spent is free again. (Who dies between 1 and 3 leaves too much reserved until the
   day ends: on the safe side.)
"""

import hashlib
from dataclasses import dataclass

from schemas.proposal import Cost
from streams.metrics import Metrics
from workers.ports import Store

DAY = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Limit:
    """Of one day."""

    calls: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Budgets:
    """`user` is for each person, `tenant` for all people of `tenant_name`, `all` for every tenant of the store."""

    user: Limit
    tenant: Limit
    all: Limit
    tenant_name: str


class DayBudget:
    """`workers.refinement.ports.Budget` of one person on the UTC day in which `now` (epoch seconds) lies."""

    def __init__(self, store: Store, budgets: Budgets, user: str, metrics: Metrics, now: float) -> None:
        self._store = store
        self._metrics = metrics
        self._day = int(now // DAY)
        self._accounts = (
            # A digest, as the store asks: its accounts outlive a `forget`.
            ("user", f"user:{hashlib.sha256(user.encode()).hexdigest()}", budgets.user),
            ("tenant", f"tenant:{budgets.tenant_name}", budgets.tenant),
            ("all", "all", budgets.all),
        )

    async def reserve(self, calls: int, tokens: int) -> bool:
        taken: list[str] = []
        for scope, account, most in self._accounts:
            if not await self._store.reserve(account, self._day, calls, tokens, most.calls, most.tokens):
                self._metrics.budget_refused.labels(scope).inc()
                for given_back in taken:
                    await self._store.settle(given_back, self._day, -calls, -tokens)
                return False
            taken.append(account)
        return True

    async def settle(self, calls: int, tokens: int, cost: Cost) -> None:
        spent = cost.prompt_tokens + cost.completion_tokens
        for _, account, _ in self._accounts:
            await self._store.settle(account, self._day, cost.calls - calls, spent - tokens)
