"""The LLM server dies in the middle of its answers, and so does the refiner: every refinement that was asked for ends
once, and the stream goes on meanwhile."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Collection

import pytest

from schemas.command import RefreshCommand
from schemas.proposal import Proposal
from streams.contract import Outgoing
from streams.kafka_producer import KafkaProducer
from streams.topics import COMMANDS, INTERACTIONS, PROPOSALS
from tests.chaos.load import Book
from tests.chaos.town import CATALOG_ITEMS, Town, agents
from tests.chaos.truth import read_topics, read_users
from tests.infra.vllm.double import Double, after, oblige
from workers.state import decode_state

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.redis,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="package"),
]

PEOPLE, EACH = 8, 24
ANSWER_SECONDS = 0.3
REFINES = {
    # By demand only: nothing else comes near.
    "ATTUNE_REFINE_AFTER": "1000",
    "ATTUNE_REFINE_FIRST": "1000",
    "ATTUNE_REFINE_COOLDOWN": "0",
    "ATTUNE_PROPOSER": "vllm",
    "ATTUNE_LLM_TIMEOUT": "2.5",
    "ATTUNE_REFINE_LEASE": "10",
    "ATTUNE_REFINE_ITERATIONS": "3",
}
USERS = [f"reader{number}" for number in range(PEOPLE)]


async def test_every_refinement_ends_once_though_everybody_dies(place: Town) -> None:
    double = Double([after(ANSWER_SECONDS, oblige)])
    await double.begin()
    settings = {**REFINES, "ATTUNE_LLM_URL": double.url}
    producer = KafkaProducer(place.servers.kafka.bootstrap)
    refiner = await place.crew.hire("refiner", "refiner", settings, light=True)
    async with agents(place, ("aiokafka",), settings):
        book = await read_a_lot(producer)
        await place.settled(90.0)
        await producer.send([refresh(user) for user in USERS])
        await until(lambda: double.at_once > 0, 90.0)
        await double.die()  # in the middle of its answers
        await asyncio.sleep(1.0)
        await double.begin()
        asked = len(double.questions)
        await until(lambda: len(double.questions) > asked, 90.0)
        await place.crew.kill(refiner)  # its leases run out, and its next life takes the jobs up again
        await no_job_is_left(place, 120.0)
        await place.settled(90.0)
        await place.crew.dismiss("refiner")
        verdict = await place.check(book)
    await double.die()
    await producer.close()
    assert verdict.sound, verdict
    proposals = await proposals_of(place, USERS)
    assert set(proposals) == set(USERS)
    assert all(len(ids) == 1 for ids in proposals.values()), "a job that is done twice is one proposal"
    async with place.store() as store:
        records = await read_users(store, USERS, place.space)
    states = {user: decode_state(record.state) for user, record in records.items()}
    assert all(state.refine.refined_ms is not None for state in states.values())
    assert all(Counter(entry.event for entry in state.window).most_common(1)[0][1] == 1 for state in states.values())


async def read_a_lot(producer: KafkaProducer) -> Book:
    book = Book()
    for user in USERS:
        messages = []
        for n in range(EACH):
            item = CATALOG_ITEMS[(3 * n + len(book.accepted)) % len(CATALOG_ITEMS)]
            event = {
                "event_id": f"{user}-{n}",
                "user": user,
                "provider": item["provider"],
                "item": item["item"],
                "signal": "click",
                "time": f"2026-05-01T10:{n:02}:00Z",
            }
            messages.append(Outgoing(INTERACTIONS, user.encode(), json.dumps(event).encode()))
            book.accepted.setdefault(user, []).append(f"{user}-{n}")
            book.people.add(user)
        await producer.send(messages)
    return book


def refresh(user: str) -> Outgoing:
    command = RefreshCommand.model_validate(
        {"command_id": f"refine-{user}", "user": user, "time": "2026-05-02T10:00:00Z", "what": "texts"}
    )
    return Outgoing(COMMANDS, user.encode(), command.to_bytes())


async def proposals_of(place: Town, users: Collection[str]) -> dict[str, set[str]]:
    """Ids by user."""
    found: dict[str, set[str]] = {}
    async with place.store() as store:
        topics = await read_topics(place.servers.kafka.bootstrap, users, place.keys(store))
    for record in topics.mail:
        if record.topic == PROPOSALS:
            proposal = Proposal.model_validate_json(record.value or b"")
            found.setdefault(proposal.user, set()).add(proposal.proposal_id)
    return found


async def no_job_is_left(place: Town, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    async with place.store() as store:
        while await store.count_jobs():
            assert time.monotonic() < deadline, f"{await store.count_jobs()} jobs were left after {seconds} s"
            await asyncio.sleep(0.2)


async def until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"it did not come to hold within {seconds} s"
        await asyncio.sleep(0.02)
