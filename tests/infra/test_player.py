"""The sample, played: the catalog, a past, then a life at a pace one can follow."""

import asyncio

from infra.sample.player import PAST_EVENTS, play, sample_users
from schemas.interaction import Interaction
from streams.contract import Outgoing
from streams.metrics import Metrics
from streams.topics import CATALOG, INTERACTIONS
from workers.errors import BrokerUnavailable

NOW = 1_795_000_000.0


class Taker:
    """Keeps what it is sent; refuses the first send where it is told to."""

    def __init__(self, refuse_first: bool = False) -> None:
        self.sent: list[Outgoing] = []
        self.refusing = refuse_first

    async def send(self, messages: list[Outgoing]) -> None:
        if self.refusing:
            self.refusing = False
            raise BrokerUnavailable("not yet")
        self.sent += messages

    async def close(self) -> None: ...


async def all_embedded() -> int:
    return 0


async def played(taker: Taker, count: int) -> list[Outgoing]:
    playing = asyncio.create_task(play(taker, Metrics(), lambda: NOW, all_embedded))  # type: ignore[arg-type]
    while len(taker.sent) < count:
        await asyncio.sleep(0.01)
    playing.cancel()
    return taker.sent


def interactions(sent: list[Outgoing]) -> list[Interaction]:
    return [Interaction.model_validate_json(one.value or b"") for one in sent if one.topic == INTERACTIONS]


async def test_first_the_catalog_then_the_past_then_the_life() -> None:
    sent = await played(Taker(), 480 + PAST_EVENTS + 2)
    assert [one.topic for one in sent[:480]] == [CATALOG] * 480
    events = interactions(sent)
    assert {event.user for event in events} <= set(sample_users())
    assert {event.source for event in events} == {"sample"}
    assert all(event.time.timestamp() <= NOW for event in events)


async def test_the_past_is_the_same_whenever_it_is_played() -> None:
    first = [event.event_id for event in interactions(await played(Taker(), 480 + PAST_EVENTS))]
    second = [event.event_id for event in interactions(await played(Taker(), 480 + PAST_EVENTS))]
    assert first[:PAST_EVENTS] == second[:PAST_EVENTS]


async def test_a_service_that_does_not_take_it_yet_is_asked_again() -> None:
    sent = await played(Taker(refuse_first=True), 480)
    assert len(sent) >= 480


async def test_nobody_acts_before_the_catalog_is_embedded() -> None:
    left = [2, 1, 0]

    async def unembedded() -> int:
        assert not interactions(taker.sent)
        return left.pop(0)

    taker = Taker()
    playing = asyncio.create_task(play(taker, Metrics(), lambda: NOW, unembedded))  # type: ignore[arg-type]
    while not interactions(taker.sent):
        await asyncio.sleep(0.01)
    playing.cancel()
    assert left == []
