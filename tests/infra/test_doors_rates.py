"""How often somebody may ask: so many at once, then one at a time, each for themselves."""

import pytest

from infra.doors.rates import Rates
from infra.doors.roles import Holder, Role
from infra.gateway.app import create_app
from tests.infra.door_keys import NOW, bearing, doors, token
from tests.infra.gateway_fakes import ports, speak_to

ADA, EVE = Holder(Role.PERSON, "ada", 0), Holder(Role.PERSON, "eve", 0)


def passed(rates: Rates, holder: Holder, times: int, now: float) -> int:
    return sum(rates.wait(holder, now) == 0 for _ in range(times))


@pytest.mark.parametrize(("role", "at_once"), [(Role.PERSON, 20), *((role, 100) for role in set(Role) - {Role.PERSON})])
def test_a_burst_passes_at_once_and_no_more(role: Role, at_once: int) -> None:
    rates = Rates(person=4, program=20, burst=5)
    holder = Holder(role, "x", 0)
    assert passed(rates, holder, 1000, NOW) == at_once
    assert passed(rates, holder, 1000, NOW + 1) == at_once / 5
    assert passed(rates, holder, 1000, NOW + 1000) == at_once


def test_who_waits_as_long_as_is_said_passes_and_not_before() -> None:
    rates = Rates(person=4, program=20, burst=5)
    passed(rates, ADA, 20, NOW)
    wait = rates.wait(ADA, NOW)
    assert wait == pytest.approx(0.25)
    assert rates.wait(ADA, NOW + wait - 0.01) > 0
    assert rates.wait(ADA, NOW + wait) == 0


def test_what_is_refused_costs_nothing() -> None:
    rates = Rates(person=4, program=20, burst=5)
    passed(rates, ADA, 10_000, NOW)
    assert rates.wait(ADA, NOW + 0.25) == 0


def test_a_rate_slower_than_its_burst_still_passes_one() -> None:
    rates = Rates(person=0.1, program=1, burst=1)
    assert passed(rates, ADA, 5, NOW) == 1
    assert rates.wait(ADA, NOW + 10) == 0


def test_each_has_a_bucket_of_their_own_and_a_role_is_part_of_who_one_is() -> None:
    rates = Rates(person=1, program=1, burst=1)
    assert [rates.wait(one, NOW) for one in (ADA, EVE, Holder(Role.INGESTER, "ada", 0))] == [0, 0, 0]
    assert rates.wait(ADA, NOW) > 0


def test_those_remembered_are_bounded_and_who_asked_last_is_kept() -> None:
    rates = Rates(person=1, program=1, burst=1, holders=3)
    for name in ("a", "b", "c", "a", "d"):
        rates.wait(Holder(Role.PERSON, name, 0), NOW if name != "a" else NOW + len(rates._full_at))
    assert {name for _, name in rates._full_at} == {"c", "a", "d"}


async def test_more_than_that_is_answered_429_and_says_when_to_come_again() -> None:
    whole = create_app(ports(), doors(rates=Rates(person=0.5, program=10, burst=4)))
    async with speak_to(whole) as client:
        statuses = [(await client.get("/v1/status", headers=bearing(token(Role.PERSON)))).status_code for _ in range(2)]
        answer = await client.get("/v1/status", headers=bearing(token(Role.PERSON, days=2)))
        other = await client.get("/v1/status", headers=bearing(token(Role.PERSON, "eve")))
    assert (statuses, answer.status_code, other.status_code) == ([200, 200], 429, 200)
    assert answer.headers["Retry-After"] == "2"
    assert answer.json()["title"] == "Too many requests"
    assert ports().metrics.doors_refused.labels("rate")._value.get() == 0
    assert whole.state.metrics.doors_refused.labels("rate")._value.get() == 1


async def test_asking_for_what_is_not_ones_own_counts_too() -> None:
    whole = create_app(ports(), doors(rates=Rates(person=1, program=1, burst=2)))
    async with speak_to(whole) as client:
        headers = bearing(token(Role.PERSON))
        statuses = [(await client.get("/v1/users/eve/profile", headers=headers)).status_code for _ in range(3)]
    assert statuses == [403, 403, 429]
