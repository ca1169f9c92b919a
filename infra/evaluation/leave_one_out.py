"""RecBole's leave-one-out files as cases: the history makes the profile; the item that followed is ranked among the
first few candidates that are not it.

The history stays as it is, also where one of these candidates stands in it (26 entries of the 100 users' CDs): only a
wrong candidate can (the item that followed never does), so leaving such entries out would tell the ranker which ones
are wrong. The item that followed never reaches the profile.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from infra.evaluation.cases import Case
from infra.loaders.opening import open_interactions
from infra.loaders.reading import FileRefused, Source, filled
from infra.loaders.rows import Refusal, Row
from schemas.base import item_key
from schemas.interaction import Interaction
from workers.evaluation.halves import Half, is_in


@dataclass(slots=True)
class Left:
    """What was read and not used."""

    lines: int = 0
    """That could not be read, of either file."""
    without_candidates: int = 0
    """Users who have fewer candidates than asked for, or none that the catalog knows."""
    unknown_target: int = 0
    """Users whose next item the catalog lacks."""


class LeaveOneOut:
    """The cases of a history file (`.inter` with a list), in its order."""

    def __init__(
        self, history: Path, candidates: Path, provider: str, known: Collection[str], negatives: int, half: Half
    ) -> None:
        self.left = Left()
        self._history = history
        self._candidates = candidates
        self._provider = provider
        self._known = known
        self._negatives = negatives
        self._half = half

    def __iter__(self) -> Iterator[Case]:
        """Raises `FileRefused`."""
        offered = self._offered()
        for user, entries in self._histories():
            *history, target = entries
            if not is_in(self._half, user):
                continue
            if target.item_key not in self._known:
                self.left.unknown_target += 1
                continue
            wrong = [key for key in offered.get(user, ()) if key != target.item_key and key in self._known]
            if len(wrong) < self._negatives:
                self.left.without_candidates += 1
                continue
            candidates = (target.item_key, *wrong[: self._negatives])
            past = tuple(one for one in history if one.item_key != target.item_key)
            yield Case(user, past, candidates, np.arange(len(candidates)) == 0)

    def _histories(self) -> Iterator[tuple[str, list[Interaction]]]:
        """Of each line the entries and, last, the item that followed. A line with an entry that cannot be read is left
        out whole."""
        opened = open_interactions(self._history, self._provider)
        with opened.source:
            line: list[Row[Interaction] | Refusal] = []
            for row in opened.rows:
                if line and row.line != line[0].line:
                    yield from self._whole(line)
                    line = []
                line.append(row)
            yield from self._whole(line)

    def _whole(self, line: list[Row[Interaction] | Refusal]) -> Iterator[tuple[str, list[Interaction]]]:
        bodies = [row.body for row in line if isinstance(row, Row)]
        if len(bodies) == len(line) >= 1:
            yield bodies[0].user, bodies
        else:
            self.left.lines += bool(line)

    def _offered(self) -> dict[str, list[str]]:
        """Each user's candidates, from lines of (user, items parted by blanks)."""
        offered = {}
        with Source(self._candidates) as source:
            source.check_text()
            for line in filled(source.lines()):
                user, parted, items = ("", "", "") if isinstance(line, Refusal) else line.text.partition("\t")
                if parted:
                    offered[user.strip()] = [item_key(self._provider, item) for item in items.split()]
                else:
                    self.left.lines += 1
        if not offered:
            raise FileRefused(f"{self._candidates} holds no lines of (user, tab, items parted by blanks)")
        return offered
