"""`python -m tests.simulation SEED` or `--seeds N`: see the package."""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: a seed is a small thing, and there is one a core

from tests.simulation.plan import OPEN, plan_of
from tests.simulation.run import Result, play

PIECE = 25
"""Seeds that a process plays at a time: a few seconds."""


def main() -> int:
    words = _parser().parse_args()
    without = (OPEN | frozenset(words.without)) - frozenset(words.including)
    if words.seed is not None:
        return _show(words.seed, without)
    return _play_all(range(words.start, words.start + words.seeds), without, words.jobs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", help="play this one and print its trace")
    parser.add_argument("--seeds", type=int, default=500, metavar="N", help="play so many, on all cores")
    parser.add_argument("--start", type=int, default=0, metavar="SEED", help="the first of them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="processes at a time")
    parser.add_argument("--without", action="append", default=[], metavar="KIND", help="leave this trouble out")
    parser.add_argument("--including", action="append", default=[], metavar="KIND", help="put known trouble in")
    return parser


def _show(seed: int, without: frozenset[str]) -> int:
    result = play(seed, without, trace=True)
    print("\n".join(result.trace))
    print(f"\n{plan_of(seed, without)}\ntrace {result.digest}, {result.seconds:.0f} virtual seconds")
    print(result.told() if result.failures else f"seed {seed}: all is well")
    return bool(result.failures)


def _play_all(seeds: range, without: frozenset[str], jobs: int) -> int:
    started, results = time.monotonic(), list[Result]()
    for some in _played(seeds, without, jobs):
        results += some
        for result in (one for one in some if one.failures):
            print(result.told(), flush=True)
        print(f"\r{len(results)} of {len(seeds)} seeds", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(_summary(results, time.monotonic() - started))
    return any(result.failures for result in results)


def _played(seeds: range, without: frozenset[str], jobs: int) -> Iterator[Sequence[Result]]:
    pieces = [seeds[start : start + PIECE] for start in range(0, len(seeds), PIECE)]
    with ProcessPoolExecutor(jobs) as pool:
        for future in as_completed([pool.submit(_piece, piece, without) for piece in pieces]):
            yield future.result()


def _piece(seeds: range, without: frozenset[str]) -> list[Result]:
    return [play(seed, without) for seed in seeds]


def _summary(results: Sequence[Result], seconds: float) -> str:
    faults = sum((result.faults for result in results), Counter[str]())
    kinds = Counter[str]()
    for what, count in faults.items():
        kinds["die at a call" if what.startswith("die ") else what] += count
    failed = sorted(result.plan.seed for result in results if result.failures)
    virtual = sum(result.seconds for result in results)
    lines = [
        f"{len(results)} seeds in {seconds:.0f} s: {len(failed)} failed {failed or ''}".rstrip(),
        f"{sum(result.events for result in results)} events, {sum(result.commits for result in results)} commits,"
        f" {virtual / 3600:.1f} virtual hours",
        f"{sum(result.edits for result in results)} edits of people who stayed,"
        f" {sum(result.forgotten for result in results)} people forgotten",
        "faults: " + ", ".join(f"{count} {what}" for what, count in sorted(kinds.items())),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
