"""The FastAPI applications: the gateway, and a provider's retrieval that serves alone."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Depends, FastAPI

from infra.doors.entering import OPEN_DOORS, Doors, enter
from infra.gateway import problems as problem_documents
from infra.gateway.admission import Admission
from infra.gateway.bodies import Bodies
from infra.gateway.body import BODY_SECONDS
from infra.gateway.context import Gateway
from infra.gateway.endpoints import (
    edits,
    erasures,
    events,
    explanations,
    export,
    history,
    imports,
    interactions,
    items,
    outcomes,
    page,
    profile,
    recommendations,
    refresh,
    rollback,
    search,
    status,
    versions,
    why,
)
from infra.gateway.guard import Guard
from infra.gateway.openapi import describe
from infra.gateway.ports import GatewayPorts, Search
from streams.metrics import Metrics

_DESCRIPTION = "Interactions in; profiles in plain words, and recommendations, out."

Problems = Callable[[], Awaitable[list[str]]]


def create_app(ports: GatewayPorts, doors: Doors = OPEN_DOORS) -> FastAPI:
    """The gateway with everything it serves. `app.state.gateway.closing` is to be set when the server stops: open
    streams end by it (`infra.gateway.server` does)."""
    app = _bare(ports.metrics, ports.problems, doors)
    app.state.search = ports.search
    app.state.gateway = Gateway(ports)
    people = (
        profile,
        recommendations,
        edits,
        outcomes,
        refresh,
        events,
        versions,
        rollback,
        why,
        explanations,
        export,
        imports,
        history,
    )
    for subject in (interactions, items, *people, erasures, search, status, page):
        app.include_router(subject.router)
    app.include_router(status.health)
    return app


def create_provider_app(
    search_port: Search, metrics: Metrics, problems: Problems, doors: Doors = OPEN_DOORS
) -> FastAPI:
    """What `attune worker provider` serves: search, health and metrics, nothing of persons."""
    app = create_worker_app(metrics, problems, doors)
    app.state.search = search_port
    app.include_router(search.router)
    return app


def create_worker_app(metrics: Metrics, problems: Problems, doors: Doors = OPEN_DOORS) -> FastAPI:
    """What every other role serves: its health and its metrics."""
    app = _bare(metrics, problems, doors)
    app.include_router(status.health)
    return app


def _bare(metrics: Metrics, problems: Problems, doors: Doors) -> FastAPI:
    app = FastAPI(
        title="Attune",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(enter)],
        **_NO_TELEMETRY,
    )
    app.state.doors = doors
    app.state.metrics = metrics
    app.state.problems = problems
    app.state.body_seconds = BODY_SECONDS
    app.state.bodies = Bodies(metrics)
    problem_documents.install(app, metrics)
    describe(app)
    app.add_middleware(Admission, metrics=metrics)
    app.add_middleware(Guard)  # the last one is the outermost
    return app


# FastAPI's own spans and logs hold paths, and paths hold user ids.
_NO_TELEMETRY: dict[str, Any] = {
    "telemetry": {"tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False}
}
