"""How the service stands: what a gateway answers who asks for it, and whether it can serve at all."""

import asyncio
from collections.abc import Awaitable, Callable

from infra.gateway.ports import Search
from infra.ground import Ground
from infra.spaces import group_in, pointer_of
from schemas.api import StageStatus, Status
from streams.agents import AgentsStage
from streams.control import ControlStage
from streams.embedder import EmbedderStage


def status_of(ground: Ground, search: Search) -> Callable[[], Awaitable[Status]]:
    async def status() -> Status:
        pointer = await pointer_of(ground).read()
        groups = {
            AgentsStage.name: (AgentsStage.group, AgentsStage.topics),
            EmbedderStage.name: (group_in(pointer, pointer.current.id), EmbedderStage.topics),
            ControlStage.name: (ControlStage.group, ControlStage.topics),
        }
        stages = {name: StageStatus(lag=await ground.broker.lag(*read)) for name, read in groups.items()}
        stages["refiner"] = StageStatus(lag=await ground.store.count_jobs())
        return Status(stages=stages, providers=await search.providers(), space=pointer.current.id)

    return status


def problems_of(ground: Ground) -> Callable[[], Awaitable[list[str]]]:
    """What stands in the way of serving: a store or a broker that does not answer."""

    async def problems() -> list[str]:
        checks = (ground.store.marks([]), ground.broker.lag(AgentsStage.group, AgentsStage.topics))
        return [
            str(error)
            for error in await asyncio.gather(*checks, return_exceptions=True)
            if isinstance(error, Exception)
        ]

    return problems
