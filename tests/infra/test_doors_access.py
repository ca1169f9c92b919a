"""The access matrix: every endpoint, every role, own and foreign; and no token, or one that is no good."""

import re
from functools import cache
from typing import Any, cast

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from infra.doors.access import RULES
from infra.doors.entering import refuse_without_rule
from infra.doors.keys import KeyRing
from infra.doors.roles import Role
from infra.gateway import dead_letters, spaces
from infra.gateway.app import create_app, create_provider_app, create_worker_app
from infra.gateway.endpoints import erasures
from infra.gateway.server import GatewayServer
from streams.metrics import Metrics
from tests.infra.door_keys import NOW, OTHER_KEY, bearing, doors, routes_of, token
from tests.infra.gateway_fakes import FakeProducer, FakeSearch, click, gateway, no_problems, ports, speak_to
from workers.errors import ConfigurationError

OWN = {"user": "ada", "provider": "news"}
FOREIGN = {"user": "eve", "provider": "music"}

OPEN = {"GET /healthz", "GET /readyz", "GET /", "GET /docs", "GET /openapi.json", "GET /v1/erasures/key"}
OF_THE_SERVICE = {"GET /v1/page", "GET /v1/status", "GET /v1/providers"}


def may(route: str, role: Role, own: bool) -> bool:
    """What is promised (docs/doors.md), in other words than the rules': by the role."""
    if role is Role.OPERATOR or is_open(route):
        return True
    match role:
        case Role.PERSON:
            about_me = own and ("/v1/users/{user}" in route or route == "POST /v1/interactions")
            return about_me or route in OF_THE_SERVICE | {"GET /v1/erasures/{erasure}"}
        case Role.PROVIDER:
            return own and route in {"POST /v1/providers/{provider}/items", "POST /v1/providers/{provider}/search"}
        case Role.INGESTER:
            taken_in = {"POST /v1/interactions", "POST /v1/providers/{provider}/items"}
            return route in taken_in | OF_THE_SERVICE


def is_open(route: str) -> bool:
    return route in OPEN or route.startswith("GET /page/")


@cache
def app() -> FastAPI:
    """Everything that a gateway serves, with what the composition root adds. Streams end at once."""
    whole = create_app(ports(), doors())
    whole.include_router(dead_letters.create_router(cast(Any, None)))
    whole.include_router(spaces.create_router(cast(Any, None), cast(Any, None)))
    whole.include_router(erasures.create_router(cast(Any, None)))
    whole.state.gateway.closing.set()
    return whole


@cache
def provider_app() -> FastAPI:
    return create_provider_app(FakeSearch(), Metrics(), no_problems, doors())


ROUTES = routes_of(app(), provider_app(), create_worker_app(Metrics(), no_problems))
CLOSED = [route for route in ROUTES if not is_open(route)]


async def ask(route: str, whose: dict[str, str], headers: dict[str, str], at: FastAPI | None = None) -> httpx.Response:
    method, path = route.split(" ")
    filled = re.sub(r"\{(\w+)\}", lambda name: whose.get(name[1], "x1"), path)
    body = None if method == "GET" else click(user=whose["user"]) if route == "POST /v1/interactions" else {}
    async with speak_to(at or app()) as client:
        return await client.request(method, filled, headers=headers, json=body)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("route", ROUTES)
async def test_who_may_call_what(route: str, role: Role) -> None:
    for whose in (OWN, FOREIGN):
        answer = await ask(route, whose, bearing(token(role)))
        assert (answer.status_code == 403) is not may(route, role, whose is OWN), whose
        assert answer.status_code != 401
        if answer.status_code == 403:
            assert answer.json()["title"] == "Forbidden"
            assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("route", routes_of(provider_app()))
async def test_a_provider_that_serves_alone_has_the_same_doors(route: str, role: Role) -> None:
    for whose in (OWN, FOREIGN):
        answer = await ask(route, whose, bearing(token(role)), provider_app())
        assert (answer.status_code == 403) is not may(route, role, whose is OWN), whose


REFUSED = {
    "no token": {},
    "another scheme": {"Authorization": "Basic YWRhOnB3"},
    "an empty one": {"Authorization": "Bearer "},
    "not a token": bearing("letmein"),
    "expired": bearing(token(Role.OPERATOR, now=NOW - 86_400.0)),
    "a key that is not ours": bearing(token(Role.OPERATOR, ring=KeyRing((OTHER_KEY,)))),
}


@pytest.mark.parametrize("reason", REFUSED)
@pytest.mark.parametrize("route", CLOSED)
async def test_without_a_token_that_holds_nobody_may(route: str, reason: str) -> None:
    answer = await ask(route, OWN, REFUSED[reason])
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="attune"')
    assert ("invalid_token" in answer.headers["WWW-Authenticate"]) is REFUSED[reason].get(
        "Authorization", ""
    ).startswith("Bearer e") or reason == "not a token"


@pytest.mark.parametrize("route", [route for route in ROUTES if is_open(route)])
async def test_what_is_open_needs_no_token(route: str) -> None:
    assert (await ask(route, OWN, {})).status_code not in {401, 403}


def test_every_rule_is_of_a_route_that_there_is() -> None:
    assert set(RULES) - {"GET /page/*"} <= set(ROUTES)
    assert any(route.startswith("GET /page/") for route in ROUTES)


# --- the token's place


@pytest.mark.parametrize("name", ["token", "access_token", "authorization"])
async def test_a_token_in_the_address_is_none(name: str) -> None:
    """It would stand in the logs of everything on the way."""
    async with speak_to(app()) as client:
        answer = await client.get("/v1/users/ada/profile", params={name: token(Role.PERSON)})
    assert answer.status_code == 401


