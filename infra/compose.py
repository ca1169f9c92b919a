"""The composition root: what each role is made of. The only place that knows which stage, runner and store there are.

HTTP -> infra/gateway/endpoints/interactions.py -> attune.interactions
     -> streams/agents.py -> workers/agent.py -> workers/refit.py -> the store
     -> attune.profile-embeddings -> streams/provider.py -> workers/retrieval.py (FAISS)
"""

import asyncio
import logging
import time
from typing import Literal

from infra.awaiting import await_ground
from infra.doors.entering import Doors
from infra.doors.opening import doors_of, own_tokens
from infra.garbage import spare_what_is_loaded
from infra.gateway import dead_letters, spaces
from infra.gateway.app import create_app, create_provider_app, create_worker_app
from infra.gateway.endpoints import erasures
from infra.gateway.ports import GatewayPorts, Search
from infra.gateway.server import GatewayServer
from infra.ground import Ground
from infra.health import problems_of, status_of
from infra.provider_client import HttpSearch
from infra.refining import InTurns, needs_encoder, refiner_of
from infra.sample.player import play, sample_users
from infra.settings import Settings
from infra.spaces import embedder_lag, embedder_of, group_in, keeper_of, lone_embedder_of, pointer_of
from infra.supervise import Part, supervised
from streams.agents import AgentsStage
from streams.aiokafka_runner import AiokafkaRunner
from streams.contract import Runner, Stage
from streams.control import GATHER, ControlStage
from streams.embedded_runner import EmbeddedRunner
from streams.erasure import Erasure
from streams.erasure_book import ErasureBook
from streams.faust_runner import FaustRunner
from streams.kafka_admin import create_topics
from streams.letter_book import LetterBook
from streams.provider import ProviderStage
from streams.recovery import Recovery
from streams.space_keeper import SpaceKeeper
from workers.agent import AgentRules
from workers.errors import ConfigurationError
from workers.knowledge import Knowledge
from workers.refit import FitRules
from workers.space import SpaceInfo, background_of_space, open_encoder
from workers.spaces import InSpace, Spaces
from workers.triggers import TriggerPolicy

_LOG = logging.getLogger(__name__)

StageRole = Literal["agents", "embedder", "provider", "control"]
Role = StageRole | Literal["refiner"]


async def run_up(settings: Settings, sample: bool = False) -> None:
    """Every role and the gateway in one process, until it is stopped."""
    doors = doors_of(settings)
    async with supervised(settings.stop_timeout) as life, await_ground(settings) as ground:
        if ground.log is None:
            await create_topics(settings.bootstrap, settings.partitions, settings.replication, security=settings.kafka)
        provider = _provider_stage(ground, settings.http_port)
        encoder = InTurns(await asyncio.to_thread(open_encoder, settings.model))
        agents = _agents_stage(ground)
        stages: list[Stage] = [agents, await embedder_of(ground, encoder), provider, _control_stage(ground)]
        keeper = keeper_of(
            ground, agents=agents, provider=provider, encoder=encoder, make_runner=lambda stage: _runner(ground, stage)
        )
        refiner = refiner_of(ground, agents.spaces, encoder, settings.refiner_share)
        server = _gateway(ground, provider, agents.spaces, sample, doors)
        player = [asyncio.create_task(_play_sample(ground), name="sample")] if sample else []
        scheme = "http" if settings.http_cert is None else "https"
        _LOG.info("listening on %s://%s:%d", scheme, settings.http_host, server.port)
        spare_what_is_loaded()
        await life.run([server, keeper, refiner, *(_runner(ground, stage) for stage in stages)], player)


async def run_gateway(settings: Settings) -> None:
    """The HTTP gateway alone. It holds the indexes itself unless a provider role is named."""
    _refuse_embedded(settings, "attune gateway")
    doors = doors_of(settings)
    async with supervised(settings.stop_timeout) as life, await_ground(settings, ready=True) as ground:
        known = spaces_of(ground)
        spare_what_is_loaded()
        if settings.provider_url is not None:
            search = HttpSearch(settings.provider_url, own_tokens(settings), trust=settings.http_trust)
            try:
                await life.run([_gateway(ground, search, known, False, doors), keeper_of(ground, spaces=known)])
            finally:
                await search.close()
        else:
            provider = _provider_stage(ground, settings.http_port)
            keeper = keeper_of(ground, provider=provider, spaces=known)
            await life.run([_gateway(ground, provider, known, False, doors), keeper, _runner(ground, provider)])


async def run_worker(settings: Settings, role: Role) -> None:
    """One role, with its health and metrics beside it."""
    _refuse_embedded(settings, f"attune worker {role}")
    doors = doors_of(settings)
    async with supervised(settings.stop_timeout) as life, await_ground(settings, ready=True) as ground:
        problems = problems_of(ground)
        app = create_worker_app(ground.metrics, problems, doors)
        if role == "refiner":
            parts = await _refiner_parts(ground)
        else:
            stage, keeper = await _stage(ground, role)
            parts = [_runner(ground, stage), keeper]
            if isinstance(stage, ProviderStage):
                app = create_provider_app(stage, ground.metrics, problems, doors)
        server = GatewayServer(app, settings.http_host, settings.metrics_port_of(role), settings.parts_timeout)
        _LOG.info("%s: health and metrics on port %d", role, server.port)
        spare_what_is_loaded()
        await life.run([*parts, server])


async def _refiner_parts(ground: Ground) -> list[Part]:
    """It reads no topic, and knows of spaces what the agents know."""
    settings, spaces = ground.settings, spaces_of(ground)
    encoder = await asyncio.to_thread(open_encoder, settings.model) if needs_encoder(settings) else None
    return [refiner_of(ground, spaces, encoder, share=1.0), keeper_of(ground, spaces=spaces)]


