"""What every store does with the keys that seal: made once, read together, destroyed for good."""

import asyncio

import pytest

from workers.errors import StoreUnavailable
from workers.ports import Store

ANN, BOB, EVE = (name * 32 for name in (b"a", b"b", b"e"))


async def test_a_mailbox_that_never_had_a_key_is_absent(store: Store) -> None:
    assert await store.read_keys([ANN, BOB]) == {}
    assert await store.read_keys([]) == {}
    assert await store.add_keys({}) == {}
    await store.destroy_keys([], await store.life())


async def test_keys_are_read_as_they_were_added_the_first_one_first(store: Store) -> None:
    assert await store.add_keys({ANN: [b"one"], BOB: [b"\x00\xff", b""]}) == {ANN: (b"one",), BOB: (b"\x00\xff", b"")}
    assert await store.add_keys({ANN: [b"two", b"one"]}) == {ANN: (b"one", b"two")}
    assert await store.add_keys({ANN: []}) == {ANN: (b"one", b"two")}
    assert await store.read_keys([BOB, ANN, EVE, ANN]) == {ANN: (b"one", b"two"), BOB: (b"\x00\xff", b"")}


async def test_of_several_who_make_one_at_once_all_get_the_same_first(store: Store) -> None:
    made = await asyncio.gather(*(store.add_keys({ANN: [b"key %d" % number]}) for number in range(8)))
    (first,) = {keys[ANN][0] for keys in made}
    assert (await store.read_keys([ANN]))[ANN][0] == first


async def test_destroyed_keys_are_gone_and_no_other_takes_their_place(store: Store) -> None:
    await store.add_keys({ANN: [b"one"], BOB: [b"one"]})
    await store.destroy_keys([ANN, EVE], await store.life())
    assert await store.read_keys([ANN, BOB, EVE]) == {ANN: (), BOB: (b"one",), EVE: ()}
    assert await store.add_keys({ANN: [b"two"], BOB: [b"two"], EVE: [b"two"]}) == {
        ANN: (),
        BOB: (b"one", b"two"),
        EVE: (),
    }
    await store.destroy_keys([ANN], await store.life())
    assert await store.read_keys([ANN]) == {ANN: ()}


async def test_keys_are_destroyed_in_the_life_of_the_store_that_is_named(store: Store) -> None:
    """Who was erased before that may be back in another one."""
    await store.add_keys({ANN: [b"one"]})
    with pytest.raises(StoreUnavailable, match=r"life|done again"):
        await store.destroy_keys([ANN, EVE], "another")
    assert await store.read_keys([ANN, EVE]) == {ANN: (b"one",)}


async def test_a_user_is_forgotten_without_the_key_and_the_key_without_the_user(store: Store) -> None:
    await store.add_keys({b"ann": [b"one"]})
    await store.forget("ann")
    assert await store.read_keys([b"ann"]) == {b"ann": (b"one",)}


@pytest.mark.parametrize("count", [3_000])
async def test_many_at_once(store: Store, count: int) -> None:
    keys = {b"%032d" % number: [b"key %d" % number] for number in range(count)}
    await store.add_keys(keys)
    found = await store.read_keys(keys)
    assert found == {mailbox: tuple(added) for mailbox, added in keys.items()}
