"""What is remembered of tombstones: for how long, and how many."""

from streams.gone import Gone
from workers.standing import REMEMBERED_MS


def test_a_tombstone_is_remembered_for_an_hour_of_the_brokers_time() -> None:
    gone = Gone()
    gone.remember("a", "x", 1_000)
    assert gone.of("a", 1_000 + REMEMBERED_MS) == "x"
    assert gone.of("a", 1_001 + REMEMBERED_MS) is None
    assert gone.of("b", 1_000) is None


def test_the_newest_tombstone_of_a_key_counts() -> None:
    gone = Gone()
    gone.remember("a", "x", 0)
    gone.remember("a", "", REMEMBERED_MS)
    assert gone.of("a", 2 * REMEMBERED_MS) == ""


def test_what_is_over_is_let_go() -> None:
    gone = Gone()
    for number in range(10):
        gone.remember(str(number), "", number)
    gone.remember("later", "", REMEMBERED_MS + 5)
    assert len(gone) == 6


def test_beyond_the_cap_the_oldest_goes() -> None:
    gone = Gone(most=3)
    for name in ("a", "b", "a", "c", "d"):
        gone.remember(name, name, 0)
    assert [gone.of(name, 0) for name in "abcd"] == ["a", None, "c", "d"]
