"""The embedder and what people type: the texts of edits and proposals get their vectors."""

from base64 import b64encode

import pytest

from schemas.base import EARLIEST
from schemas.command import AddInterest, AvoidText, Edit, EditCommand, ImportCommand, RetryCommand, RewriteInterest
from schemas.document import Carried
from schemas.proposal import Outcome, Proposal
from streams.contract import Record
from streams.topics import CATALOG, COMMANDS, PROPOSALS
from tests.fakes import HashEncoder
from tests.streams.test_embedder import World
from workers.vectors import pack

EDITS = (AddInterest(text="old maps"), RewriteInterest(interest="0" * 12, text="jazz"), AvoidText(text="noise"))


def edit(*edits: Edit) -> Record:
    command = EditCommand(command_id="c", user="ada", time=EARLIEST, edits=edits)
    return Record(COMMANDS, 0, 0, b"ada", command.to_bytes(), 1_000)


def proposal(*edits: Edit) -> Record:
    body = Proposal(
        proposal_id="p",
        user="ada",
        time=EARLIEST,
        base_version=1,
        fencing_token=1,
        proposer="vllm",
        outcome=Outcome.OK,
        edits=edits,
    )
    return Record(PROPOSALS, 0, 0, b"ada", body.to_bytes(), 1_000)


def carried_in(*texts: str) -> Record:
    """A profile's two texts, one of them with a vector, and one that was removed."""
    interest, avoid, removed = texts
    command = ImportCommand(
        command_id="c",
        user="ada",
        time=EARLIEST,
        space="hash-test",
        interests=(Carried(text=interest, weight=0.5, vector=b64encode(bytes(8))),),
        avoid=(Carried(text=avoid, weight=0.5),),
        removed=(removed,),
    )
    return Record(COMMANDS, 0, 0, b"ada", command.to_bytes(), 1_000)


@pytest.mark.parametrize(
    "message",
    [edit(*EDITS), proposal(*EDITS), carried_in("old maps", "jazz", "noise")],
    ids=["edit", "proposal", "import"],
)
async def test_the_texts_of_edits_of_proposals_and_of_what_is_carried_in_get_vectors_and_nothing_is_published(
    message: Record,
) -> None:
    world = World()
    await world.stage.handle([message])
    wanted = ["jazz", "noise", "old maps"]
    known = await world.store.read_phrases("hash-test", wanted)
    assert known == dict(zip(wanted, pack(HashEncoder().encode(wanted)), strict=True))
    assert world.producer.sent == []
    assert world.store.calls[:-1] == ["life", "read_phrases", "put_phrases", "mark"]


async def test_texts_that_somebody_waits_for_come_before_the_items_of_the_batch() -> None:
    world = World()
    await world.stage.handle([world.put("1", "x", category="jazz"), edit(*EDITS)])
    assert world.encoder.encoded == [("jazz", "noise", "old maps"), ("jazz: x",)]
    assert world.store.calls.index("put_phrases") < world.store.calls.index("put_items")
    assert len(await world.stored("1")) == 1


async def test_a_text_that_has_a_vector_is_not_embedded_again() -> None:
    world = World()
    await world.stage.handle([edit(*EDITS)])
    world.encoder.encoded.clear()
    await world.stage.handle([edit(*EDITS), proposal(AddInterest(text="old maps"))])
    assert world.encoder.encoded == []


@pytest.mark.parametrize("topic", [COMMANDS, PROPOSALS])
@pytest.mark.parametrize(
    "value", [None, b"{", b'{"kind": "edit"}', RetryCommand(command_id="r", user="a", time=EARLIEST).to_bytes()]
)
async def test_what_of_a_mailbox_brings_no_text_or_cannot_be_read_is_the_agents_business(
    topic: str, value: bytes | None
) -> None:
    world = World()
    await world.stage.handle([Record(topic, 0, 0, b"ada", value, 0), edit(*EDITS)])
    assert world.producer.sent == []
    assert len(await world.store.read_phrases("hash-test", ["old maps"])) == 1


async def test_it_reads_the_catalog_and_what_people_type() -> None:
    assert World().stage.topics == (CATALOG, COMMANDS, PROPOSALS)
