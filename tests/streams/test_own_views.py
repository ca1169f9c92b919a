"""What the agents publish to a provider with a space of its own: exactly once per version, in that space or not at all,
whatever step a crash falls into."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pytest

from schemas.command import AddInterest, PublishCommand, RefreshCommand
from schemas.profile import ProfileEmbedding
from streams.agents import AgentsStage
from streams.own_views import lacked, left_to_publisher
from streams.topics import PROFILE_EMBEDDINGS
from tests.streams.agents_world import KEY, NOW, World, a_world, records
from tests.workers.mailbox import SPACE, START, Mailbox, all_items, phrase_vectors
from tests.workers.test_spaces import NEW, WIDER, in_new, turned
from workers.errors import BrokerUnavailable, StoreUnavailable, Unavailable
from workers.spaces import lacking
from workers.state import UserState
from workers.subjects import subject_of

OWN, OTHER = "books", "news"


async def embed(world: World, *, items: int | None = None, without: Collection[str] = ()) -> None:
    """The catalog in the provider's own space, as far as its embedder has come."""
    await world.store.put_items([in_new(item) for item in all_items()][:items])
    words = {text: turned(raw) for text, raw in phrase_vectors().items() if text not in without}
    await world.store.put_phrases(NEW, words)


def stage(world: World, own: bool = True, returning: bool = False) -> AgentsStage:
    """Of an agents process that was told."""
    made = world.stage()
    made.spaces.know(NEW, np.eye(WIDER) / np.sqrt(WIDER))
    made.spaces.place({OWN: NEW} if own else {}, {OWN: NEW} if returning else {})
    return made


