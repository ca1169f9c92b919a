"""The stages, one record at a time. What cannot be read goes to the dead-letters or is passed over, whoever it speaks
of keeps the profile they had, and nobody else's record moves by a byte."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from schemas.api import SearchBody
from schemas.base import Contract
from schemas.catalog import CatalogItem, ItemEmbedding
from schemas.command import EditCommand, RefreshCommand
from schemas.dead_letter import DeadLetter, Reason
from schemas.interaction import Interaction
from schemas.profile import ProfileChanged, ProfileEmbedding
from schemas.proposal import Proposal
from streams.control import ControlStage
from streams.embedder import EmbedderStage
from streams.messages import parse_message
from streams.metrics import Metrics
from streams.provider import ProviderStage
from streams.topics import (
    CATALOG,
    COMMANDS,
    DEAD_LETTERS,
    INTERACTIONS,
    ITEM_EMBEDDINGS,
    PROFILE_EMBEDDINGS,
    PROFILE_EVENTS,
    PROPOSALS,
)
from tests.fakes import HashEncoder, MemoryStore, RecordingProducer
from tests.hostile.target import Feed, Target
from tests.schemas.bodies import BODIES
from tests.streams.agents_world import World, a_world
from tests.workers.mailbox import Mailbox
from workers.ports import Outgoing, Record
from workers.state import decode_state, encode_state

SPACE, DIMENSION = "minilm-1", 4
"""Of the bodies' vectors."""


def stages() -> list[Target]:
    """Each topic of a mailbox, the catalog, what providers read, and what control reads."""
    mailboxes = [
        _mailbox(INTERACTIONS, Interaction, signal="like", item="tea-1", time="2026-05-01T12:00:00Z"),
        _mailbox(INTERACTIONS, Interaction, item="unknown", text="An item in the words of an event."),
        _mailbox(COMMANDS, EditCommand, kind="edit", edits=[{"op": "add", "text": "jazz"}]),
        _mailbox(COMMANDS, RefreshCommand, kind="refresh", what="texts"),
        _mailbox(PROPOSALS, Proposal, edits=[{"op": "add", "text": "rowing"}], negatives=["news:tea-2"]),
    ]
    provided = [_provided(ITEM_EMBEDDINGS, "news:n1"), _provided(PROFILE_EMBEDDINGS, "0123456789abcdef" * 2)]
    controlled = [_controlled(PROFILE_EVENTS, ProfileChanged), _controlled(DEAD_LETTERS, DeadLetter)]
    return [*mailboxes, _catalog(), *provided, *controlled]


def _mailbox(topic: str, model: type[Contract], **fields: Any) -> Target:
    good = json.dumps(BODIES[model] | fields).encode()

    @asynccontextmanager
    async def opened() -> AsyncIterator[Feed]:
        world = await a_world()
        stage = world.stage()
        mailboxes = {user: Mailbox(user, partition=at) for at, user in enumerate(("ada", "bob"))}
        for mailbox in mailboxes.values():
            await stage.handle([event.record for event in mailbox.clicks("chess", range(6))])
        offset = 100

        async def take(one: bytes) -> bool:
            nonlocal offset
            offset += 1
            record = Record(topic, 0, offset, b"ada", one, mailboxes["ada"].events[-1].record.timestamp_ms + offset)
            ada, bob = await _kept(world, "ada"), (await world.record("bob")).state
            world.producer.take()
            await stage.handle([record])
            assert (await world.record("bob")).state == bob, "another person's record has moved"
            sent = world.producer.take()
            for described in (message for message in sent if message.topic == CATALOG):
                assert CatalogItem.model_validate_json(described.value or b"")
            letters = _letters(sent)
            if _is_for(record, "ada"):
                assert not {Reason.INVALID, Reason.WRONG_KEY, Reason.FAILED} & set(letters), "a sound message is lost"
                return True
            assert letters in ([Reason.INVALID], [Reason.WRONG_KEY])
            assert await _kept(world, "ada") == ada, "an invalid message has changed a profile"
            return False

        yield take

    return Target(f"agents {topic} {model.__name__} {'-'.join(fields)}", (good,), opened)


async def _kept(world: World, user: str) -> bytes:
    """All of a record but how far its mailbox was read."""
    return encode_state(replace(decode_state((await world.record(user)).state), offsets={}))


def _is_for(record: Record, user: str) -> bool:
    try:
        return parse_message(record).user == user
    except ValidationError:
        return False


def _letters(sent: list[Outgoing]) -> list[Reason]:
    return [DeadLetter.model_validate_json(one.value or b"").reason for one in sent if one.topic == DEAD_LETTERS]


def _catalog() -> Target:
    fields = {"text": "Of leaves and water.", "category": "drinks/tea", "tags": ["green", "black"]}
    good = json.dumps(BODIES[CatalogItem] | fields).encode()

    @asynccontextmanager
    async def opened() -> AsyncIterator[Feed]:
        store, producer, encoder = MemoryStore(), RecordingProducer(), HashEncoder()
        stage = EmbedderStage(store, encoder, producer, Metrics())
        offset = 0

        async def take(one: bytes) -> bool:
            nonlocal offset
            offset += 1
            before = await store.read((), ["news:n1"], encoder.space)
            await stage.handle([Record(CATALOG, 0, offset, b"news:n1", one, offset)])
            refused = bool(_letters(producer.take()))
            if refused:
                assert await store.read((), ["news:n1"], encoder.space) == before
            return not refused

        yield take

    return Target("embedder", (good,), opened)


def _provided(topic: str, key: str) -> Target:
    item, profile = (json.dumps(BODIES[model]).encode() for model in (ItemEmbedding, ProfileEmbedding))

    @asynccontextmanager
    async def opened() -> AsyncIterator[Feed]:
        stage = ProviderStage(SPACE, DIMENSION, Metrics())
        await stage.handle([Record(ITEM_EMBEDDINGS, 0, 0, b"news:kept", item.replace(b'"n1"', b'"kept"'), 0)])
        offset = 0

        async def take(one: bytes) -> bool:
            nonlocal offset
            offset += 1
            await stage.handle([Record(topic, 0, offset, key.encode(), one, 0)])
            asked = SearchBody(space=SPACE, vectors=((1.0,) * DIMENSION,), weights=(0.5,), k=50)
            found = await stage.search("news", asked)
            assert "kept" in {one.item for one in found.items}
            return _reads(ItemEmbedding if topic == ITEM_EMBEDDINGS else ProfileEmbedding, one)

        yield take

    return Target(f"provider {topic}", (item if topic == ITEM_EMBEDDINGS else profile,), opened)


def _controlled(topic: str, model: type[Contract]) -> Target:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Feed]:
        stage = ControlStage(MemoryStore(), RecordingProducer(), metrics=Metrics())

        async def take(one: bytes) -> bool:
            await stage.handle([Record(topic, 0, 0, b"ada", one, 0)])
            return _reads(model, one)

        yield take

    return Target(f"control {topic}", (json.dumps(BODIES[model]).encode(),), opened)


def _reads(model: type[Contract], one: bytes) -> bool:
    try:
        model.model_validate_json(one)
    except ValidationError:
        return False
    return True