async def test_two_tokens_are_none() -> None:
    headers = [
        ("Authorization", f"Bearer {token(Role.PERSON)}"),
        ("Authorization", f"Bearer {token(Role.PERSON, 'eve')}"),
    ]
    async with speak_to(app()) as client:
        assert (await client.get("/v1/users/ada/profile", headers=headers)).status_code == 401


async def test_the_scheme_is_read_in_any_case() -> None:
    headers = {"Authorization": f"bearer {token(Role.PERSON)}"}
    assert (await ask("GET /v1/users/{user}/export", OWN, headers)).status_code not in {401, 403}


# --- whose it is


@pytest.mark.parametrize("user", ["ada/profile", "ada%2Feve", "ADA", "ada ", "eve/ada", "ada%00"])
async def test_somebody_whose_id_looks_alike_is_somebody_else(user: str) -> None:
    async with speak_to(app()) as client:
        answer = await client.get(f"/v1/users/{user}/profile", headers=bearing(token(Role.PERSON)))
    assert answer.status_code == 403


async def test_of_a_batch_with_one_foreign_interaction_nothing_is_taken() -> None:
    producer = FakeProducer()
    batch = [click(event_id="e-1", user="ada"), click(event_id="e-2", user="eve")]
    async with speak_to(create_app(ports(producer=producer), doors())) as client:
        headers = bearing(token(Role.PERSON))
        answer = await client.post("/v1/interactions", json={"interactions": batch}, headers=headers)
        assert answer.status_code == 403
        assert producer.sent == []
        answer = await client.post("/v1/interactions", json={"interactions": batch[:1]}, headers=headers)
    assert (answer.status_code, len(producer.sent)) == (202, 1)


async def test_an_ingester_sends_for_everybody() -> None:
    producer = FakeProducer()
    batch = [click(event_id="e-1", user="ada"), click(event_id="e-2", user="eve")]
    async with speak_to(create_app(ports(producer=producer), doors())) as client:
        headers = bearing(token(Role.INGESTER))
        answer = await client.post("/v1/interactions", json={"interactions": batch}, headers=headers)
    assert (answer.status_code, len(producer.sent)) == (202, 2)


@pytest.mark.parametrize(
    ("role", "users"),
    [(Role.PERSON, ["ada"]), (Role.INGESTER, []), (Role.OPERATOR, ["anna", "ben"])],
)
async def test_the_page_offers_nobody_whose_profile_stays_closed(role: Role, users: list[str]) -> None:
    async with speak_to(create_app(ports(sample_users=("anna", "ben")), doors())) as client:
        answer = await client.get("/v1/page", headers=bearing(token(role)))
    assert answer.json() == {"users": users, "providers": ["music", "news"]}


# --- one for every route


async def hello() -> str:
    return "hello"


@pytest.mark.parametrize("path", ["/v1/new", "/v1/users/{user:path}/new"])
async def test_a_route_without_a_rule_does_not_start(path: str) -> None:
    router = APIRouter()
    router.add_api_route(path, hello)
    whole = create_app(ports(), doors())
    whole.include_router(router)
    with pytest.raises(ConfigurationError, match=r"/new is open to nobody yet: .*infra/doors/access.py"):
        GatewayServer(whole, "127.0.0.1", 0)
    async with speak_to(whole) as client:
        answer = await client.get(path.replace("{user:path}", "ada"), headers=bearing(token(Role.OPERATOR)))
    assert answer.status_code == 500


def test_a_route_that_passes_no_door_does_not_start() -> None:
    """Starlette's own routes know of no dependencies."""
    whole = create_worker_app(Metrics(), no_problems, doors())
    whole.add_route("/v1/status", cast(Any, hello))
    with pytest.raises(ConfigurationError, match="/v1/status is open to nobody"):
        refuse_without_rule(whole)


def test_a_rule_about_ones_own_needs_a_path_that_names_somebody() -> None:
    whole = create_worker_app(Metrics(), no_problems, doors())
    whole.add_api_route("/v1/users/{user}/profile", hello)
    refuse_without_rule(whole)
    router = APIRouter(prefix="/v1/users")
    router.add_api_route("/{whoever}/profile", hello)
    whole.include_router(router)
    with pytest.raises(ConfigurationError, match="whoever"):
        refuse_without_rule(whole)


async def test_while_the_doors_stand_open_nobody_is_asked() -> None:
    async with gateway() as client:
        assert (await client.get("/v1/status")).status_code == 200
        answer = await client.post("/v1/interactions", json=click(user="eve"), headers=bearing("letmein"))
        assert answer.status_code == 202


async def test_metrics_may_be_left_open_on_purpose() -> None:
    for is_open_too, expected in ((False, 401), (True, 200)):
        whole = create_worker_app(Metrics(), no_problems, doors(metrics_open=is_open_too))
        async with speak_to(whole) as client:
            assert (await client.get("/metrics")).status_code == expected


async def test_what_is_refused_is_counted_and_names_nobody() -> None:
    metrics = Metrics()
    whole = create_app(ports(metrics=metrics), doors())
    await ask("GET /v1/users/{user}/export", OWN, {}, whole)
    await ask("GET /v1/users/{user}/export", OWN, bearing("letmein"), whole)
    await ask("GET /v1/users/{user}/export", FOREIGN, bearing(token(Role.PERSON)), whole)
    counted = {
        reason: metrics.doors_refused.labels(reason)._value.get()
        for reason in ("no_token", "token", "forbidden", "rate")
    }
    assert counted == {"no_token": 1, "token": 1, "forbidden": 1, "rate": 0}
