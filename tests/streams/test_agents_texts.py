"""The agents stage and texts: what is typed is looked for soon; refinements go out as jobs, come in as proposals."""

import pytest

from schemas.command import AddInterest, ImportCommand, RetryCommand, RollbackCommand
from schemas.dead_letter import DeadLetter, Reason
from schemas.document import Carried
from schemas.proposal import Outcome, RefineTrigger
from streams.embedder import EmbedderStage
from streams.topics import DEAD_LETTERS, PROFILE_EMBEDDINGS, PROFILE_EVENTS
from tests.fakes import HashEncoder
from tests.streams.agents_world import NOW, World, a_world, body, records
from tests.workers.mailbox import DIMENSION, SPACE, START, Mailbox, milliseconds, weights_of
from workers.editing import ADDED_WEIGHT
from workers.jobs import RefineJob
from workers.ports import Due


def letters(world: World) -> list[DeadLetter]:
    return [DeadLetter.model_validate_json(message.value or b"") for message in world.producer.of(DEAD_LETTERS)]


async def test_a_typed_text_is_looked_for_at_once_and_ever_more_rarely() -> None:
    world = await a_world()
    world.now = START.timestamp()
    mailbox = Mailbox()
    stage = world.stage()
    await stage.handle([mailbox.edit(AddInterest(text="a text of my own"), arrives=0.0).record])
    looks = []
    while due := await world.store.claim_due("waiting", 1e12, 9, 0.0):
        world.now = due[0].due
        looks.append(world.now - START.timestamp())
        retry = RetryCommand(command_id=f"waiting:{world.now:.3f}", user="ada", time=START)
        await stage.handle([mailbox.put(retry, arrives=looks[-1]).record])
    assert looks[:5] == pytest.approx([0.1, 0.2, 0.3, 0.45, 0.675], abs=2e-3)
    assert len(looks) == 17
    assert looks[-1] == 60.0
    assert [letter.reason for letter in letters(world)] == [Reason.UNKNOWN_WORDS]


async def test_a_text_typed_after_another_that_waits_in_vain_is_looked_for_at_once_too() -> None:
    world = await a_world()
    world.now = START.timestamp() + 50
    mailbox = Mailbox()
    mailbox.edit(AddInterest(text="a text of my own"), arrives=0.0)
    mailbox.edit(AddInterest(text="another"), arrives=50.0)
    mailbox.send("unknown-1", at=0.0)
    await world.stage().handle(records(mailbox.events))
    ((_, due),) = [(one.user, one.due) for one in await world.store.claim_due("waiting", 1e12, 9, 0.0)]
    assert due == pytest.approx(world.now + 0.1)


async def test_a_typed_text_stands_in_the_profile_once_the_embedder_has_seen_the_command() -> None:
    world = await a_world()
    mailbox = Mailbox()
    command = mailbox.edit(AddInterest(text="a text of my own"), arrives=0.0)
    stage = world.stage()
    await stage.handle([command.record])
    assert (await world.record()).outbox == ()
    encoder = HashEncoder(dimension=DIMENSION, space=SPACE)
    await EmbedderStage(world.store, encoder, world.producer, world.metrics).handle([command.record])
    retry = RetryCommand(command_id="r", user="ada", time=START)
    await stage.handle([mailbox.put(retry, arrives=0.2).record])
    assert weights_of(await world.state()) == {"a text of my own": ADDED_WEIGHT}
    (notice,) = world.producer.of(PROFILE_EVENTS)
    assert body(notice)["cause"] == "edit"
    assert len(world.producer.of(PROFILE_EMBEDDINGS)) == 2


async def test_what_is_carried_in_stands_once_its_words_are_embedded_and_can_be_taken_back() -> None:
    world = await a_world()
    mailbox = Mailbox()
    stage = world.stage()
    await stage.handle([mailbox.edit(AddInterest(text="tea"), arrives=0.0).record])
    carried = ImportCommand(
        command_id="in",
        user="ada",
        time=START,
        space="another-space",
        interests=(Carried(text="words from elsewhere", weight=0.625, own=True),),
        removed=("what I left behind",),
    )
    command = mailbox.put(carried, arrives=1.0)
    await stage.handle([command.record])
    assert weights_of(await world.state()) == {"tea": ADDED_WEIGHT}
    encoder = HashEncoder(dimension=DIMENSION, space=SPACE)
    await EmbedderStage(world.store, encoder, world.producer, world.metrics).handle([command.record])
    retry = RetryCommand(command_id="r", user="ada", time=START)
    await stage.handle([mailbox.put(retry, arrives=1.2).record])
    assert weights_of(await world.state()) == {"words from elsewhere": 0.625}
    back = RollbackCommand(command_id="back", user="ada", time=START, version=1)
    await stage.handle([mailbox.put(back, arrives=2.0).record])
    assert weights_of(await world.state()) == {"tea": ADDED_WEIGHT}
    assert [body(notice)["cause"] for notice in world.producer.of(PROFILE_EVENTS)] == ["edit", "import", "rollback"]
    assert letters(world) == []


async def test_a_refinement_is_due_beside_the_state_and_its_job_goes_with_the_commit() -> None:
    world = await a_world()
    mailbox = Mailbox()
    stage = world.stage()
    await stage.handle(records(mailbox.clicks("tea", range(10))))
    assert await world.store.claim_due("refine", 1e12, 9, 0.0) == [Due("ada", milliseconds(9) / 1000 + 30)]
    assert await world.store.claim_job(NOW, 60.0) is None
    await stage.handle([mailbox.refine(20.0).record])
    leased = await world.store.claim_job(NOW, 60.0)
    assert leased is not None
    job = RefineJob.from_bytes(leased.job)
    assert (job.user, job.trigger, job.base_version) == ("ada", RefineTrigger.DEMAND, 2)
    assert await world.store.claim_due("refine", 1e12, 9, 0.0) == []
    assert world.count("attune_refinement_jobs_total", trigger="demand") == 1


async def test_how_a_refinement_ended_is_counted_once_though_it_came_twice() -> None:
    world = await a_world()
    mailbox = Mailbox()
    batch = records([*mailbox.clicks("tea", range(2)), mailbox.propose(outcome=Outcome.FAILED)])
    stage = world.stage()
    await stage.handle(batch)
    await stage.handle(batch)
    assert world.count("attune_refinements_total", trigger="demand", outcome="failed") == 1
    assert letters(world) == []


async def test_what_a_proposal_is_judged_against_comes_with_the_first_read() -> None:
    world = await a_world()
    mailbox = Mailbox()
    stage = world.stage()
    await stage.handle(records(mailbox.clicks("tea", range(12))))
    world.store.calls.clear()
    negatives = tuple(f"news:chess-{number}" for number in range(6))
    await stage.handle(
        [mailbox.propose(AddInterest(text="tea"), AddInterest(text="rowing"), negatives=negatives).record]
    )
    assert world.store.calls == ["read", "read_phrases", "commit"]
    assert world.total("attune_refinements_total") == 1
