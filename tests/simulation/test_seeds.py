"""500 runs of the whole service in bad weather, each with another seed: nothing lost, nothing twice, nothing stuck.

A failure names its seed; `python -m tests.simulation SEED` plays it again and prints what happened, step by step.
"""

import pytest

from tests.simulation.run import play

SEEDS = 500
PIECE = 20
"""Seeds in one test: some 3 s on one core."""


@pytest.mark.parametrize("first", range(0, SEEDS, PIECE))
def test_nothing_is_lost_doubled_or_stuck(first: int) -> None:
    failed = [result for result in map(play, range(first, first + PIECE)) if result.failures]
    assert not failed, "\n" + "\n".join(result.told() for result in failed)