def published(world: World, provider: str = OWN) -> list[tuple[int, str]]:
    """Version and space of each embedding that went to the provider, without what was sent twice."""
    subject = subject_of(KEY, provider, "ada").encode()
    sent = [one.value for one in world.producer.of(PROFILE_EMBEDDINGS) if one.key == subject]
    told = [ProfileEmbedding.model_validate_json(value or b"") for value in sent]
    for one in told:
        length = {SPACE: 16, NEW: WIDER}[one.space]
        assert {len(vector) // 2 for vector in one.vectors + one.avoid} <= {length}
    return list(dict.fromkeys((one.version, one.space) for one in told))


async def listed(world: World) -> int:
    return sum(await world.store.count_times(lacking(NEW), []))


def asked(box: Mailbox, number: int = 1) -> Any:
    """What the publisher sends."""
    return box.put(PublishCommand(command_id=f"p{number}", user="ada", time=START), NOW + number)


async def test_every_version_goes_to_each_provider_in_its_space() -> None:
    world = await a_world()
    await embed(world)
    await stage(world).handle(records(Mailbox().clicks("jazz", range(6))))
    version = (await world.state()).version
    assert (published(world), published(world, OTHER)) == ([(version, NEW)], [(version, SPACE)])
    assert (await world.state()).space == SPACE
    assert await listed(world) == 0


@pytest.mark.parametrize(("items", "without"), [(None, ["jazz"]), (2, [])])
async def test_while_something_is_lacking_there_nothing_is_sent_and_the_profile_is_listed(
    items: int | None, without: Sequence[str]
) -> None:
    world = await a_world()
    await embed(world, items=items, without=without)
    box = Mailbox()
    await stage(world).handle(records(box.clicks("jazz", range(6))))
    version = (await world.state()).version
    assert (published(world), published(world, OTHER)) == ([], [(version, SPACE)])
    assert await listed(world) == 1
    await embed(world)
    await stage(world).handle([asked(box).record])
    assert published(world) == [(version, NEW)]
    assert published(world, OTHER) == [(version, SPACE)], "it has it already"
    assert await listed(world) == 0


@pytest.mark.parametrize("crash", ["before commit", "after commit", "before publishing", "after publishing", "trim"])
@pytest.mark.parametrize("complete", [True, False])
async def test_whatever_step_a_crash_falls_into_it_is_published_there_or_listed(crash: str, complete: bool) -> None:
    world = await a_world()
    await embed(world, without=[] if complete else ["jazz"])
    events = Mailbox().clicks("jazz", range(6))
    if crash == "before commit":
        world.store.fail("commit")
    elif crash in ("after commit", "trim"):
        world.store.dies_after = crash.removeprefix("after ")
    elif crash == "before publishing":
        world.producer.fails_in = 1
    else:
        world.producer.dies_in = 1
    with pytest.raises((StoreUnavailable, BrokerUnavailable)):
        await stage(world).handle(records(events))
    await stage(world).handle(records(events))
    version = (await world.state()).version
    assert published(world) == ([(version, NEW)] if complete else [])
    assert published(world, OTHER) == [(version, SPACE)]
    assert await listed(world) == (0 if complete else 1)


async def test_a_provider_that_comes_into_its_space_gets_the_version_that_there_is() -> None:
    world, box = await a_world(), Mailbox()
    await stage(world, own=False).handle(records(box.clicks("jazz", range(6))))
    version = (await world.state()).version
    await embed(world)
    for number in (1, 2):
        await stage(world).handle([asked(box, number).record])
    assert published(world) == [(version, SPACE), (version, NEW)]
    assert (await world.state()).version == version
    await stage(world, own=False, returning=True).handle([asked(box, 3).record])
    sent = [one for one in world.producer.of(PROFILE_EMBEDDINGS) if one.key == subject_of(KEY, OWN, "ada").encode()]
    assert ProfileEmbedding.model_validate_json(sent[-1].value or b"").space == SPACE


async def test_a_refit_that_makes_no_version_is_published_there_too() -> None:
    """By it the profile leaves the list of those that were last fitted before the provider came into its space."""
    world, box = await a_world(), Mailbox()
    await stage(world, own=False).handle(records(box.clicks("jazz", range(6))))
    await stage(world, own=False).handle([refreshed(box, 1)])
    await embed(world)
    version = (await world.state()).version
    await stage(world).handle([refreshed(box, 2)])
    assert (await world.state()).version == version
    assert published(world)[-1] == (version, NEW)


def refreshed(box: Mailbox, number: int) -> Any:
    return box.put(RefreshCommand(command_id=f"r{number}", user="ada", time=START), 600.0 + number).record


async def test_who_comes_back_is_on_no_list() -> None:
    world, box = await a_world(), Mailbox()
    await embed(world, without=["jazz"])
    await stage(world).handle(records(box.clicks("jazz", range(6))))
    assert await listed(world) == 1
    await stage(world, own=False, returning=True).handle([asked(box).record])
    assert await listed(world) == 0


async def test_nothing_is_folded_before_the_pointer_was_read() -> None:
    """Or a process that has just begun would publish in the common space what it does not know better."""
    world = await a_world()
    one = AgentsStage(
        world.store, world.producer, stage(world)._rules, space=SPACE, key=KEY, metrics=world.metrics, told=False
    )
    with pytest.raises(Unavailable, match="pointer"):
        await one.handle(records(Mailbox().clicks("jazz", range(6))))
    one.spaces.place({}, {})
    await one.handle(records(Mailbox().clicks("jazz", range(6))))
    assert published(world)


async def test_a_space_that_is_not_known_here_holds_up_nobody() -> None:
    world = await a_world()
    one = world.stage()
    one.spaces.place({OWN: "no-folder"}, {})
    await one.handle(records(Mailbox().clicks("jazz", range(6))))
    assert published(world) == []
    assert published(world, OTHER)
    assert sum(await world.store.count_times(lacking("no-folder"), [])) == 1


async def test_forgotten_people_are_on_no_list() -> None:
    world, box = await a_world(), Mailbox()
    await embed(world, without=["jazz"])
    await stage(world).handle(records(box.clicks("jazz", range(6))))
    await world.store.forget("ada")
    assert await listed(world) == 0


async def test_an_edit_holds_in_both_spaces() -> None:
    world, box = await a_world(), Mailbox()
    await embed(world)
    box.clicks("jazz", range(6))
    box.edit(AddInterest(text="chess", weight=0.9))
    await stage(world).handle(records(box.events))
    state = await world.state()
    at = [one.text for one in state.interests].index("chess")
    told = [ProfileEmbedding.model_validate_json(one.value or b"") for one in world.producer.of(PROFILE_EMBEDDINGS)]
    assert {one.space: one.weights[at] for one in told} == {SPACE: 0.9, NEW: 0.9}


async def test_a_rebuilt_profile_is_left_to_the_publisher() -> None:
    """Who rebuilds knows nothing of the provider's space: it sends nothing there, and lists the profile."""
    world = await a_world()
    spaces, state = stage(world).spaces, UserState(version=3, space=SPACE)
    assert left_to_publisher(state, spaces) == {OWN: None}
    assert lacked(left_to_publisher(state, spaces), spaces, NOW) == {lacking(NEW): NOW}
    returning = stage(world, own=False, returning=True).spaces
    assert left_to_publisher(state, returning) == {OWN: state}
