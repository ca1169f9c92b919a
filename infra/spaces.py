"""A process's part in the roll-out of spaces: how the pointer, the keeper and the movers are made of its ground."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from infra.ground import Ground
from schemas.space import OwnPhase, SpaceEntry, SpacePointer
from streams.agents import AgentsStage
from streams.contract import Runner, Stage
from streams.embedder import EmbedderStage, embedder_group
from streams.pointer import Pointer
from streams.provider import ProviderStage
from streams.rollout import Mover
from streams.serving import Serving
from streams.space_keeper import Embedding, SpaceKeeper, Told
from streams.sweeper import Sweeper
from workers.errors import ConfigurationError
from workers.ports import Encoder
from workers.space import background_of_space, open_encoder
from workers.spaces import Spaces

_LOG = logging.getLogger(__name__)

MakeRunner = Callable[[Stage], Runner]


def pointer_of(ground: Ground) -> Pointer:
    home = SpaceEntry(id=ground.space.id, dimension=ground.space.dimension, model=ground.settings.model)
    return Pointer(ground.broker, ground.producer, home, time.time)


def keeper_of(
    ground: Ground,
    *,
    agents: AgentsStage | None = None,
    spaces: Spaces | None = None,
    provider: ProviderStage | None = None,
    encoder: Encoder | None = None,
    make_runner: MakeRunner | None = None,
) -> SpaceKeeper:
    """For whichever of them this process has: `spaces` are those of a refiner by itself, `encoder` is that of an
    embedder which runs here anyway; with `make_runner` embedders of other spaces are started here too."""
    told: list[Told] = [_warn(ground)]
    if provider is not None:
        told.append(_serving(provider))
    if agents is not None:
        told.append(_settling(agents.spaces))
    if spaces is not None:
        told.append(_settling(spaces))
    return SpaceKeeper(
        pointer_of(ground),
        told=told,
        movers={} if encoder is None else {encoder.space: _mover(ground, encoder)},
        embed=None if make_runner is None else _embedding(ground, make_runner),
        sweeper=None if encoder is None else Sweeper(ground.store, ground.producer, pointer_of(ground)),
        metrics=ground.metrics,
    )


async def embedder_of(ground: Ground, encoder: Encoder) -> EmbedderStage:
    """Of the space as it is now: after it was retired, one that begins anew. Raises `BrokerUnavailable`."""
    generation = (await pointer_of(ground).read()).generation(encoder.space)
    return EmbedderStage(ground.store, encoder, ground.producer, ground.metrics, generation=generation)


async def lone_embedder_of(ground: Ground, encoder: Encoder) -> EmbedderStage:
    """The same in a process of its own. Raises `ConfigurationError` too, while what is kept of its space is deleted: of
    what it wrote meanwhile nobody knows how much would be left."""
    if encoder.space in (await pointer_of(ground).read()).leaving:
        raise ConfigurationError(
            f"space {encoder.space} was retired, and what is kept of it is being deleted: wait a minute before you "
            "embed in it again, or set ATTUNE_MODEL to the current space"
        )
    return await embedder_of(ground, encoder)


async def embedder_lag(ground: Ground, space: str) -> int:
    """What the embedders of the space have not read. One that runs since before its space was retired does not count:
    it has passed over what was deleted. Raises `BrokerUnavailable`."""
    group = group_in(await pointer_of(ground).read(), space)
    return await ground.broker.lag(group, EmbedderStage.topics)


def group_in(pointer: SpacePointer, space: str) -> str:
    """Of the space's embedders."""
    return embedder_group(space, pointer.generation(space))


def _mover(ground: Ground, encoder: Encoder) -> Mover:
    return Mover(
        ground.store, encoder, ground.producer, pointer_of(ground), lambda: embedder_lag(ground, encoder.space)
    )


def _embedding(ground: Ground, make_runner: MakeRunner) -> Callable[[SpaceEntry], Awaitable[Embedding]]:
    async def embed(entry: SpaceEntry) -> Embedding:
        encoder = await asyncio.to_thread(open_encoder, entry.model)
        if encoder.space != entry.id:
            raise ConfigurationError(f"{entry.model} is {encoder.space} now: its files were changed, roll it out anew")
        return Embedding(make_runner(await embedder_of(ground, encoder)), _mover(ground, encoder))

    return embed


def _serving(provider: ProviderStage) -> Told:
    async def serve(pointer: SpacePointer) -> None:
        await provider.serve(Serving.of(pointer))

    return serve


def _settling(spaces: Spaces) -> Told:
    """Agents fold in a space only once they know its background, which comes from its folder."""

    async def settle(pointer: SpacePointer) -> None:
        for space, error in (await tell(spaces, pointer)).items():
            _LOG.error("no profile can be moved to space %s here, nor published in it: %s", space, error)

    return settle


async def tell(spaces: Spaces, pointer: SpacePointer) -> dict[str, ConfigurationError]:
    """Which spaces there are, where new profiles begin, where nobody is moved any more, and which providers have one of
    their own. Returns why some cannot be known here. Raises `Unavailable` where the current one is among them."""
    unknown: dict[str, ConfigurationError] = {}
    for entry in pointer.entries:
        if entry.id not in spaces:
            try:
                spaces.know(entry.id, await asyncio.to_thread(background_of_space, entry.model))
            except ConfigurationError as error:
                unknown[entry.id] = error
    spaces.give_up(set(pointer.retired) - {entry.id for entry in pointer.entries})
    spaces.settle(pointer.current.id)
    spaces.place(
        {one.provider: one.space.id for one in pointer.own if one.is_served},
        {one.provider: one.space.id for one in pointer.own if one.phase is OwnPhase.RETURNING},
    )
    return unknown


def _warn(ground: Ground) -> Told:
    async def warn(pointer: SpacePointer) -> None:
        if all(entry.id != ground.space.id for entry in pointer.entries):
            _LOG.warning(
                "ATTUNE_MODEL is of space %s, which is not served any more: set it to %s",
                ground.space.id,
                pointer.current.model,
            )

    return warn
