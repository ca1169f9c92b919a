"""Five thousand bad inputs, of a seed that stays: no crash, no 500, nothing changed by what is refused, and nothing
refused further in that a door has accepted. (`python -m tests.hostile` takes more, and other seeds.)"""

import logging
from collections.abc import Iterator
from itertools import islice

import pytest

from tests.hostile.spoiled import inputs
from tests.hostile.target import Broken, Target, plain, run
from tests.hostile.targets import shared

SHARED = shared(5_000)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What cannot be read is told of line by line."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize(("target", "count"), [pytest.param(*one, id=one[0].name) for one in SHARED])
async def test_nothing_that_is_sent_breaks_a_promise(target: Target, count: int) -> None:
    told = await run(target, 0, count)
    assert told.total() == count


@pytest.mark.parametrize("target", [pytest.param(one, id=one.name) for one, _ in SHARED])
async def test_what_is_as_it_should_be_is_accepted(target: Target) -> None:
    """Or all would be refused for another reason than the one that is to be tested."""
    for good in target.good:
        async with target.open() as feed:
            assert await feed(good) or target.name.startswith(("door addresses", "door headers"))


@pytest.mark.parametrize(
    ("one", "accepted"), [(b"?\xff", False), (b"/page/items.js?\xff", True), (b"/v1/users/ada/profile?\xff", True)]
)
async def test_a_query_that_is_no_text_is_no_fault_of_the_service(one: bytes, accepted: bool) -> None:
    (addresses,) = [target for target, _ in SHARED if target.name == "door addresses"]
    async with addresses.open() as feed:
        assert await feed(one) is accepted


def test_the_same_seed_gives_the_same_inputs() -> None:
    good = (b'{"a": [1, {"b": "text"}], "c": null}', b"a\tb\n")
    first, again, other = (list(islice(inputs(seed, good), 500)) for seed in (1, 1, 2))
    assert first == again != other
    assert len(set(first)) > 350


def test_they_hold_what_json_cannot_say() -> None:
    """And what it should not."""
    all_of_them = b"\n".join(islice(inputs(3, (b'{"user": "ada", "weight": 0.5, "edits": [{"op": "add"}]}',)), 3_000))
    for piece in (b"NaN", b"1e400", b"\\ud800", b"\\u0000", b"[" * 1_000, b'{"a":' * 1_000, b"\xff", b"\xed\xa0\x80"):
        assert piece in all_of_them
    assert b'"user": "ada","user":' in all_of_them


async def test_a_broken_promise_is_told_with_what_broke_it() -> None:
    def feed(one: bytes) -> bool:
        assert b"z" not in one
        return True

    target = Target("glass", (b"zebra",), plain(feed))
    with pytest.raises(Broken, match=r"glass breaks on input \d+ of seed 7: [0-9a-f]*7a"):
        await run(target, 7, 50)


def test_there_are_at_least_as_many_as_asked_for() -> None:
    assert sum(count for _, count in SHARED) >= 5_000
