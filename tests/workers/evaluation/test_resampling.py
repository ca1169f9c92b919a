import numpy as np
import pytest

from workers.evaluation.resampling import intervals

USERS = [f"u{number}" for number in range(200)]


def values(seed: int = 1) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    return np.random.default_rng(seed).normal(0.6, 0.2, (200, 2))


def test_the_interval_holds_the_mean_and_is_as_wide_as_theory_says() -> None:
    (one, _) = intervals(values(), USERS, seed=0)
    assert one.mean == pytest.approx(values()[:, 0].mean())
    assert one.low < one.mean < one.high
    assert one.high - one.low == pytest.approx(2 * 1.96 * 0.2 / np.sqrt(200), rel=0.2)


def test_the_same_seed_gives_the_same_interval_and_another_nearly_the_same() -> None:
    assert intervals(values(), USERS, seed=0) == intervals(values(), USERS, seed=0)
    first, second = (intervals(values(), USERS, seed=seed)[0] for seed in (0, 1))
    assert first != second
    assert first.low == pytest.approx(second.low, abs=0.01)


def test_lists_of_one_user_are_not_taken_for_independent() -> None:
    of_twenty = [f"u{number // 10}" for number in range(200)]
    alike = np.repeat(values()[:20], 10, axis=0)
    apart = intervals(alike, USERS, seed=0)[0]
    together = intervals(alike, of_twenty, seed=0)[0]
    assert together.mean == pytest.approx(apart.mean)
    assert together.high - together.low > 2.5 * (apart.high - apart.low)


def test_a_user_with_more_lists_weighs_more_in_the_mean() -> None:
    (mean,) = intervals([[1.0], [0.0], [0.0], [0.0]], ["a", "b", "b", "b"], seed=0)
    assert mean.mean == 0.25


def test_many_users_are_drawn_in_pieces() -> None:
    users = [str(number) for number in range(50_000)]
    (mean,) = intervals(np.arange(50_000)[:, None] % 2, users, seed=0, draws=100)
    assert mean.low < 0.5 < mean.high


@pytest.mark.parametrize(("rows", "users"), [([], []), ([[1.0]], ["a", "b"])])
def test_no_lists_or_lists_of_nobody_are_refused(rows: list[list[float]], users: list[str]) -> None:
    with pytest.raises(ValueError, match="a user each"):
        intervals(rows, users, seed=0)
