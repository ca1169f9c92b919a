"""The embedder or the refiner with an encoder that needs no model: `python -m tests.chaos.light_worker ROLE`.

All but the encoder is the product's. A model takes ten seconds of a core to load, and a town would wait for two.
"""

import asyncio
import sys

from infra.compose import agent_rules
from infra.gateway.app import create_worker_app
from infra.gateway.server import GatewayServer
from infra.ground import Ground, open_ground
from infra.refining import refiner_of
from infra.settings import read_settings
from infra.spaces import keeper_of
from streams.aiokafka_runner import AiokafkaRunner
from streams.embedder import EmbedderStage
from tests.chaos.playing import Part, play
from tests.fakes import HashEncoder
from workers.knowledge import Knowledge
from workers.spaces import InSpace, Spaces


async def main(role: str) -> None:
    settings = read_settings()
    async with open_ground(settings) as ground:
        encoder = HashEncoder(ground.space.dimension, ground.space.id)
        part = _embedder(ground, encoder) if role == "embedder" else _refiner(ground, encoder)
        app = create_worker_app(ground.metrics, _no_problems)
        server = GatewayServer(app, settings.http_host, settings.metrics_port_of("embedder"))
        await play(part, keeper_of(ground), server)


def _embedder(ground: Ground, encoder: HashEncoder) -> Part:
    return AiokafkaRunner(
        EmbedderStage(ground.store, encoder, ground.producer, ground.metrics),
        bootstrap=ground.settings.bootstrap,
        batch_size=ground.settings.batch_size,
        metrics=ground.metrics,
        session_timeout=ground.settings.session_timeout,
    )


def _refiner(ground: Ground, encoder: HashEncoder) -> Part:
    fit = agent_rules(ground.settings, ground.space).fit
    spaces = Spaces(InSpace(ground.space.id, Knowledge(space=ground.space.id), fit))
    return refiner_of(ground, spaces, encoder, share=1.0)


async def _no_problems() -> list[str]:
    return []


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
