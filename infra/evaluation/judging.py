"""Every ranker on every case: the figures list by list, and their means with how sure they are."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from infra.evaluation.cases import Case
from infra.evaluation.rankers import Ranker
from workers.evaluation.resampling import Interval, intervals

Measure = Callable[[Case, NDArray[np.float64]], tuple[float, ...]]
"""The figures of one list, each in 0..1, from the scores of its candidates."""


@dataclass
class Judged:
    """`figures` names the columns of each ranker's rows (n, k); `users` (n,) tells whose list each was."""

    figures: tuple[str, ...]
    users: list[str] = field(default_factory=list)
    histories: list[int] = field(default_factory=list)
    """Interactions before each list."""
    rows: dict[str, list[tuple[float, ...]]] = field(default_factory=dict)
    """By ranker."""

    def means(self, ranker: str, seed: int, draws: int) -> dict[str, Interval]:
        return self._intervals(np.array(self.rows[ranker]), seed, draws)

    def gains(self, ranker: str, over: str, seed: int, draws: int) -> dict[str, Interval]:
        """By how much it is better, list by list."""
        return self._intervals(np.array(self.rows[ranker]) - np.array(self.rows[over]), seed, draws)

    def _intervals(self, values: NDArray[np.float64], seed: int, draws: int) -> dict[str, Interval]:
        return dict(zip(self.figures, intervals(values, self.users, seed, draws), strict=True))


def judge_cases(
    cases: Iterable[Case],
    rankers: Mapping[str, Ranker],
    figures: Sequence[str],
    measure: Measure,
    done: Callable[[int], None] = lambda count: None,
) -> Judged:
    """Cases that can be judged only. `done` hears how many are by now."""
    judged = Judged(tuple(figures), rows={name: [] for name in rankers})
    for number, case in enumerate(cases, start=1):
        for name, ranker in rankers.items():
            judged.rows[name].append(measure(case, ranker(case)))
        judged.users.append(case.user)
        judged.histories.append(len(case.history))
        done(number)
    return judged
