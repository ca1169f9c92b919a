"""The door that every request passes.

1. The route has a rule (`infra.doors.access`); an open one, or an open door, lets anybody in. Doors that are open to
   this machine only are so to who asks by its name, and from no other page than ours: a page from elsewhere may have
   its own name lead here, and a browser of old sends its forms without a word of where they come from but the origin.
2. The token is one of ours, in the header Authorization and nowhere else: in an address it would land in logs. If not,
   401.
3. Its holder has not asked too often; if they have, 429. (A batch is counted once it is read: `charge`.)
4. The rule allows the holder this; if not, 403.
5. Its holder has not too much in hand already: live streams, files and slow bodies last. If they have, 429.
"""

import ssl
import time
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts

from infra.doors.access import IN_BODY, METRICS, Rule, rule_of
from infra.doors.at_once import AtOnce
from infra.doors.keys import Keys
from infra.doors.loopback import asks_for_loopback
from infra.doors.rates import ENTRIES, Rates
from infra.doors.roles import Holder, Role
from infra.doors.tokens import TokenRefused, holds, read
from infra.gateway.problems import ProblemError
from workers.errors import ConfigurationError

REALM = 'Bearer realm="attune"'


@dataclass(frozen=True)
class Doors:
    """`keys` None: all stand open, and nobody is limited."""

    keys: Keys | None = None
    rates: Rates | None = None
    at_once: AtOnce = field(default_factory=AtOnce)
    clock: Callable[[], float] = time.time
    """Epoch seconds."""
    metrics_open: bool = False
    only_local: bool = False
    tls: ssl.SSLContext | None = None
    """What the port speaks (`infra.gateway.server`); None: no TLS."""

    def let_in(self, request: Request, rule: Rule) -> Holder | None:
        """Steps 1 to 4: who it is, None where nobody has to say. Raises the problems 401, 403 and 429."""
        if self.keys is None or rule.is_open or (rule is METRICS and self.metrics_open):  # 1
            return None
        now = self.clock()
        try:  # 2
            holder = read(self.keys(), _token_of(request), now)
        except TokenRefused as refusal:
            raise _unknown(request, str(refusal)) from refusal
        if self.rates is not None and (wait := self.rates.wait(holder, now)) > 0:  # 3
            raise _too_often(request, wait)
        if not rule.allows(holder, request.path_params):  # 4
            raise forbidden(request, holder)
        return holder

    def still_lets_in(self, holder: Holder) -> bool:
        """Whether the token that was shown still holds: it may have expired, been called back or lost its key since."""
        return self.keys is None or holds(self.keys(), holder, self.clock())


OPEN_DOORS = Doors()
LOCAL_DOORS = Doors(only_local=True)
"""Of development on one's own machine."""


async def enter(request: Request) -> AsyncIterator[None]:
    """The dependency of every route (`infra.gateway.app`), until the answer has been sent."""
    doors: Doors = request.app.state.doors
    request.state.holder = None
    if doors.only_local and not _is_local(request):
        raise _from_elsewhere(request)
    if doors.keys is not None:
        rule = rule_of(request.method, request.scope["route"].path)
        if rule is None:
            raise _without_rule(request.method, request.scope["route"].path)
        request.state.holder = doors.let_in(request, rule)
    with doors.at_once.hold(request.state.holder) as fits:  # 5
        if not fits:
            raise too_much_at_once(request, "requests of this token's holder are being answered already")
        yield


async def _holder_of(request: Request) -> Holder | None:
    """A coroutine: see `infra.gateway.context`."""
    return _entered(request)


HolderHere = Annotated[Holder | None, Depends(_holder_of)]
"""An endpoint's argument of this type is who asks; None where the doors stand open."""


async def _still_held(request: Request, holder: HolderHere) -> Callable[[], bool]:
    doors: Doors = request.app.state.doors
    return lambda: holder is None or doors.still_lets_in(holder)


StillHeld = Annotated[Callable[[], bool], Depends(_still_held)]
"""An endpoint's argument of this type says, as often as it is called, whether the token still holds: for answers that
last."""


def refuse_others(request: Request, users: Collection[str]) -> None:
    """Where the rule says `IN_BODY`. Raises the problem 403 if a person asks about anybody else."""
    holder = _entered(request)
    if holder is not None and holder.role is Role.PERSON and not {holder.subject}.issuperset(users):
        raise forbidden(request, holder)


