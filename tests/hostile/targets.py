"""All targets, and how many of a run's inputs each gets."""

from tests.hostile.doors import doors
from tests.hostile.files import files
from tests.hostile.parsers import answers, contracts
from tests.hostile.stages import stages
from tests.hostile.target import Target

WEIGHTS = {contracts: 1, answers: 2, files: 2, stages: 4, doors: 6}
"""A contract is one parser; behind a door and a stage stand many."""


def shared(inputs: int) -> list[tuple[Target, int]]:
    """So many inputs at least, in proportion."""
    targets = [(target, weight) for group, weight in WEIGHTS.items() for target in group()]
    parts = sum(weight for _, weight in targets)
    return [(target, -(-inputs * weight // parts)) for target, weight in targets]
