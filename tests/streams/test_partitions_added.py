"""Partitions are added to the mailbox topics: users whose key falls elsewhere now have events in two partitions."""

from random import Random

from tests.streams.agents_world import a_world, records
from tests.workers.mailbox import Mailbox, weights_of
from workers.agent import Event


def moved() -> list[list[Event]]:
    """One user's clicks in the old partition and in the new one, where the producer sends the first one again."""
    before = Mailbox(partition=0)
    old = before.clicks("jazz", range(6))
    after = Mailbox(partition=5, events=list(old))
    new = after.clicks("tea", range(6))
    return [old, [*new, after.send("jazz-0", at=0.0, event_id="e0000", arrives=99.0)]]


async def test_every_event_counts_once_whichever_partition_is_read_first() -> None:
    """Also where two workers hold the partitions, each at its own pace, and after a redelivery of all."""
    for seed in range(20):
        chance, world, parts = Random(seed), await a_world(), moved()
        stages = [world.stage(), world.stage()]
        while any(parts):
            place = chance.choice([place for place, part in enumerate(parts) if part])
            size = chance.randint(1, 4)
            await stages[place].handle(records(parts[place][:size]))
            del parts[place][:size]
        for part in moved():
            await stages[0].handle(records(part))
        state = await world.state()
        assert [entry.event for entry in state.window] == [f"e{number:04d}" for number in range(12)]
        assert state.offsets == {"attune.interactions/0": 5, "attune.interactions/5": 6}
        assert weights_of(state).keys() == {"jazz", "tea"}


async def test_the_offsets_of_a_partition_say_nothing_of_another() -> None:
    """The new partition begins at 0, below what was applied of the old one."""
    world = await a_world()
    old, new = moved()
    stage = world.stage()
    await stage.handle(records(old))
    assert new[0].record.offset < old[-1].record.offset
    await stage.handle(records(new))
    assert len((await world.state()).window) == 12
