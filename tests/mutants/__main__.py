"""`python -m tests.mutants [WORDS]` tries every mutation that holds the words; exits 1 unless all are noticed."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from tests.mutants.guards import GUARDS
from tests.mutants.mutation import Mutation, Outcome, copy_sources, passes, try_out

T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="only guards, files or tests that hold all of these")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at once")
    chosen = parser.parse_args(arguments)
    mutations = [one for one in GUARDS if all(word in f"{one.guard} {one.file} {one.tests}" for word in chosen.words)]
    outcomes = _try_all(mutations, chosen.jobs)
    bad = [one for one, outcome in zip(mutations, outcomes, strict=True) if outcome is not Outcome.NOTICED]
    print(f"{len(mutations) - len(bad)} of {len(mutations)} guards are proven")
    return 1 if bad or not mutations else 0


def _try_all(mutations: Sequence[Mutation], jobs: int) -> list[Outcome]:
    """First the tests as they are, then each mutation. Each job has a copy of the sources of its own."""
    with tempfile.TemporaryDirectory(prefix="attune-mutants-") as folder, ThreadPoolExecutor(jobs) as pool:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(jobs):
            root = Path(folder, str(number))
            root.mkdir()
            copy_sources(root)
            copies.put(root)

        def in_a_copy(work: Callable[[Path], T]) -> T:
            root = copies.get()
            try:
                return work(root)
            finally:
                copies.put(root)

        tests = sorted({mutation.tests for mutation in mutations})
        sound = dict(zip(tests, pool.map(lambda one: in_a_copy(partial(passes, one)), tests), strict=True))

        def outcome_of(mutation: Mutation) -> Outcome:
            outcome = in_a_copy(partial(try_out, mutation)) if sound[mutation.tests] else Outcome.UNCLEAR
            print(f"{outcome.value:8}  {mutation.invariant:2}  {mutation.guard}", flush=True)
            return outcome

        return list(pool.map(outcome_of, mutations))


if __name__ == "__main__":
    sys.exit(main())
