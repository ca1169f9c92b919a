"""One guard taken out of a copy of the sources, and the tests that must notice."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SOURCES = ("schemas", "workers", "streams", "infra", "client", "benchmarks", "tests", "pyproject.toml", "README.md")

TIME_LIMIT = 300.0
"""Seconds for the tests of one mutation. A mutant that hangs has been noticed, too: the tests' own limit is 180."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """`old` stands exactly once in `file` and becomes `new`. `tests` are what pytest is asked to run."""

    invariant: int
    """Of DESIGN.md, section 4."""
    guard: str
    """What is taken away, in words."""
    file: str
    old: str
    new: str
    tests: str

    def applies(self, root: Path = ROOT) -> bool:
        return (root / self.file).read_text().count(self.old) == 1


class Outcome(Enum):
    NOTICED = "noticed"
    SURVIVED = "SURVIVED"
    """Every test passed without the guard."""
    UNCLEAR = "UNCLEAR"
    """pytest ran no test, the tests fail with the guard too, or the sources do not hold its text any more."""


def copy_sources(folder: Path, sources: Iterable[str] = SOURCES) -> None:
    """What the tests import, without what they leave behind."""
    ignored = shutil.ignore_patterns("__pycache__", ".*_cache", "*.egg-info")
    for name in sources:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy2(source, folder / name)


def try_out(mutation: Mutation, root: Path) -> Outcome:
    """Runs the tests in the copy under `root` with the guard taken out, and puts it back."""
    if not mutation.applies(root):
        return Outcome.UNCLEAR
    place = root / mutation.file
    whole = place.read_text()
    place.write_text(whole.replace(mutation.old, mutation.new))
    try:
        return _verdict(_run(mutation.tests.split(), root))
    finally:
        place.write_text(whole)


def passes(tests: str, root: Path) -> bool:
    """Whether the tests pass in the copy as it is: only then does their failing say something."""
    return _run(tests.split(), root) == 0


def _run(tests: list[str], root: Path) -> int | None:
    """pytest's exit code; None where it did not end in time. The copy comes first on the path, before the installed
    sources."""
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), str(root / "client")])}
    try:
        return subprocess.run(
            command, cwd=root, env=environment, timeout=TIME_LIMIT, check=False, capture_output=True
        ).returncode
    except subprocess.TimeoutExpired:
        return None


def _verdict(code: int | None) -> Outcome:
    match code:
        case 0:
            return Outcome.SURVIVED
        case 1 | None:
            return Outcome.NOTICED
        case _:
            return Outcome.UNCLEAR
