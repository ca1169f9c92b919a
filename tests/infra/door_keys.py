"""Keys and tokens for tests, at the time of the gateway's fakes."""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI

from infra.doors.entering import Doors
from infra.doors.keys import KeyRing, TokenKey
from infra.doors.rates import Rates
from infra.doors.roles import Role
from infra.doors.tokens import issue

NOW = 1_790_000_000.0
KEY = TokenKey(b"k" * 32, NOW - 100)
OTHER_KEY = TokenKey(b"o" * 32, NOW - 100)
RING = KeyRing((KEY,))

SUBJECTS = {Role.PERSON: "ada", Role.PROVIDER: "news", Role.INGESTER: "importer", Role.OPERATOR: "anna"}


def token(role: Role, subject: str | None = None, *, ring: KeyRing = RING, now: float = NOW, days: float = 1.0) -> str:
    return issue(ring, role, SUBJECTS[role] if subject is None else subject, now, days)


def bearing(given: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {given}"}


def doors(ring: KeyRing = RING, rates: Rates | None = None, **given: Any) -> Doors:
    """Closed ones."""
    return Doors(lambda: ring, rates, **({"clock": lambda: NOW} | given))


def routes_of(*apps: FastAPI) -> Iterable[str]:
    """METHOD PATH of every route, as rules name them."""
    from fastapi.routing import iter_route_contexts

    found = {
        f"{method} {(route.path or '').replace(':path}', '}')}"
        for app in apps
        for route in iter_route_contexts(app.routes)
        for method in (route.methods or {"*"}) - {"HEAD"}
    }
    return sorted(found)
