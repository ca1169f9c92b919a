"""What a person brought long ago: where it becomes more than is kept of one person, the oldest goes.

Their agent no longer remembers it one by one, and what it said of them stands in the sums. It is taken from the
catalog's topic, and whoever embeds that takes it from the store.
"""

from collections.abc import Collection

from infra.gateway.context import Gateway
from schemas.catalog import description_key
from streams.contract import Outgoing
from streams.topics import CATALOG
from workers.mine import MAX_OWN


async def make_room(owner: bytes, wanted: Collection[str], gateway: Gateway, space: str) -> None:
    """For `wanted`, keys of which nothing goes. Leaves half of what is kept at most, so that it is seldom done."""
    store = gateway.ports.store
    own = await store.own_items(owner)
    count = len({*own, *wanted})
    if count <= MAX_OWN:
        return
    idle = [key for key in own if key not in wanted]
    stored = (await store.read([], idle, space)).items
    idle.sort(key=lambda key: stored[key].standing if key in stored else "")
    gone = idle[: count - MAX_OWN // 2]
    with gateway.writes.enter():
        await gateway.ports.producer.send([Outgoing(CATALOG, description_key(key).encode(), None) for key in gone])
