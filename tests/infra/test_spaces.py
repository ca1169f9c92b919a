"""A process's embedder after its space was retired: it begins anew, and not before the old one is swept."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.compose import agent_rules
from infra.ground import Ground, open_ground
from infra.settings import Settings
from infra.spaces import embedder_lag, embedder_of, keeper_of, lone_embedder_of, pointer_of, tell
from schemas.catalog import CatalogItem
from schemas.space import POINTER_KEY, SpaceEntry, SpacePointer
from streams.contract import Outgoing
from streams.embedded_runner import EmbeddedRunner
from streams.embedder import embedder_group
from streams.topics import CATALOG, SPACES
from tests.fakes import HashEncoder
from tests.streams.rollout_world import until
from workers.errors import ConfigurationError
from workers.knowledge import Knowledge
from workers.spaces import InSpace, Spaces

ENCODER = HashEncoder(32, "old-1")
HOME = SpaceEntry(id="new-2", dimension=32, model="minilm")


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    async with open_ground(Settings(data_dir=tmp_path)) as opened:
        yield opened


async def point(ground: Ground, **fields: tuple[str, ...]) -> None:
    before = await pointer_of(ground).read()
    pointer = SpacePointer(revision=before.revision + 1, current=HOME).model_copy(update=fields)
    await ground.producer.send([Outgoing(SPACES, POINTER_KEY, pointer.to_bytes())])


async def test_each_time_that_a_space_was_retired_its_embedders_read_the_catalog_anew(ground: Ground) -> None:
    item = CatalogItem(provider="news", item="1", title="Chess")
    await ground.producer.send([Outgoing(CATALOG, item.key.encode(), item.to_bytes())])
    assert ground.log is not None
    runner = EmbeddedRunner(ground.log, await embedder_of(ground, ENCODER), batch_size=10, metrics=ground.metrics)
    task = asyncio.create_task(runner.run())

    async def all_read() -> bool:
        return await embedder_lag(ground, ENCODER.space) == 0

    await until(all_read, "the catalog")
    await runner.stop()
    await task
    await point(ground, retired=("old-1",))
    assert await embedder_lag(ground, ENCODER.space) == 1
    assert (await embedder_of(ground, ENCODER)).group == embedder_group("old-1", 1)


def test_the_groups_of_two_spaces_never_meet() -> None:
    groups = [embedder_group(space, generation) for space in ("x", "2-x", "x-2") for generation in range(3)]
    assert groups[0] == "attune-embedder-x"
    assert len(set(groups)) == len(groups)


async def test_no_process_embeds_in_a_space_that_is_being_swept(ground: Ground) -> None:
    await point(ground, retired=("old-1",), leaving=("old-1",))
    with pytest.raises(ConfigurationError, match="wait a minute"):
        await lone_embedder_of(ground, ENCODER)
    await point(ground, retired=("old-1",))
    assert (await lone_embedder_of(ground, ENCODER)).group == embedder_group("old-1", 1)


async def test_agents_are_told_which_spaces_were_given_up_and_which_are_served_again(ground: Ground) -> None:
    spaces = Spaces(InSpace("first", Knowledge(space="first"), agent_rules(ground.settings, ground.space).fit))
    keeper = keeper_of(ground, spaces=spaces)
    await point(ground, retired=("old-1", HOME.id))
    task = asyncio.create_task(keeper.run())

    async def told() -> bool:
        return spaces.is_given_up("old-1")

    await until(told, "the pointer")
    assert not spaces.is_given_up(HOME.id)
    await keeper.stop()
    await task


async def test_what_cannot_be_known_here_is_said_and_the_rest_is_told(ground: Ground) -> None:
    """To whoever asks once, as `attune rebuild` does."""
    spaces = Spaces(InSpace("first", Knowledge(space="first"), agent_rules(ground.settings, ground.space).fit))
    gone = SpaceEntry(id="gone-3", dimension=32, model="/nowhere")
    unknown = await tell(spaces, SpacePointer(revision=1, current=HOME, next=gone, retired=("old-1", HOME.id)))
    assert unknown.keys() == {"gone-3"}
    assert HOME.id in spaces
    assert [spaces.is_given_up(one) for one in ("old-1", HOME.id, "gone-3")] == [True, False, False]
