"""The simulation finds what it is for: each guard of the service taken out is noticed within a few seeds."""

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.run import play

WITHIN = 100
"""Seeds. Most are found in the first three; what needs two writers of one user at once, or a death in one step, takes
some sixty."""


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", MUTANTS)
def test_a_missing_guard_is_found(name: str) -> None:
    runs = (play(seed, without=frozenset(), variants=MUTANTS[name]) for seed in range(WITHIN))
    assert any(run.failures for run in runs), f"{name}: not found within {WITHIN} seeds"
