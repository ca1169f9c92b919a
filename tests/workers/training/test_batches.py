"""Which pairs stand together, and which contents are no negatives."""

import numpy as np

from tests.fakes import HashEncoder
from workers.training.batches import HARD, batches, hard_negatives, related
from workers.training.pairs import Kind, Pair


def pair(item: str, interest: str, content: str) -> Pair:
    return Pair(f"p:{item}", interest, content, Kind.PHRASE)


class TestHardNegatives:
    def rows(self, pairs: list[Pair], contents: dict[str, list[float]]) -> list[tuple[str, ...]]:
        matrix = np.array(list(contents.values()), np.float32)
        interests = np.tile(np.array([1.0, 0.0], np.float32), (len(pairs), 1))
        return hard_negatives(pairs, interests, {text: row for row, text in enumerate(contents)}, matrix)

    def test_are_the_nearest_that_neither_hold_the_words_nor_come_as_near_as_the_own(self) -> None:
        contents = {
            "own": [0.8, 0.6],
            "far": [0.1, 0.9],
            "cool jazz": [0.7, 0.7],
            "near": [0.7, 0.7],
            "nearer, and so perhaps right": [0.77, 0.6],
        }
        assert self.rows([pair("1", "Jazz", "own")], contents) == [("near", "far")]

    def test_are_a_few_of_many(self) -> None:
        contents = {"own": [1.0, 0.0]} | {f"c{n}": [0.5 - n / 1000, 0.5] for n in range(100)}
        assert self.rows([pair("1", "jazz", "own")], contents) == [tuple(f"c{n}" for n in range(HARD))]


class TestBatches:
    def test_hold_each_pair_once_in_an_order_that_the_seed_gives(self) -> None:
        pairs = [pair(str(n), f"w{n}", f"c{n}") for n in range(50)]
        negatives = [(f"c{(n + 1) % 50}",) for n in range(50)]
        first, again, other = (list(batches(pairs, negatives, 8, seed)) for seed in (1, 1, 2))
        assert first == again != other
        assert sorted(position for batch in first for position in batch) == list(range(50))
        assert [len(batch) for batch in first] == [8] * 6 + [2]

    def test_put_a_hard_negative_beside_a_pair(self) -> None:
        pairs = [pair(str(n), f"w{n}", f"c{n}") for n in range(100)]
        negatives = [(f"c{n ^ 1}",) for n in range(100)]
        together = [n // 2 for batch in batches(pairs, negatives, 10, seed=3) for n in batch]
        assert together[::2] == together[1::2]

    def test_do_without_where_no_negative_is_left(self) -> None:
        pairs = [pair(str(n), f"w{n}", f"c{n}") for n in range(5)]
        assert sum(map(len, batches(pairs, [("c0",)] * 5, 2, seed=0))) == 5


def test_what_holds_the_words_is_no_negative() -> None:
    batch = [
        pair("1", "jazz", "cool jazz"),
        pair("2", "Jazz", "a quartet"),
        pair("3", "opera", "jazz, then opera"),
        pair("1", "blue note", "cool jazz"),
        pair("4", "chess", "a gambit"),
    ]
    expected = np.zeros((5, 5), bool)
    expected[0, [1, 2, 3]] = True  # the same words; holds them; the same item
    expected[1, [0, 2, 3]] = True
    expected[3, 0] = True
    assert np.array_equal(related(batch), expected)


def test_related_goes_with_any_encoder_s_words() -> None:
    assert not related([pair("1", "!!", "x"), pair("2", "jazz", "y")]).any()
    assert HashEncoder().encode(["x"]).shape == (1, 32)
