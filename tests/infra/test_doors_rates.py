"""How often somebody may ask: so many at once, then one at a time, each for themselves; and how much they may have in
hand."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from infra.doors.at_once import AtOnce
from infra.doors.rates import Rates
from infra.doors.roles import Holder, Role
from infra.gateway.app import create_app
from tests.infra.door_keys import NOW, bearing, doors, token
from tests.infra.gateway_fakes import FakeProducer, click, ports, serving, speak_to

ADA, EVE = Holder(Role.PERSON, "ada", 0), Holder(Role.PERSON, "eve", 0)


def passed(rates: Rates, holder: Holder, times: int, now: float) -> int:
    return sum(rates.wait(holder, now) == 0 for _ in range(times))


@pytest.mark.parametrize(("role", "at_once"), [(role, 20 if role is Role.PERSON else 100) for role in Role])
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
    assert whole.state.metrics.doors_refused.labels("rate")._value.get() == 1


async def test_asking_for_what_is_not_ones_own_counts_too() -> None:
    whole = create_app(ports(), doors(rates=Rates(person=1, program=1, burst=2)))
    async with speak_to(whole) as client:
        headers = bearing(token(Role.PERSON))
        statuses = [(await client.get("/v1/users/eve/profile", headers=headers)).status_code for _ in range(3)]
    assert statuses == [403, 403, 429]


# --- batches


def test_what_is_larger_than_the_bucket_passes_when_that_is_full() -> None:
    rates = Rates(person=1, program=1, burst=5)
    assert rates.wait(ADA, NOW, 19) == 0
    assert rates.wait(ADA, NOW, 19) == pytest.approx(19)
    assert rates.wait(ADA, NOW + 19, 19) == 0


@pytest.mark.parametrize(
    ("path", "name"), [("/v1/interactions", "interactions"), ("/v1/providers/news/items", "items")]
)
async def test_a_batch_counts_as_what_is_in_it(path: str, name: str) -> None:
    """Else a thousand times as much passes as who set the limit believes."""
    producer = FakeProducer()
    whole = create_app(ports(producer=producer), doors(rates=Rates(person=1, program=10, burst=2)))
    headers = bearing(token(Role.INGESTER))
    entries = [click(event_id=f"e-{n}") | {"title": "One"} for n in range(500)]
    async with speak_to(whole) as client:
        answers = [await client.post(path, json={name: entries}, headers=headers) for _ in range(3)]
        small = await client.post(path, json={name: entries[:1]}, headers=bearing(token(Role.INGESTER, "another")))
    assert [one.status_code for one in answers] == [202, 202, 429]
    assert (len(producer.sent), small.status_code) == (1001, 202)
    assert "Retry-After" in answers[2].headers


# --- what lasts


def test_each_has_room_for_so_much_and_it_is_given_back() -> None:
    at_once = AtOnce(person=1, program=2)
    with at_once.hold(ADA) as first, at_once.hold(ADA) as second, at_once.hold(EVE) as other:
        assert (first, second, other) == (True, False, True)
    with at_once.hold(ADA) as again:
        assert again
    program = Holder(Role.INGESTER, "ada", 0)
    with at_once.hold(program), at_once.hold(program) as second, at_once.hold(program) as third:
        assert (second, third) == (True, False)
    assert not at_once._inside


async def test_nobody_takes_all_live_streams() -> None:
    app = create_app(ports(), doors(at_once=AtOnce(person=2, program=2)))
    app.state.gateway = replace(app.state.gateway, poll_seconds=0.01)
    headers, url = bearing(token(Role.PERSON)), "/v1/users/ada/events"
    async with serving(app) as (_, client):
        async with AsyncExitStack() as stack:
            for _ in range(2):
                stream = await stack.enter_async_context(client.stream("GET", url, headers=headers))
                assert stream.status_code == 200
            refused = await client.get("/v1/users/ada/profile", headers=bearing(token(Role.PERSON, days=2)))
            assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
            other = await client.get("/v1/users/eve/profile", headers=bearing(token(Role.PERSON, "eve")))
            assert other.status_code == 404
        for _ in range(500):  # until the server has noticed that they are closed
            answer = await client.get("/v1/users/ada/profile", headers=headers)
            if answer.status_code == 404:
                break
            await asyncio.sleep(0.01)
    assert answer.status_code == 404
    assert app.state.metrics.doors_refused.labels("at_once")._value.get() >= 1


async def test_one_person_s_files_come_one_after_the_other() -> None:
    app = create_app(ports(), doors())
    headers = bearing(token(Role.PERSON)) | {"Content-Type": "application/zip", "Content-Length": "10"}
    head = "".join(f"{name}: {value}\r\n" for name, value in ({"Host": "a"} | headers).items())
    async with serving(app) as (server, client):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(f"POST /v1/users/ada/history HTTP/1.1\r\n{head}\r\n".encode())
        for _ in range(500):  # until it is being read
            if app.state.gateway.histories.inside:
                break
            await asyncio.sleep(0.01)
        refused = await client.post(
            "/v1/users/ada/history",
            content=b"x",
            headers=bearing(token(Role.PERSON)) | {"Content-Type": "application/zip"},
        )
        other = await client.post(
            "/v1/users/eve/history",
            content=b"x",
            headers=bearing(token(Role.PERSON, "eve")) | {"Content-Type": "application/zip"},
        )
        writer.close()
        await writer.wait_closed()
    assert (refused.status_code, other.status_code) == (429, 422)
