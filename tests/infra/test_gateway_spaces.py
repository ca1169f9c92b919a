"""`/v1/space` and the commands over it: where the service is, and how it is sent elsewhere."""

from collections.abc import Collection, Sequence

import httpx
import pytest

from infra.gateway.app import create_app
from infra.gateway.spaces import create_router
from schemas.space import POINTER_KEY, OwnPhase, SpaceEntry, SpacePointer
from streams.contract import Outgoing, Record
from streams.pointer import GRACE, Pointer
from streams.topics import SPACES
from tests.fakes import MemoryStore
from tests.infra.gateway_fakes import ports, speak_to
from workers.ports import UserCommit
from workers.spaces import lacking

OLD = {"id": "old-1", "dimension": 4, "model": "minilm"}
NEW = {"id": "new-2", "dimension": 6, "model": "/models/new"}
NOW = 1_790_000_000.0


class Log:
    """A broker and a producer of one topic, which keeps the newest."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []

    async def send(self, messages: Sequence[Outgoing]) -> None:
        self.sent += messages

    async def read(self, topic: str, limit: int) -> list[Record]:
        return [Record(SPACES, 0, at, one.key, one.value, 0) for at, one in enumerate(self.sent)][-limit:]

    async def lag(self, group: str, topics: Collection[str]) -> int:
        return 0

    async def close(self) -> None: ...


class World:
    def __init__(self) -> None:
        self.log, self.store = Log(), MemoryStore()
        self.pointer = Pointer(self.log, self.log, SpaceEntry.model_validate(OLD), now=lambda: NOW)

    async def call(self, path: str = "", body: object = None) -> httpx.Response:
        app = create_app(ports())
        app.include_router(create_router(self.pointer, self.store))
        async with speak_to(app) as client:
            if not path:
                return await client.get("/v1/space")
            return await client.post(f"/v1/space/{path}", json=body)


@pytest.fixture
def world() -> World:
    return World()


async def test_without_a_roll_out_it_is_in_the_configured_space(world: World) -> None:
    assert (await world.call()).json() == {"current": OLD, "phase": "none", "left": 0, "own": []}


async def test_a_roll_out_is_announced_under_one_key(world: World) -> None:
    answer = await world.call("roll-out", NEW)
    assert answer.status_code == 202
    assert answer.json() == {"current": OLD, "next": NEW, "phase": "embedding", "left": 0, "own": []}
    (message,) = world.log.sent
    assert (message.topic, message.key) == (SPACES, POINTER_KEY)
    assert SpacePointer.model_validate_json(message.value or b"").next == SpaceEntry.model_validate(NEW)


async def test_after_the_switch_it_counts_who_is_left_and_refuses_to_retire(world: World) -> None:
    await world.store.commit([UserCommit("ann", 0, b"state", times={"refitted": NOW - 5})])
    await world.call("roll-out", NEW)
    await world.pointer.switch("new-2")
    assert (await world.call()).json() == {"current": NEW, "previous": OLD, "phase": "moving", "left": 1, "own": []}
    refused = await world.call("retire")
    assert (refused.status_code, "still being moved" in refused.text) == (409, True)
    await world.store.commit([UserCommit("ann", 1, b"state", times={"refitted": NOW + GRACE + 1})])
    assert (await world.call()).json()["phase"] == "done"
    assert (await world.call("retire")).json() == {"current": NEW, "phase": "none", "left": 0, "own": []}


async def test_rolled_back_the_spaces_change_places(world: World) -> None:
    await world.call("roll-out", NEW)
    await world.pointer.switch("new-2")
    answer = (await world.call("roll-back")).json()
    assert (answer["current"], answer["previous"]) == (OLD, NEW)


@pytest.mark.parametrize(("path", "body"), [("roll-back", None), ("retire", None), ("roll-out", OLD)])
async def test_what_cannot_be_done_now_is_a_conflict_with_its_reason(world: World, path: str, body: object) -> None:
    answer = await world.call(path, body)
    assert answer.status_code == 409
    assert answer.json()["detail"]


async def test_a_body_that_is_no_space_is_refused(world: World) -> None:
    answer = await world.call("roll-out", {"id": "new-2"})
    assert answer.status_code == 422
    assert not world.log.sent


async def test_a_switch_comes_once_and_only_to_the_next_space(world: World) -> None:
    await world.pointer.switch("new-2")
    await world.call("roll-out", NEW)
    await world.pointer.switch("elsewhere-3")
    assert (await world.pointer.read()).current == SpaceEntry.model_validate(OLD)
    first = await world.pointer.switch("new-2")
    assert await world.pointer.switch("new-2") == first


GIVEN = {"provider": "shop", "space": NEW}


class TestOwn:
    """A provider with a space of its own."""

    async def test_it_is_named_until_it_comes_back(self, world: World) -> None:
        answer = await world.call("own", GIVEN)
        assert answer.status_code == 202
        assert answer.json()["own"] == [{**GIVEN, "phase": "embedding", "changed_ms": 0, "left": 0}]
        assert (await world.call("own", GIVEN)).json() == answer.json(), "twice is as once"
        assert (await world.call("own", {"provider": "shop"})).json()["own"] == []

    async def test_while_profiles_are_published_there_it_counts_who_is_left(self, world: World) -> None:
        await world.call("own", GIVEN)
        pointer = await world.pointer.read()
        moving = pointer.own[0].model_copy(update={"phase": OwnPhase.MOVING, "changed_ms": round(NOW * 1000)})
        await world.pointer.change(pointer, own=(moving,))
        await world.store.commit([UserCommit("ann", 0, b"state", times={"refitted": NOW - 5, lacking("new-2"): NOW})])
        assert (await world.call()).json()["own"][0]["left"] == 2

    @pytest.mark.parametrize(
        ("body", "status", "says"),
        [
            ({"provider": "The Shop", "space": NEW}, 422, "provider"),
            ({"provider": "shop", "space": {**NEW, "dimension": 0}}, 422, "dimension"),
            ({"provider": "shop", "space": OLD}, 409, "all providers are in it already: name another model"),
            ({"provider": "shop"}, 409, "shop has no space of its own"),
        ],
    )
    async def test_what_is_wrong_is_refused_with_the_cure(
        self, world: World, body: object, status: int, says: str
    ) -> None:
        answer = await world.call("own", body)
        assert (answer.status_code, says in answer.text) == (status, True)
        assert world.log.sent == []

    async def test_a_space_is_one_providers_own_or_everybodys(self, world: World) -> None:
        await world.call("own", GIVEN)
        refused = await world.call("roll-out", NEW)
        assert (refused.status_code, "--none" in refused.text) == (409, True)
        other = {"id": "other-3", "dimension": 6, "model": "/models/other"}
        refused = await world.call("own", {"provider": "shop", "space": other})
        assert (refused.status_code, "--none" in refused.text) == (409, True)
        await world.call("own", {"provider": "shop"})
        await world.call("roll-out", other)
        refused = await world.call("own", {"provider": "shop", "space": other})
        assert (refused.status_code, "is being rolled out" in refused.text) == (409, True)
        await world.pointer.switch("other-3")
        refused = await world.call("own", {"provider": "shop", "space": OLD})
        assert (refused.status_code, "retire" in refused.text) == (409, True)
        refused = await world.call("own", GIVEN)
        assert (refused.status_code, "being deleted" in refused.text) == (409, True), "what it had embedded is swept"
