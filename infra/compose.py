"""The composition root: what each role is made of. The only place that knows which stage, runner and store there are.

HTTP -> infra/gateway/endpoints/interactions.py -> attune.interactions
     -> streams/agents.py -> workers/agent.py -> workers/refit.py -> the store
     -> attune.profile-embeddings -> streams/provider.py -> workers/retrieval.py (FAISS)
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Literal

from infra.gateway import dead_letters
from infra.gateway.app import create_app, create_provider_app, create_worker_app
from infra.gateway.ports import GatewayPorts, Search
from infra.gateway.server import GatewayServer
from infra.ground import Ground, open_ground
from infra.provider_client import HttpSearch
from infra.sample.player import play, sample_users
from infra.settings import Settings
from infra.supervise import run_until_stopped
from schemas.api import StageStatus, Status
from schemas.dead_letter import DeadLetter
from streams.agents import AgentsStage
from streams.aiokafka_runner import AiokafkaRunner
from streams.contract import Runner, Stage
from streams.control import ControlStage
from streams.embedded_runner import EmbeddedRunner
from streams.embedder import EmbedderStage
from streams.faust_runner import FaustRunner
from streams.kafka_admin import create_topics
from streams.provider import ProviderStage
from streams.topics import DEAD_LETTERS
from workers.agent import AgentRules
from workers.background import background_of
from workers.errors import ConfigurationError
from workers.ports import Encoder
from workers.refit import FitRules
from workers.space import SentenceEncoder, SpaceInfo
from workers.triggers import TriggerPolicy

_LOG = logging.getLogger(__name__)

Role = Literal["agents", "embedder", "provider", "control"]
STAGES_WITH_LAG = (AgentsStage, EmbedderStage, ControlStage)


async def run_up(settings: Settings, sample: bool = False) -> None:
    """Every role and the gateway in one process, until it is stopped."""
    async with open_ground(settings) as ground:
        if ground.log is None:
            await create_topics(settings.bootstrap, settings.partitions, settings.replication)
        provider = _provider_stage(ground)
        encoder = await asyncio.to_thread(SentenceEncoder, settings.model)
        stages: list[Stage] = [
            _agents_stage(ground),
            _embedder_stage(ground, encoder),
            provider,
            _control_stage(ground),
        ]
        server = _gateway(ground, provider, sample)
        player = [asyncio.create_task(_play_sample(ground), name="sample")] if sample else []
        _LOG.info("listening on http://%s:%d", settings.http_host, server.port)
        await run_until_stopped([server, *(_runner(ground, stage) for stage in stages)], player)


async def run_gateway(settings: Settings) -> None:
    """The HTTP gateway alone. It holds the indexes itself unless a provider role is named."""
    _refuse_embedded(settings, "attune gateway")
    async with open_ground(settings) as ground:
        if settings.provider_url is not None:
            search = HttpSearch(settings.provider_url)
            try:
                await run_until_stopped([_gateway(ground, search, False)])
            finally:
                await search.close()
        else:
            provider = _provider_stage(ground)
            await run_until_stopped([_gateway(ground, provider, False), _runner(ground, provider)])


async def run_worker(settings: Settings, role: Role) -> None:
    """One role, with its health and metrics beside it."""
    _refuse_embedded(settings, f"attune worker {role}")
    async with open_ground(settings) as ground:
        stage = await _stage(ground, role)
        problems = _problems(ground)
        if isinstance(stage, ProviderStage):
            app = create_provider_app(stage, ground.metrics, problems)
        else:
            app = create_worker_app(ground.metrics, problems)
        server = GatewayServer(app, settings.http_host, settings.metrics_port_of(role), settings.stop_timeout)
        _LOG.info("%s: health and metrics on port %d", role, server.port)
        await run_until_stopped([_runner(ground, stage), server])


async def _stage(ground: Ground, role: Role) -> Stage:
    match role:
        case "agents":
            return _agents_stage(ground)
        case "embedder":
            return _embedder_stage(ground, await asyncio.to_thread(SentenceEncoder, ground.settings.model))
        case "provider":
            return _provider_stage(ground)
        case "control":
            return _control_stage(ground)


def agent_rules(settings: Settings, space: SpaceInfo) -> AgentRules:
    """The settings that an agent goes by."""
    fit = FitRules(background_of(space.id, space.dimension), settings.half_life_days, settings.weights)
    return AgentRules(
        fit=fit,
        triggers=TriggerPolicy(settings.refit_after, settings.refit_age),
        window=settings.window,
        max_waiting=settings.max_waiting,
        item_wait=settings.item_wait,
        clock_skew=settings.clock_skew,
    )


def _agents_stage(ground: Ground) -> AgentsStage:
    return AgentsStage(
        ground.store,
        ground.producer,
        agent_rules(ground.settings, ground.space),
        space=ground.space.id,
        key=ground.settings.pseudonym_key(),
        metrics=ground.metrics,
    )


def _embedder_stage(ground: Ground, encoder: Encoder) -> EmbedderStage:
    return EmbedderStage(ground.store, encoder, ground.producer, ground.metrics)


def _provider_stage(ground: Ground) -> ProviderStage:
    return ProviderStage(ground.space.id, ground.space.dimension, ground.metrics, scoring=ground.settings.scoring)


def _control_stage(ground: Ground) -> ControlStage:
    return ControlStage(ground.store, ground.producer, metrics=ground.metrics)


def _runner(ground: Ground, stage: Stage) -> Runner:
    settings = ground.settings
    if ground.log is not None:
        return EmbeddedRunner(
            ground.log,
            stage,
            batch_size=settings.batch_size,
            metrics=ground.metrics,
            stop_timeout=settings.stop_timeout,
        )
    make = FaustRunner if settings.runner_of(stage.name) == "faust" and stage.group is not None else AiokafkaRunner
    return make(
        stage,
        bootstrap=settings.bootstrap,
        batch_size=settings.batch_size,
        session_timeout=settings.session_timeout,
        instance=settings.instance,
        stop_timeout=settings.stop_timeout,
        metrics=ground.metrics,
    )


def _gateway(ground: Ground, search: Search, sample: bool) -> GatewayServer:
    settings = ground.settings
    ports = GatewayPorts(
        producer=ground.producer,
        store=ground.store,
        search=search,
        metrics=ground.metrics,
        space=ground.space.id,
        dimension=ground.space.dimension,
        clock=time.time,
        pseudonym_key=settings.pseudonym_key(),
        clock_skew=settings.clock_skew,
        status=_status(ground, search),
        problems=_problems(ground),
        sample_users=sample_users() if sample else (),
    )
    app = create_app(ports)
    app.include_router(dead_letters.create_router(_letters(ground)))
    return GatewayServer(app, settings.http_host, settings.http_port, settings.stop_timeout)


async def _play_sample(ground: Ground) -> None:
    await play(
        ground.producer,
        ground.metrics,
        time.time,
        lambda: ground.broker.lag(EmbedderStage.group, EmbedderStage.topics),
    )


def _status(ground: Ground, search: Search) -> Callable[[], Awaitable[Status]]:
    async def status() -> Status:
        stages = {
            stage.name: StageStatus(lag=await ground.broker.lag(stage.group, stage.topics)) for stage in STAGES_WITH_LAG
        }
        return Status(stages=stages, providers=await search.providers(), space=ground.space.id)

    return status


def _problems(ground: Ground) -> Callable[[], Awaitable[list[str]]]:
    """What stands in the way of serving: a store or a broker that does not answer."""

    async def problems() -> list[str]:
        checks = (ground.store.marks([]), ground.broker.lag(AgentsStage.group, AgentsStage.topics))
        return [
            str(error)
            for error in await asyncio.gather(*checks, return_exceptions=True)
            if isinstance(error, Exception)
        ]

    return problems


def _letters(ground: Ground) -> Callable[[int], Awaitable[list[DeadLetter]]]:
    async def letters(limit: int) -> list[DeadLetter]:
        records = await ground.broker.read(DEAD_LETTERS, limit)
        return [DeadLetter.model_validate_json(record.value) for record in records if record.value]

    return letters


def _refuse_embedded(settings: Settings, command: str) -> None:
    if settings.embedded or settings.store == "embedded":
        raise ConfigurationError(
            f"`{command}` is one role of a cluster: set ATTUNE_BROKER=kafka://host:port and "
            "ATTUNE_STORE=redis://host:port/0, or run every role in one process with `attune up`"
        )
