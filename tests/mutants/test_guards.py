"""The list of guards is kept: each still stands where it is looked for, and every invariant has some."""

import re

import pytest

from tests.mutants.guards import GUARDS
from tests.mutants.mutation import ROOT, Mutation

PROVEN = set(range(1, 13))
"""Of DESIGN.md's twelve."""


@pytest.mark.parametrize("mutation", GUARDS, ids=lambda one: one.guard.replace(" ", "-"))
def test_the_guard_stands_where_it_is_looked_for(mutation: Mutation) -> None:
    assert mutation.applies(), f"{mutation.file} does not hold its text exactly once"
    assert mutation.old != mutation.new


@pytest.mark.parametrize("mutation", GUARDS, ids=lambda one: one.guard.replace(" ", "-"))
def test_its_tests_exist(mutation: Mutation) -> None:
    for test in mutation.tests.split():
        file, *names = test.split("::")
        text = (ROOT / file).read_text()
        for name in names:
            assert re.search(rf"\b(def|class) {re.escape(name.partition('[')[0])}\b", text), f"{test} is gone"


def test_every_invariant_that_is_built_has_guards() -> None:
    assert {mutation.invariant for mutation in GUARDS} == PROVEN