def spaces_of(ground: Ground) -> Spaces:
    """For a process without agents: it has to be told of others than this one."""
    space = ground.space.id
    return Spaces(InSpace(space, Knowledge(space=space), agent_rules(ground.settings, ground.space).fit))


async def _stage(ground: Ground, role: StageRole) -> tuple[Stage, SpaceKeeper]:
    match role:
        case "agents":
            agents = _agents_stage(ground)
            return agents, keeper_of(ground, agents=agents)
        case "embedder":
            encoder = await asyncio.to_thread(open_encoder, ground.settings.model)
            return await lone_embedder_of(ground, encoder), keeper_of(ground, encoder=encoder)
        case "provider":
            provider = _provider_stage(ground, ground.settings.metrics_port_of(role))
            return provider, keeper_of(ground, provider=provider)
        case "control":
            return _control_stage(ground), keeper_of(ground)


def agent_rules(settings: Settings, space: SpaceInfo) -> AgentRules:
    """The settings that an agent goes by."""
    fit = FitRules(background_of_space(settings.model), settings.half_life_days, settings.weights)
    return AgentRules(
        fit=fit,
        triggers=_triggers(settings),
        window=settings.window,
        max_waiting=settings.max_waiting,
        item_wait=settings.item_wait,
        clock_skew=settings.clock_skew,
        scoring=settings.scoring,
    )


def _triggers(settings: Settings) -> TriggerPolicy:
    return TriggerPolicy(
        refit_after=settings.refit_after,
        refit_age=settings.refit_age,
        refine_after=settings.refines_after,
        refine_first=settings.refine_first,
        refine_drop=settings.refine_drop,
        refine_age=settings.refine_age,
        refine_cooldown=settings.refine_cooldown,
        refine_idle=settings.refine_idle,
    )


def _agents_stage(ground: Ground) -> AgentsStage:
    return AgentsStage(
        ground.store,
        ground.producer,
        agent_rules(ground.settings, ground.space),
        space=ground.space.id,
        key=ground.settings.pseudonym_key(),
        metrics=ground.metrics,
        recovery=Recovery(
            ground.broker,
            ground.store,
            AgentsStage.group,
            lambda: _embedders_of_profiles(ground),
            key=ground.settings.pseudonym_key(),
        ),
        keys=ground.keys,
        told=False,
    )


async def _embedders_of_profiles(ground: Ground) -> str:
    """The group of those whose space profiles live in now."""
    pointer = await pointer_of(ground).read()
    return group_in(pointer, pointer.current.id)


def _provider_stage(ground: Ground, port: int) -> ProviderStage:
    """`port`: where this process serves."""
    return ProviderStage(
        ground.space.id,
        ground.space.dimension,
        ground.metrics,
        scoring=ground.settings.scoring,
        served=pointer_of(ground).served,
        history=ground.broker,
        producer=ground.producer,
        reader=ground.settings.reader_name(port),
    )


def _control_stage(ground: Ground) -> ControlStage:
    return ControlStage(
        ground.store, ground.producer, metrics=ground.metrics, erasures=_erasures(ground), gather=GATHER
    )


def _erasures(ground: Ground) -> ErasureBook:
    settings = ground.settings
    return ErasureBook(ground.broker, settings.pseudonym_key(), settings.erasure_deadline, time.time)


def _runner(ground: Ground, stage: Stage) -> Runner:
    settings, stage = ground.settings, ground.opened(stage)
    if ground.log is not None:
        return EmbeddedRunner(
            ground.log,
            stage,
            batch_size=settings.batch_size,
            metrics=ground.metrics,
            stop_timeout=settings.parts_timeout,
            stall_timeout=settings.stall_timeout,
        )
    make = FaustRunner if settings.runner_of(stage.name) == "faust" and stage.group is not None else AiokafkaRunner
    return make(
        stage,
        bootstrap=settings.bootstrap,
        batch_size=settings.batch_size,
        session_timeout=settings.session_timeout,
        instance=settings.instance,
        stop_timeout=settings.parts_timeout,
        stall_timeout=settings.stall_timeout,
        metrics=ground.metrics,
        security=settings.kafka,
    )


def _gateway(ground: Ground, search: Search, known: Spaces, sample: bool, doors: Doors) -> GatewayServer:
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
        status=status_of(ground, search),
        problems=problems_of(ground),
        fit=lambda state: known.of_state(state).fit,
        own=known.by_itself,
        scoring=settings.scoring,
        erasure=Erasure(ground.store, ground.producer, settings.pseudonym_key(), ground.keys, time.time),
        sample_users=sample_users() if sample else (),
    )
    app = create_app(ports, doors)
    app.include_router(dead_letters.create_router(LetterBook(ground.broker, ground.producer, time.time)))
    app.include_router(erasures.create_router(_erasures(ground)))
    app.include_router(spaces.create_router(pointer_of(ground), ground.store))
    return GatewayServer(app, settings.http_host, settings.http_port, settings.parts_timeout)


async def _play_sample(ground: Ground) -> None:
    await play(
        ground.producer,
        ground.metrics,
        time.time,
        lambda: embedder_lag(ground, ground.space.id),
    )


def _refuse_embedded(settings: Settings, command: str) -> None:
    if settings.embedded or settings.store == "embedded":
        raise ConfigurationError(
            f"`{command}` is one role of a cluster: set ATTUNE_BROKER=kafka://host:port and "
            "ATTUNE_STORE=redis://host:port/0, or run every role in one process with `attune up`"
        )
