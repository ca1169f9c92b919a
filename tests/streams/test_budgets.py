"""Budgets of refinements: no limit is ever exceeded, of a person, a tenant or all; what was not spent is free."""

import asyncio

import pytest

from schemas.proposal import Cost
from streams.budgets import DAY, Budgets, DayBudget, Limit
from streams.metrics import Metrics
from tests.fakes import MemoryStore
from workers.errors import StoreUnavailable

NOON = 20_700.5 * DAY
LIMITS = Budgets(user=Limit(5, 500), tenant=Limit(8, 800), all=Limit(10, 1000), tenant_name="shop")


class Bank:
    def __init__(self) -> None:
        self.store = MemoryStore()
        self.metrics = Metrics()

    def of(self, user: str, tenant: str = "shop", now: float = NOON) -> DayBudget:
        limits = Budgets(LIMITS.user, LIMITS.tenant, LIMITS.all, tenant)
        return DayBudget(self.store, limits, user, self.metrics, now)

    def refused(self, scope: str) -> float:
        return self.metrics.registry.get_sample_value("attune_budget_refused_total", {"scope": scope}) or 0.0


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest.mark.parametrize(("calls", "tokens"), [(6, 0), (1, 501)])
async def test_a_person_is_refused_before_their_limit_is_exceeded(bank: Bank, calls: int, tokens: int) -> None:
    assert not await bank.of("ada").reserve(calls, tokens)
    assert await bank.of("ada").reserve(5, 500)
    assert not await bank.of("ada").reserve(1, 0)
    assert (bank.refused("user"), bank.refused("tenant"), bank.refused("all")) == (2, 0, 0)


async def test_people_share_their_tenants_budget_and_tenants_share_all_of_it(bank: Bank) -> None:
    assert await bank.of("ada").reserve(5, 100)
    assert not await bank.of("bob").reserve(4, 100)
    assert await bank.of("bob").reserve(3, 100)
    assert not await bank.of("eve", "museum").reserve(3, 100)
    assert await bank.of("eve", "museum").reserve(2, 100)
    assert (bank.refused("user"), bank.refused("tenant"), bank.refused("all")) == (0, 1, 1)


async def test_what_one_account_refuses_the_others_are_given_back(bank: Bank) -> None:
    await bank.of("ada").reserve(5, 100)
    for _ in range(20):
        assert not await bank.of("bob").reserve(4, 100)
    assert await bank.of("bob").reserve(3, 500)


async def test_what_was_reserved_and_not_spent_is_free_again(bank: Bank) -> None:
    budget = bank.of("ada")
    for _ in range(5):
        assert await budget.reserve(1, 450)
        await budget.settle(1, 450, Cost(calls=1, prompt_tokens=7, completion_tokens=3))
    assert not await budget.reserve(1, 0)
    assert not await budget.reserve(0, 451)
    assert await budget.reserve(0, 450)


async def test_what_a_question_cost_beyond_the_reserved_counts(bank: Bank) -> None:
    budget = bank.of("ada")
    await budget.reserve(1, 100)
    await budget.settle(1, 100, Cost(calls=2, prompt_tokens=600, completion_tokens=0))
    assert not await budget.reserve(1, 0)


async def test_every_day_begins_anew_and_a_job_settles_on_the_day_it_reserved_on(bank: Bank) -> None:
    yesterday, today = bank.of("ada"), bank.of("ada", now=NOON + DAY / 2)
    assert await yesterday.reserve(5, 500)
    assert await today.reserve(5, 400)
    await yesterday.settle(5, 500, Cost())
    assert not await today.reserve(1, 0)
    assert await bank.of("ada").reserve(5, 500)


async def test_many_at_once_never_get_more_than_the_limit(bank: Bank) -> None:
    taken = await asyncio.gather(*(bank.of(f"user-{number}").reserve(1, 150) for number in range(20)))
    assert sum(taken) == 5  # 5 x 150 = 750 of the tenant's 800


async def test_no_account_carries_a_persons_id(bank: Bank) -> None:
    names: list[str] = []

    class Watched(MemoryStore):
        async def reserve(
            self, account: str, period: int, calls: int, tokens: int, max_calls: int, max_tokens: int
        ) -> bool:
            names.append(account)
            return await super().reserve(account, period, calls, tokens, max_calls, max_tokens)

    bank.store = Watched()
    await bank.of("ada").reserve(1, 1)
    assert names[1:] == ["tenant:shop", "all"]
    assert "ada" not in names[0]


async def test_a_store_that_is_away_is_no_refusal(bank: Bank) -> None:
    bank.store.fail("reserve")
    with pytest.raises(StoreUnavailable):
        await bank.of("ada").reserve(1, 1)
    assert bank.refused("user") == 0
