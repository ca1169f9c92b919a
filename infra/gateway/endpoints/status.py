"""What an operator and a monitor ask: alive, ready, how far behind, and every figure."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from infra.gateway.context import GatewayHere
from schemas.api import Health, Status

health = APIRouter(tags=["operation"])
"""Of the gateway and of a provider that serves alone."""

router = APIRouter(tags=["operation"])


@health.get("/healthz")
async def get_health() -> Health:
    """The process answers. It says nothing of what the process depends on: see /readyz."""
    return Health(status="ok")


@health.get("/readyz")
async def get_readiness(request: Request, response: Response) -> Health:
    """200 when requests can be served, 503 with the reasons otherwise."""
    problems: list[str] = await request.app.state.problems()
    if not problems:
        return Health(status="ok")
    response.status_code = 503
    response.headers["Retry-After"] = "1"
    return Health(status="failing", problems=tuple(problems))


@health.get("/metrics", response_class=Response)
async def get_metrics(request: Request) -> Response:
    """In Prometheus' text format."""
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/v1/status")
async def get_status(gateway: GatewayHere) -> Status:
    """How far behind each stage is, and how many items each provider has searchable."""
    return await gateway.ports.status()