def charge(request: Request, entries: int) -> None:
    """Counts a batch as more than the one request that it came in. Raises the problem 429; nothing is taken then."""
    doors: Doors = request.app.state.doors
    holder, more = _entered(request), (entries - 1) // ENTRIES
    if holder is None or doors.rates is None or more < 1:
        return
    if (wait := doors.rates.wait(holder, doors.clock(), more)) > 0:
        raise _too_often(request, wait)


def refuse_without_rule(app: FastAPI) -> None:
    """Every route of an application has a rule, before it serves. Raises `ConfigurationError` naming one that has
    not."""
    for route in iter_route_contexts(app.routes):
        for method in route.methods or ("*",):
            rule = rule_of(method, route.path or "")
            if rule is None or not _is_kept(rule, route.path or "", isinstance(route.original_route, APIRoute)):
                raise _without_rule(method, route.path or "")


def _is_kept(rule: Rule, path: str, asked: bool) -> bool:
    """Whether the rule can be kept there: only a route of FastAPI's is asked (it passes the dependency), and only a
    path that names somebody can be their own."""
    named = path.replace(":path}", "}")
    return rule.is_open or (asked and all(f"{{{one}}}" in named for one in rule.own.values() if one != IN_BODY))


def _entered(request: Request) -> Holder | None:
    holder: Holder | None = request.state.holder
    return holder


def forbidden(request: Request, holder: Holder) -> ProblemError:
    """The problem 403."""
    request.app.state.metrics.doors_refused.labels("forbidden").inc()
    who = {
        Role.PERSON: "a person's token opens what is their own",
        Role.PROVIDER: "a provider's token opens its own catalog and its own search",
        Role.INGESTER: "an ingester's token takes events and items in, and shows nobody's profile",
    }.get(holder.role, "this is nobody's to call")
    detail = f"This token does not open this: {who}. Ask with the token of somebody who may."
    challenge = {"WWW-Authenticate": f'{REALM}, error="insufficient_scope"'}
    return ProblemError(403, "Forbidden", detail, headers=challenge)


def _is_local(request: Request) -> bool:
    """Every header Host names this machine, and the origin, where a browser tells it, is the page of that very name."""
    hosts = request.headers.getlist("host")
    pages = {f"{scheme}://{host}".lower() for scheme in ("http", "https") for host in hosts}
    own = all(origin.lower() in pages for origin in request.headers.getlist("origin"))
    return own and bool(hosts) and all(map(asks_for_loopback, hosts))


def _from_elsewhere(request: Request) -> ProblemError:
    request.app.state.metrics.doors_refused.labels("name").inc()
    detail = (
        "Without tokens this answers to localhost and 127.0.0.1, and to no other site's page; `attune token rotate` "
    )
    detail += "makes keys for others."
    return ProblemError(403, "Forbidden", detail)


def _token_of(request: Request) -> str:
    """Raises the problem 401 where there is none, or more than one."""
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token.strip():
        request.app.state.metrics.doors_refused.labels("no_token").inc()
        detail = "Send a token in the header Authorization: Bearer TOKEN; `attune token issue` prints one."
        raise ProblemError(401, "Token needed", detail, headers={"WWW-Authenticate": REALM})
    return token.strip()


def _unknown(request: Request, detail: str) -> ProblemError:
    request.app.state.metrics.doors_refused.labels("token").inc()
    challenge = {"WWW-Authenticate": f'{REALM}, error="invalid_token", error_description="{_quoted(detail)}"'}
    return ProblemError(401, "Token refused", detail, headers=challenge)


def _too_often(request: Request, wait: float) -> ProblemError:
    request.app.state.metrics.doors_refused.labels("rate").inc()
    detail = "More requests than this token's holder may make; send the same again after the given time, more slowly."
    return ProblemError(429, "Too many requests", detail, retry_after=wait)


def too_much_at_once(request: Request, what: str) -> ProblemError:
    """The problem 429; `what` there is too much of."""
    request.app.state.metrics.doors_refused.labels("at_once").inc()
    return ProblemError(429, "Too many at once", f"As many {what} as may be; wait for one to end.", retry_after=1)


def _quoted(text: str) -> str:
    """As a header may hold it between quotes."""
    return text.replace('"', "'")


def _without_rule(method: str, path: str) -> ConfigurationError:
    return ConfigurationError(f"{method} {path} is open to nobody yet: add who may to RULES in infra/doors/access.py")
