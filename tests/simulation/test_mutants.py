"""The simulation finds what it is for: each guard of the service taken out is noticed within a few seeds."""

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.run import play

WITHIN = 40
"""Seeds. Most are found in the first three; what needs a death between two steps takes a dozen."""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_missing_guard_is_found(name: str) -> None:
    runs = (play(seed, without=frozenset(), variants=MUTANTS[name]) for seed in range(WITHIN))
    assert any(run.failures for run in runs), f"{name}: not found within {WITHIN} seeds"
