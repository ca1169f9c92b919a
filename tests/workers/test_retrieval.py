"""The index against brute force, while it changes, and above the size where FAISS's graph takes over."""

import sys
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.asked import KEEP_AWAY
from workers.errors import SpaceMismatch
from workers.ports import Matrix
from workers.retrieval import Hit, ItemIndex
from workers.scoring import Scoring, contributions, score
from workers.vectors import unit

D = 24
every_kind = pytest.mark.parametrize("scoring", ["linear", "mixture"])
PROFILES: dict[str, list[float]] = {
    "several interests": [0.4, 0.2, 0.1, 0.1],
    "one interest": [0.8],
    "likes and dislikes": [0.3, -0.2, 0.1, -0.3],
    "dislikes only": [-0.2, -0.4],
}
every_profile = pytest.mark.parametrize("weights", PROFILES.values(), ids=PROFILES)


def vectors(n: int, seed: int = 0, topics: int = 12) -> Matrix:
    """Items of a few topics, as catalogs are."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(topics, D))
    return unit((centres[random.integers(topics, size=n)] + 0.6 * random.normal(size=(n, D))).astype(np.float32))


def names(n: int, first: int = 0) -> list[str]:
    return [f"item {number:05d}" for number in range(first, first + n)]


def filled(n: int, exact_below: int = 50_000, step: int = 64) -> tuple[ItemIndex, dict[str, Matrix]]:
    index, rows = ItemIndex(D, "test", exact_below, step), vectors(n)
    for start in range(0, n, 50):
        index.put(names(n)[start : start + 50], rows[start : start + 50])
    return index, dict(zip(names(n), rows, strict=True))


def brute_force(
    items: dict[str, Matrix],
    asked: Matrix,
    weights: list[float],
    avoid: Matrix,
    k: int,
    scoring: Scoring,
    keep_away: float = KEEP_AWAY,
) -> list[Hit]:
    rows = np.array(list(items.values()), np.float64)
    cosines = rows @ asked.T.astype(np.float64)
    scores = np.round(score(scoring, cosines, np.array(weights), rows @ avoid.T.astype(np.float64)), 9)
    nearest = np.round((rows @ avoid.T.astype(np.float64)).max(axis=1, initial=-1), 9)
    scores[nearest >= keep_away] = -np.inf
    brought = contributions(scoring, cosines, np.array(weights)).argmax(axis=1)
    hits = [Hit(*hit) for hit in zip(items, scores.tolist(), brought.tolist(), strict=True) if hit[1] > -np.inf]
    return sorted(hits, key=lambda hit: (-hit.score, hit.key))[:k]


def close(found: list[Hit], expected: list[Hit]) -> bool:
    return [(hit.key, hit.interest) for hit in found] == [(hit.key, hit.interest) for hit in expected] and [
        hit.score for hit in found
    ] == pytest.approx([hit.score for hit in expected], abs=1e-8)


@every_kind
@pytest.mark.parametrize("keep_away", [None, 0.0, 0.2, 0.6, 1.0])
@pytest.mark.parametrize("exact_below", [50_000, 200])
def test_nothing_too_near_to_what_is_avoided_and_others_in_its_place(
    scoring: Scoring, keep_away: float | None, exact_below: int
) -> None:
    """Also above the size where the graph is asked, and where it knows of nothing else near the interests."""
    index, items = filled(700, exact_below)
    asked = vectors(3, seed=5)
    avoid, weights = asked[:2], [0.4, 0.3, 0.1]
    found = index.search(asked, weights, avoid, k=20, scoring=scoring, keep_away=keep_away)
    limit = KEEP_AWAY if keep_away is None else keep_away
    nearest = [float((items[hit.key].astype(np.float64) @ avoid.T.astype(np.float64)).max()) for hit in found]
    assert all(cosine < limit for cosine in nearest)
    allowed = brute_force(items, asked, weights, avoid, len(items), scoring, limit)
    assert len(found) == min(20, len(allowed))
    if exact_below == 50_000:
        assert close(found, allowed[:20])


def test_an_item_just_at_the_distance_is_too_near() -> None:
    """To the ninth digit, as scores are told apart."""
    index = ItemIndex(2, "test")
    index.put(["at", "beyond"], np.array([[0.6, 0.8], [0.59999, 0.80001]], np.float32))
    found = index.search([[0.0, 1.0]], [1.0], [[1.0, 0.0]], keep_away=round(float(np.float32(0.6)), 9))
    assert [hit.key for hit in found] == ["beyond"]


@every_kind
@every_profile
@pytest.mark.parametrize("avoided", [0, 2])
def test_up_to_the_size_it_equals_brute_force(scoring: Scoring, weights: list[float], avoided: int) -> None:
    index, items = filled(700)
    asked, avoid = vectors(len(weights), seed=5), vectors(avoided, seed=6)
    found = index.search(asked, weights, avoid, k=20, scoring=scoring)
    assert close(found, brute_force(items, asked, weights, avoid, 20, scoring))


@every_kind
@every_profile
def test_above_the_size_it_finds_nearly_all(scoring: Scoring, weights: list[float]) -> None:
    """12 searches for 10 items: 0.967 and more measured. Without a positive interest the mixture scores every item."""
    index, items = filled(3_000, exact_below=500)
    recalled = 0
    for seed in range(12):
        asked = vectors(len(weights), seed=100 + seed)
        found = {hit.key for hit in index.search(asked, weights, k=10, scoring=scoring)}
        best = brute_force(items, asked, weights, vectors(0), 10, scoring)
        recalled += len(found & {hit.key for hit in best})
    assert recalled >= 0.95 * 120
    assert recalled == 120 or scoring == "linear" or max(weights) > 0


def test_above_the_size_the_newest_are_found_before_they_are_in_the_graph() -> None:
    index, _ = filled(1_000, exact_below=500, step=64)
    probe = unit(np.ones((1, D), np.float32))
    index.put(["brand new"], probe)
    assert index.search(probe, [1.0], k=1)[0].key == "brand new"
    index.remove(["brand new"])
    assert index.search(probe, [1.0], k=1)[0].key != "brand new"


@pytest.mark.parametrize("removed", [3, 60, 200, 900])
def test_above_the_size_a_topic_that_was_taken_out_hides_nothing(removed: int) -> None:
    """The graph finds the dead too, and a tight topic (here 167 items) is an island in it."""
    index, items = filled(2_000, exact_below=200, step=100)
    probe = vectors(1, seed=3)
    nearest = [hit.key for hit in brute_force(items, probe, [1.0], vectors(0), 2_000, "mixture")]
    index.remove(nearest[:removed])
    found = {hit.key for hit in index.search(probe, [1.0], k=10)}
    assert len(found & set(nearest[removed : removed + 10])) >= 9


def test_items_that_differ_by_less_than_float32_can_tell_are_told_apart() -> None:
    random = np.random.default_rng(3)
    rows = unit(vectors(1) + 3e-7 * random.normal(size=(2_000, D)))
    index = ItemIndex(D, "test")
    index.put(names(2_000), rows)
    asked = vectors(5, seed=9)
    expected = brute_force(dict(zip(names(2_000), rows, strict=True)), asked, [0.2] * 5, vectors(0), 5, "mixture")
    assert [hit.key for hit in index.search(asked, [0.2] * 5, k=5)] == [hit.key for hit in expected]


@every_kind
def test_like_items_come_in_the_order_of_their_keys(scoring: Scoring) -> None:
    """Whatever their place in memory: the last bits of a matrix product depend on that."""
    index, random = ItemIndex(384, "test"), np.random.default_rng(4)
    twin, asked = unit(random.normal(size=(1, 384))), unit(random.normal(size=(7, 384)))
    twins = sorted(f"twin {number:03d}" for number in range(133))
    for key in random.permutation(twins):
        index.put([str(key)], twin)
    found = index.search(asked, [0.1] * 7, k=133, scoring=scoring)
    assert [hit.key for hit in found] == twins
    assert len({hit.score for hit in found}) == 1


def test_the_hit_names_the_interest_that_brought_it() -> None:
    index = ItemIndex(2, "test")
    index.put(["east", "north"], np.eye(2))
    found = index.search(np.eye(2)[::-1], [0.3, 0.6])
    assert [(hit.key, hit.interest) for hit in found] == [("east", 1), ("north", 0)]


def test_nothing_below_the_threshold() -> None:
    index, items = filled(300)
    asked = vectors(2, seed=1)
    all_of_them = brute_force(items, asked, [0.5, 0.5], vectors(0), 300, "mixture")
    threshold = all_of_them[12].score
    assert close(index.search(asked, [0.5, 0.5], k=300, threshold=threshold), all_of_them[:13])
    assert index.search(asked, [0.5, 0.5], threshold=1.0) == []


def test_without_items_or_interests_nothing_is_found() -> None:
    index, _ = filled(10)
    assert ItemIndex(D, "test").search(vectors(1), [1.0]) == []
    assert index.search((), (), vectors(1)) == []
    assert index.search(vectors(1), [0.0]) == []


def test_the_last_vector_of_a_key_counts() -> None:
    index = ItemIndex(2, "test")
    index.put(["a", "b", "a"], [[1, 0], [1, 0], [0, 1]])
    assert len(index) == 2
    assert [hit.key for hit in index.search([[1, 0]], [1], k=1)] == ["b"]
    index.put(["b"], [[0, 1]])
    assert index.search([[1, 0]], [1], threshold=0.5) == []
    assert len(index.search([[0, 1]], [1], threshold=0.5)) == 2


@pytest.mark.parametrize(
    "change", [lambda index: index.put(["a"], [[1, 0]]), lambda index: index.search([[1, 0]], [1])]
)
def test_another_length_is_refused_with_both_lengths(change: Callable[[ItemIndex], object]) -> None:
    index = ItemIndex(D, "test")
    with pytest.raises(SpaceMismatch, match=f"2 components and this space has {D}"):
        change(index)
    assert len(index) == 0


def test_avoid_of_another_length_is_refused() -> None:
    with pytest.raises(SpaceMismatch, match="2 components"):
        filled(5)[0].search(vectors(1), [1.0], [[1, 0]])


def test_one_weight_for_each_vector_and_one_vector_for_each_key() -> None:
    index, _ = filled(5)
    with pytest.raises(ValueError, match="one weight for each of 2 vectors, not 1"):
        index.search(vectors(2), [1.0])
    with pytest.raises(ValueError, match="one vector for each of 2 keys, not 1"):
        index.put(["a", "b"], vectors(1))


changes = st.lists(st.tuples(st.booleans(), st.lists(st.integers(0, 30), max_size=8)), max_size=30)


@given(changes, st.sampled_from([5, 50_000]))
@settings(max_examples=60, deadline=None)
def test_after_any_changes_it_holds_what_a_dict_would(steps: list[tuple[bool, list[int]]], exact_below: int) -> None:
    """Small steps, so that arrays grow, the dead are left out and the graph begins anew on the way."""
    index, items = ItemIndex(D, "test", exact_below, step=4), dict[str, Matrix]()
    for seed, (putting, numbers) in enumerate(steps):
        keys = [f"{number:02d}" for number in numbers]
        if putting:
            rows = vectors(len(keys), seed=seed)
            index.put(keys, rows)
            items.update(zip(keys, rows, strict=True))
        else:
            index.remove(keys)
            items = {key: row for key, row in items.items() if key not in keys}
    asked = vectors(2, seed=1_000)
    assert len(index) == len(items)
    found = index.search(asked, [0.5, 0.3], k=40)
    expected = brute_force(items, asked, [0.5, 0.3], vectors(0), 40, "mixture") if items else []
    if exact_below > 40:
        assert close(found, expected)
    else:  # a graph of a few items may miss one of them
        assert {hit.key for hit in found} <= items.keys()
        assert len(found) >= 0.8 * len(items)


@pytest.fixture
def _threads_take_turns_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def while_they_change(index: ItemIndex, look: Callable[[list[str]], bool]) -> int:
    """Two writers keep moving pairs of items together from one pole to the other, and keep writing others where they
    are, while three readers search at one pole and `look` at the keys found. Returns how often that was wrong."""
    poles = np.eye(2, D)
    pairs = [[f"{number}{half}" for half in "ab"] for number in range(40)]
    steady = [f"{number} stays" for number in range(40)]
    index.put([*(key for pair in pairs for key in pair), *steady], np.repeat(poles[:1], 120, axis=0))
    over, wrong = threading.Event(), list[list[str]]()

    def write(mine: slice) -> None:
        keys = [*(key for pair in pairs[mine] for key in pair), *steady[mine]]
        for turn in range(1, 200):
            index.put(
                keys, np.concatenate([np.repeat(poles[[turn % 2]], 40, axis=0), np.repeat(poles[:1], 20, axis=0)])
            )
        over.set()

    def read() -> None:
        while not over.is_set():
            found = [hit.key for hit in index.search(poles[:1], [1.0], k=500, threshold=0.5)]
            if not look(found):
                wrong.append(found)

    threads = [threading.Thread(target=write, args=(slice(half * 20, half * 20 + 20),)) for half in (0, 1)]
    threads += [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(index) == 120
    return len(wrong)


@pytest.mark.usefixtures("_threads_take_turns_often")
def test_a_search_sees_one_moment_while_items_change() -> None:
    """Two moments mixed would show half a pair, or an item twice, or one that stays where it is not at all."""

    def whole(found: list[str]) -> bool:
        moved = [key for key in found if not key.endswith("stays")]
        pairs = [f"{key[:-1]}{half}" for key in moved if key.endswith("a") for half in "ab"]
        return sorted(moved) == sorted(pairs) and len(set(found)) == len(found) == len(moved) + 40

    assert while_they_change(ItemIndex(D, "test", step=32), whole) == 0


@pytest.mark.usefixtures("_threads_take_turns_often")
def test_above_the_size_a_search_never_sees_an_item_twice() -> None:
    """The graph may miss one of many like items, but the old row and the new one are of two moments."""
    index = ItemIndex(D, "test", exact_below=100, step=32)
    assert while_they_change(index, lambda found: len(found) == len(set(found))) == 0


def test_a_change_is_searchable_as_soon_as_it_returns() -> None:
    index = ItemIndex(D, "test", step=16)
    for before, (key, row) in enumerate(zip(names(200), vectors(200), strict=True)):
        index.put([key], row[None, :])
        assert index.search(row[None, :], [1.0], k=1)[0].key == key
        assert len(index) == before + 1


def test_the_best_come_first() -> None:
    found = filled(500)[0].search(vectors(3, seed=4), [0.2, 0.2, 0.2], k=50)
    assert all(one.score >= other.score for one, other in pairwise(found))
