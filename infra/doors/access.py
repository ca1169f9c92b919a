"""Who may call what: one rule for every route of every application.

A new endpoint gets one line in `RULES`: its method and path as the router has them (without ":path"), and who may.
A person's own is `OWN_USER`, and its path names them `{user}`. A route without a line refuses to start.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.doors.roles import Holder, Role

IN_BODY = ""
"""In place of a path's parameter: the endpoint looks itself whose it is (`infra.doors.entering.refuse_others`)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`everybodys`: the roles that may, whoever it is about. `own`: the roles that may for themselves, with the path's
    parameter that must name them. An operator always may; `is_open`: anybody, without a token."""

    everybodys: frozenset[Role] = frozenset()
    own: Mapping[Role, str] = field(default_factory=dict)
    is_open: bool = False

    def allows(self, holder: Holder, path: Mapping[str, object]) -> bool:
        """`path`: the parameters of the request's path, as the endpoint gets them."""
        if holder.role is Role.OPERATOR or holder.role in self.everybodys:
            return True
        parameter = self.own.get(holder.role)
        return parameter is not None and (parameter == IN_BODY or path[parameter] == holder.subject)


OPEN = Rule(is_open=True)
OPERATOR = Rule()
METRICS = Rule()
"""The operator's, unless ATTUNE_METRICS_OPEN says that anybody's."""
OWN_USER = Rule(own={Role.PERSON: "user"})
OWN_SEARCH = Rule(own={Role.PROVIDER: "provider"})
OWN_CATALOG = Rule(everybodys=frozenset({Role.INGESTER}), own={Role.PROVIDER: "provider"})
OWN_EVENTS = Rule(everybodys=frozenset({Role.INGESTER}), own={Role.PERSON: IN_BODY})
STATE_OF_SERVICE = Rule(everybodys=frozenset({Role.PERSON, Role.INGESTER}))
"""Figures of the whole service, with no person's in them. A provider would learn how large the others are."""
KNOWS_THE_ID = Rule(everybodys=frozenset({Role.PERSON}))
"""Of random ids that only the person it concerns was told."""

RULES: Mapping[str, Rule] = {
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /metrics": METRICS,
    # The page's files and the reference; what they show, they ask for with the reader's own token.
    "GET /": OPEN,
    "GET /docs": OPEN,
    "GET /openapi.json": OPEN,
    "GET /page/*": OPEN,
    "GET /v1/page": STATE_OF_SERVICE,
    "GET /v1/status": STATE_OF_SERVICE,
    # What comes in.
    "POST /v1/interactions": OWN_EVENTS,
    "POST /v1/providers/{provider}/items": OWN_CATALOG,
    # Retrieval.
    "GET /v1/providers": STATE_OF_SERVICE,
    "POST /v1/providers/{provider}/search": OWN_SEARCH,
    # A person's own.
    "GET /v1/users/{user}/profile": OWN_USER,
    "GET /v1/users/{user}/recommendations": OWN_USER,
    "GET /v1/users/{user}/events": OWN_USER,
    "GET /v1/users/{user}/versions": OWN_USER,
    "GET /v1/users/{user}/interests/{interest}/why": OWN_USER,
    "GET /v1/users/{user}/explanations/{provider}/{item}": OWN_USER,
    "GET /v1/users/{user}/export": OWN_USER,
    "GET /v1/users/{user}/commands/{command}": OWN_USER,
    "POST /v1/users/{user}/edits": OWN_USER,
    "POST /v1/users/{user}/edits/read": OWN_USER,
    "POST /v1/users/{user}/rollback": OWN_USER,
    "POST /v1/users/{user}/refresh": OWN_USER,
    "POST /v1/users/{user}/import": OWN_USER,
    "POST /v1/users/{user}/history": OWN_USER,
    "DELETE /v1/users/{user}": OWN_USER,
    "GET /v1/erasures/{erasure}": KNOWS_THE_ID,
    "GET /v1/erasures/key": OPEN,
    # The operator's.
    "GET /v1/dead-letters": OPERATOR,
    "POST /v1/dead-letters/replay": OPERATOR,
    "POST /v1/dead-letters/drop": OPERATOR,
    "GET /v1/space": OPERATOR,
    "POST /v1/space/roll-out": OPERATOR,
    "POST /v1/space/roll-back": OPERATOR,
    "POST /v1/space/retire": OPERATOR,
    "POST /v1/space/own": OPERATOR,
}


def rule_of(method: str, path: str) -> Rule | None:
    """Of a route, by its path as it was declared; HEAD is asked as GET. None where nobody has made one."""
    name = f"{'GET' if method == 'HEAD' else method} {path.replace(':path}', '}')}"
    return RULES.get(name) or RULES.get(f"{name.rpartition('/')[0]}/*")
