"""MIND's behaviors as cases: a line's history makes the profile, its candidates are ranked.

No item of a line's candidates reaches the profile: where one stands in the history too (7 of 25,500 in the development
data), that entry is left out. Candidates that the catalog lacks are left out and counted.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from infra.evaluation.cases import Case
from infra.loaders.mind import read_behaviors
from infra.loaders.reading import Line, Source, filled
from infra.loaders.rows import Refusal, Row
from schemas.base import EARLIEST
from schemas.interaction import Interaction, Signal
from workers.evaluation.halves import Half, is_in


@dataclass(slots=True)
class Skipped:
    """What was read and not used."""

    lines: int = 0
    """Not of MIND's form."""
    one_sided: int = 0
    """Impressions without a click, or with nothing but clicks."""
    candidates: int = 0
    """Not in the catalog, or without a label."""
    history_in_test: int = 0
    """History entries left out since their item is a candidate."""


@dataclass(frozen=True, slots=True)
class _Parsed:
    """One line: its history, and its candidates as the clicks and impressions that they were."""

    user: str
    history: tuple[Interaction, ...]
    shown: tuple[Interaction, ...]

    @property
    def moment(self) -> datetime:
        """Of the impression: its candidates stand milliseconds after it."""
        return min((one.time for one in self.shown), default=EARLIEST).replace(microsecond=0)


class Behaviors:
    """The cases of a file, in its order. `evidence`: what the same user did with impressions that stand before in
    the file, and are not later, belongs to the history too."""

    def __init__(self, path: Path, provider: str, known: Collection[str], half: Half, evidence: bool = False) -> None:
        self.skipped = Skipped()
        self._path = path
        self._provider = provider
        self._known = known
        self._half = half
        self._evidence = evidence

    def __iter__(self) -> Iterator[Case]:
        """Raises `FileRefused` for a file that is no text."""
        before: dict[str, list[_Parsed]] = defaultdict(list)
        for line in self._lines():
            earlier = [one for other in before[line.user] if other.moment <= line.moment for one in other.shown]
            case = self._case(line, earlier)
            if self._evidence:
                before[line.user].append(line)
            if case.can_be_judged:
                yield case
            else:
                self.skipped.one_sided += 1

    def _lines(self) -> Iterator[_Parsed]:
        with Source(self._path) as source:
            source.check_text()
            for line in filled(source.lines()):
                parsed = None if isinstance(line, Refusal) else self._parse(line)
                if parsed is None:
                    self.skipped.lines += 1
                elif is_in(self._half, parsed.user):
                    yield parsed

    def _parse(self, line: Line) -> _Parsed | None:
        rows = list(read_behaviors([line], self._provider, impressions=True))
        bodies = [row.body if isinstance(row, Row) else None for row in rows]
        user = next((body.user for body in bodies if body is not None), None)
        if user is None:
            return None
        entries = len(line.text.split("\t")[3].split())
        self.skipped.candidates += bodies[entries:].count(None)
        history, shown = (tuple(one for one in part if one) for part in (bodies[:entries], bodies[entries:]))
        return _Parsed(user, history, shown)

    def _case(self, line: _Parsed, earlier: list[Interaction]) -> Case:
        shown = [one for one in line.shown if one.item_key in self._known]
        self.skipped.candidates += len(line.shown) - len(shown)
        test = {one.item_key for one in line.shown}
        past = sorted((*line.history, *earlier), key=lambda one: one.time)
        history = tuple(one for one in past if one.item_key not in test)
        self.skipped.history_in_test += len(past) - len(history)
        liked = np.array([one.signal is Signal.CLICK for one in shown], bool)
        return Case(line.user, history, tuple(one.item_key for one in shown), liked)
