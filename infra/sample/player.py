"""Plays the sample on a running service: its catalog, a past for its people, then their life from now on."""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from infra.sample.catalog import sample_items
from infra.sample.people import people, simulate
from schemas.catalog import CatalogItem
from schemas.interaction import Interaction
from streams.contract import Outgoing, Producer
from streams.metrics import Metrics
from streams.topics import CATALOG, INTERACTIONS
from workers.errors import Unavailable

_LOG = logging.getLogger(__name__)

PEOPLE = 12
PAST_EVENTS = 600
"""About 50 a person: every profile shows several interests from the first minute."""
PAST_DAYS = 10
PAST_SEED = 1
"""Always the same: the past of a restarted service is recognised as duplicates."""
LOOK_SECONDS = 0.5
PER_SECOND = 2.0
"""Live interactions: slow enough to follow with the eye."""


def sample_users() -> tuple[str, ...]:
    return tuple(person.user for person in people(PAST_SEED, PEOPLE))


async def play(
    producer: Producer, metrics: Metrics, now: Callable[[], float], unembedded: Callable[[], Awaitable[int]]
) -> None:
    """Never ends. `unembedded` tells how many catalog entries have no vector yet: nobody acts before there is something
    to see. A service that does not take an interaction at the moment gets it a second later."""
    await _send(producer, [_catalog_entry(item) for item in sample_items()])
    while await unembedded():  # noqa: ASYNC110 - there is no event for it: the embedder may be another process
        await asyncio.sleep(LOOK_SECONDS)
    past = list(_past(now()))
    await _send(producer, map(_outgoing, past))
    metrics.accepted.labels("sample").inc(len(past))
    _LOG.info("sample: %d items and %d past interactions of %d people sent", 480, len(past), PEOPLE)
    for interaction in _life(now):
        await asyncio.sleep(1 / PER_SECOND)
        await _send(producer, [_outgoing(interaction)])
        metrics.accepted.labels("sample").inc()


def _past(now: float) -> Iterator[Interaction]:
    end = datetime.fromtimestamp(now, UTC)
    events = simulate(PEOPLE, PAST_SEED, end - timedelta(days=PAST_DAYS))
    for event in itertools.islice(events, PAST_EVENTS):
        yield _interaction(event, min(datetime.fromisoformat(str(event["time"])), end))


def _life(now: Callable[[], float]) -> Iterator[Interaction]:
    """Seeded by the moment it starts, so that no two starts make the same event ids."""
    start = now()
    for event in simulate(PEOPLE, int(start), datetime.fromtimestamp(start, UTC)):
        yield _interaction(event, datetime.fromtimestamp(now(), UTC))


def _interaction(event: dict[str, object], time: datetime) -> Interaction:
    return Interaction.model_validate({**event, "time": time, "source": "sample"})


def _catalog_entry(item: dict[str, object]) -> Outgoing:
    entry = CatalogItem.model_validate(item)
    return Outgoing(CATALOG, entry.key.encode(), entry.to_bytes())


def _outgoing(interaction: Interaction) -> Outgoing:
    return Outgoing(INTERACTIONS, interaction.user.encode(), interaction.to_bytes())


async def _send(producer: Producer, messages: Iterable[Outgoing]) -> None:
    batch: Sequence[Outgoing] = list(messages)
    await _persist(lambda: producer.send(batch))


async def _persist(send: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            return await send()
        except Unavailable:
            await asyncio.sleep(1.0)
