"""POST /v1/users/{user}/history: descriptions first, interactions when the store knows the items, nothing twice."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import httpx
from fastapi import FastAPI

from infra.gateway.app import create_app
from infra.gateway.context import Gateway
from infra.gateway.histories import MAX_FILE_BYTES, PIECE
from infra.platforms.export import MOST
from schemas.catalog import CatalogItem, description_key
from schemas.command import RefreshCause, RefreshCommand
from schemas.interaction import Interaction, Signal
from streams.contract import Outgoing
from streams.sealing import mailbox_of, own_item
from streams.topics import CATALOG, COMMANDS, INTERACTIONS
from tests.infra.gateway_fakes import KEY, SPACE, FakeProducer, FakeStore, as_store, ports, speak_to, state_of
from tests.infra.platforms.files import SECRETS, everything, play
from tests.patience import PATIENCE
from workers.mine import MAX_OWN, owner_of
from workers.ports import ItemRecord
from workers.standing import described
from workers.state import Remembered
from workers.weights import Moments

URL = "/v1/users/kim/history"
BYTES = {"Content-Type": "application/octet-stream"}
EXPORTS = everything()


class Town:
    """A gateway, and an embedder that stores what is described a moment later."""

    def __init__(self, embeds: bool = True, **given: Any) -> None:
        self.store = FakeStore()
        self.producer = FakeProducer(before=self._embed if embeds else None)
        self.unknown: list[int] = []
        """For each send of interactions, how many of their items the store did not know."""
        self._embedding: set[asyncio.Task[None]] = set()
        made = ports(store=as_store(self.store), producer=self.producer, **given)
        self.app: FastAPI = create_app(made)
        self.app.state.gateway = Gateway(made, stall_seconds=0.3, history_seconds=0.5, met_seconds=0.1)

    async def _embed(self, messages: Sequence[Outgoing]) -> None:
        if messages[0].topic == COMMANDS:
            return
        if messages[0].topic == CATALOG:
            task = asyncio.create_task(self._store(messages))
            self._embedding.add(task)
            task.add_done_callback(self._embedding.discard)
        else:
            items = {Interaction.model_validate_json(one.value or b"").item_key for one in messages}
            self.unknown.append(len(items - self.store.items.keys()))

    async def _store(self, messages: Sequence[Outgoing]) -> None:
        await asyncio.sleep(0.02)
        for message in (one for one in messages if one.value is not None):
            item = CatalogItem.model_validate_json(message.value or b"")
            self.store.items[item.key] = ItemRecord(item.key, SPACE, b"\0" * 8, item.title, (), "")

    async def bring(
        self, file: bytes, headers: dict[str, str] | None = None, user: str = "kim", **query: str
    ) -> httpx.Response:
        async with speak_to(self.app) as client:
            sent = client.post(
                URL.replace("kim", user), content=file, params=query, headers=BYTES if headers is None else headers
            )
            return await asyncio.wait_for(sent, PATIENCE)

    def sent(self, topic: str) -> list[Outgoing]:
        return [message for message in self.producer.sent if message.topic == topic]

    def interactions(self) -> list[Interaction]:
        return [Interaction.model_validate_json(one.value or b"") for one in self.sent(INTERACTIONS)]


class Erased:
    """Everybody is."""

    async def is_erased(self, user: str) -> bool:
        return True


def listened(count: int) -> bytes:
    plays = [
        play(f"Track {n}", ts=f"2026-0{1 + n // 600}-01T{n // 60 % 10 + 10}:{n % 60:02d}:00Z") for n in range(count)
    ]
    return json.dumps(plays).encode()


async def test_items_are_described_before_the_interactions_that_need_them() -> None:
    town = Town()
    answer = await town.bring(EXPORTS["spotify"])
    assert (answer.status_code, answer.json()["platform"], answer.json()["interactions"]) == (202, "spotify", 1)
    described, happened, again = town.producer.sent
    (one,) = town.interactions()
    assert (described.topic, described.key.decode()) == (CATALOG, description_key(one.item_key))
    item = CatalogItem.model_validate_json(described.value or b"")
    assert (item.provider, item.title, item.tags) == ("mine.spotify", "John Coltrane - Blue Train", ("John Coltrane",))
    assert item.described_ms is not None
    assert (happened.key, one.user) == (b"kim", "kim")
    assert (again.topic, again.key) == (COMMANDS, b"kim")


async def test_nothing_is_sent_to_the_agent_while_an_item_is_not_there() -> None:
    town = Town()
    answer = await town.bring(listened(3 * PIECE))
    assert answer.status_code == 202
    assert (town.unknown, len(town.interactions())) == ([0], 3 * PIECE)


async def test_the_profile_is_fitted_anew_when_the_agent_has_met_the_last_of_them() -> None:
    town = Town()
    town.app.state.gateway = replace(town.app.state.gateway, met_seconds=PATIENCE)
    met: list[bool] = []
    before = town.producer.before

    async def fold(interactions: Sequence[Outgoing]) -> None:
        await asyncio.sleep(0.1)
        last = Interaction.model_validate_json(interactions[-1].value or b"")
        entry = Remembered(0, last.event_id, last.item_key, Signal.CLICK)
        town.store.users["kim"] = replace(state_of(1), window=[entry], pending=2)

    async def refit() -> None:
        await asyncio.sleep(0.1)
        town.store.users["kim"].pending = 0

    async def watch(messages: Sequence[Outgoing]) -> None:
        assert before is not None
        await before(messages)
        if messages[0].topic == INTERACTIONS:
            folding.append(asyncio.create_task(fold(messages)))
        if messages[0].topic == COMMANDS:
            met.append("kim" in town.store.users)
            folding.append(asyncio.create_task(refit()))

    folding: list[asyncio.Task[None]] = []
    town.producer.before = watch
    assert (await town.bring(listened(3))).status_code == 202
    assert (met, town.store.users["kim"].pending) == ([True], 0)
    command = RefreshCommand.model_validate_json(town.sent(COMMANDS)[0].value or b"")
    assert (command.user, command.what, command.cause) == ("kim", "weights", RefreshCause.DEMAND)


async def test_items_go_out_in_pieces_each_of_which_is_waited_for() -> None:
    town = Town()
    sizes = []
    before = town.producer.before

    async def watch(messages: Sequence[Outgoing]) -> None:
        known = len(town.store.items)
        sizes.append((messages[0].topic, len(messages), known))
        assert before is not None
        await before(messages)

    town.producer.before = watch
    await town.bring(listened(2 * PIECE + 1))
    assert sizes == [
        (CATALOG, PIECE, 0),
        (CATALOG, PIECE, PIECE),
        (CATALOG, 1, 2 * PIECE),
        (INTERACTIONS, 2 * PIECE + 1, 2 * PIECE + 1),
        (COMMANDS, 1, 2 * PIECE + 1),
    ]


async def test_what_the_store_has_is_not_described_again() -> None:
    town = Town()
    await town.bring(EXPORTS["netflix"])
    first = len(town.sent(CATALOG))
    await town.bring(EXPORTS["netflix"])
    assert (first, len(town.sent(CATALOG))) == (1, 1)


async def test_each_person_has_items_of_their_own() -> None:
    town = Town()
    await town.bring(EXPORTS["netflix"])
    await town.bring(EXPORTS["netflix"], user="robin")
    kim, robin = town.interactions()
    assert kim.item_key != robin.item_key
    assert [owner_of(one.item_key) for one in (kim, robin)] == [mailbox_of(KEY, user) for user in ("kim", "robin")]
    assert len(town.sent(CATALOG)) == 2


async def test_where_there_is_too_much_of_one_person_the_oldest_goes_that_nothing_needs() -> None:
    town = Town()
    kept = [own_item(KEY, "kim", str(number)) for number in range(MAX_OWN)]
    for age, item in enumerate(kept):
        key = f"mine.x:{item}"
        town.store.items[key] = ItemRecord(key, SPACE, b"\0" * 8, "x", (), "", standing=described(age, "x"))
    remembered = Remembered(0, "e", f"mine.x:{kept[0]}", Signal.LIKE)
    town.store.users["kim"] = replace(state_of(1), window=[remembered])
    await town.bring(EXPORTS["netflix"])
    gone = [one.key.decode() for one in town.sent(CATALOG) if one.value is None]
    assert gone == [description_key(f"mine.x:{item}") for item in kept[1 : MAX_OWN // 2 + 2]]
    await town.bring(EXPORTS["netflix"], user="robin")
    assert len([one for one in town.sent(CATALOG) if one.value is None]) == len(gone)


async def test_of_somebody_who_was_forgotten_nothing_is_described() -> None:
    town = Town(embeds=False, erasure=Erased())
    assert (await town.bring(EXPORTS["netflix"])).status_code == 202
    assert {one.topic for one in town.producer.sent} == {INTERACTIONS}


async def test_the_same_file_again_sends_nothing() -> None:
    town = Town()
    await town.bring(EXPORTS["goodreads"])
    (one,) = town.interactions()
    known = Remembered(0, one.event_id, one.item_key, Signal.LIKE)
    town.store.users["kim"] = replace(state_of(1), window=[known])
    answer = await town.bring(EXPORTS["goodreads"])
    assert (answer.json()["interactions"], answer.json()["repeated"]) == (0, 1)
    assert len(town.interactions()) == 1


async def test_an_event_that_has_left_the_window_is_still_known() -> None:
    town = Town()
    await town.bring(EXPORTS["goodreads"])
    state = state_of(1)
    state.see(f"interaction {town.interactions()[0].event_id}")
    town.store.users["kim"] = state
    assert (await town.bring(EXPORTS["goodreads"])).json()["repeated"] == 1


async def test_where_the_window_has_let_go_of_something_nothing_older_is_sent() -> None:
    town = Town()
    newest = Remembered(1_790_000_000_000, "e", "news:1", Signal.CLICK)
    town.store.users["kim"] = replace(state_of(1), window=[newest], past=Moments.zero(0))
    assert (await town.bring(EXPORTS["netflix"])).json()["interactions"] == 1
    past = replace(Moments.zero(0), mass=3.0)
    town.store.users["kim"] = replace(state_of(1), window=[newest], past=past)
    answer = (await town.bring(EXPORTS["goodreads"])).json()
    assert (answer["interactions"], answer["older"]) == (0, 1)


async def test_of_a_long_history_the_newest_are_sent() -> None:
    town = Town()
    answer = (await town.bring(listened(MOST + 5))).json()
    assert (answer["interactions"], answer["older"]) == (MOST, 5)
    times = [one.time for one in town.interactions()]
    assert times == sorted(times)


async def test_nothing_private_leaves_the_gateway() -> None:
    for platform, file in EXPORTS.items():
        town = Town()
        answer = await town.bring(file)
        assert answer.status_code == 202, platform
        out = answer.text + "".join(f"{one.key!r} {one.value!r}" for one in town.producer.sent)
        assert [secret for secret in SECRETS if secret in out] == []


async def test_an_embedder_that_does_not_get_on_is_said_so_and_nothing_waits() -> None:
    town = Town(embeds=False)
    answer = await town.bring(EXPORTS["netflix"])
    assert (answer.status_code, answer.json()["title"]) == (503, "Embedder behind")
    assert "retry-after" in answer.headers
    assert town.interactions() == []


async def test_a_file_that_is_none_is_refused_with_the_cure() -> None:
    answer = await Town().bring(b"hello")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "send the file or the zip as the platform gave it" in answer.json()["detail"]
    assert (await Town().bring(EXPORTS["netflix"], platform="spotify")).status_code == 422
    assert (await Town().bring(EXPORTS["netflix"], profile="Robin")).status_code == 422


async def test_bodies_of_another_kind_or_none_or_too_large() -> None:
    town = Town()
    assert (await town.bring(b"x", {"Content-Type": "application/json"})).status_code == 415
    assert (await town.bring(b"x", {"Content-Type": "text/plain"})).status_code == 415
    assert (await town.bring(b"")).status_code == 400
    assert (await town.bring(b"x" * (MAX_FILE_BYTES + 1))).status_code == 413
    assert (await town.bring(EXPORTS["movielens"], {"Content-Type": "application/zip"})).status_code == 202


async def test_two_are_read_at_once_and_the_third_comes_again() -> None:
    town = Town()
    gate: Gateway = town.app.state.gateway
    async with AsyncExitStack() as stack:
        for _ in range(2):
            stack.enter_context(gate.histories.enter())
        answer = await town.bring(EXPORTS["netflix"])
    assert (answer.status_code, answer.json()["title"], answer.headers["retry-after"]) == (503, "Busy", "10")
    assert (await town.bring(EXPORTS["netflix"])).status_code == 202
    assert gate.histories.inside == 0


async def test_a_sender_who_stops_in_the_middle_holds_nothing_up() -> None:
    town = Town()

    async def slow() -> Any:
        yield b"Title,"
        await asyncio.sleep(PATIENCE)

    async with speak_to(town.app) as client:
        answer = await asyncio.wait_for(client.post(URL, content=slow(), headers=BYTES), PATIENCE / 2)
    assert answer.status_code == 408
    assert town.app.state.gateway.histories.inside == 0


async def test_what_was_taken_is_counted() -> None:
    town = Town()
    await town.bring(EXPORTS["netflix"])
    metrics = town.app.state.metrics
    assert metrics.registry.get_sample_value("attune_interactions_accepted_total", {"source": "file"}) == 1
    assert Counter(one.source for one in town.interactions()) == {"file": 1}
