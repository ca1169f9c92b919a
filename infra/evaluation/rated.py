"""A table of ratings (user_id, title, rating of 1 to 5) as cases: half of a user's ratings makes the profile, of the
other half the liked ones are to be ranked before the disliked ones.

4 and 5 are liked, 1 and 2 disliked. In the history they are likes and dislikes; a 3 is a click there, as in RecBole's
files, or nothing; it is never tested. A rating falls into either half by a hash of seed, user and title. The ratings
have no dates: a history stands in the order of that hash, a minute apart.
"""

import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from infra.evaluation.cases import Case
from infra.evaluation.options import Threes
from infra.loaders.identity import BASE, STEP, event_id
from infra.loaders.reading import FileRefused
from schemas.base import item_key
from schemas.interaction import Interaction, Signal
from workers.evaluation.halves import Half, is_in

COLUMNS = ("user_id", "title", "rating")


class Rating(NamedTuple):
    title: str
    stars: int


@dataclass(slots=True)
class Unused:
    """What was read and not used."""

    rows: int = 0
    """Without a user, a title or a rating of 1 to 5."""
    one_sided: int = 0
    """Users whose tested half has no liked or no disliked title."""


@dataclass(frozen=True, slots=True)
class Rated:
    """`by_user` in the order of the file."""

    by_user: dict[str, list[Rating]]
    unused: Unused

    def titles(self) -> list[str]:
        """Each once, in the order of the file."""
        return list(dict.fromkeys(one.title for ratings in self.by_user.values() for one in ratings))


def read_ratings(path: Path, half: Half) -> Rated:
    """Raises `FileRefused`."""
    by_user: dict[str, list[Rating]] = defaultdict(list)
    unused = Unused()
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if not set(COLUMNS) <= set(rows.fieldnames or ()):
                raise FileRefused(f"{path} has no columns {', '.join(COLUMNS)} in its first line")
            for row in rows:
                user, title, stars = (str(row[name] or "").strip() for name in COLUMNS)
                if not (user and title and stars in set("12345")):
                    unused.rows += 1
                elif is_in(half, user):
                    by_user[user].append(Rating(title, int(stars)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileRefused(f"{path} cannot be read as a table of ratings: {error}") from error
    return Rated(dict(by_user), unused)


class RatedCases:
    """One case a user. `items` gives the id of each title."""

    def __init__(self, rated: Rated, items: dict[str, str], provider: str, seed: int, threes: Threes) -> None:
        self._rated = rated
        self._items = items
        self._provider = provider
        self._seed = seed
        self._threes = threes

    def __iter__(self) -> Iterator[Case]:
        for user, ratings in self._rated.by_user.items():
            marks = sorted((_mark(self._seed, user, one.title), one) for one in ratings)
            case = self._case(user, [one for mark, one in marks if not mark[0] % 2], self._tested(marks))
            if case.can_be_judged:
                yield case
            else:
                self._rated.unused.one_sided += 1

    def _tested(self, marks: list[tuple[bytes, Rating]]) -> list[Rating]:
        return [one for mark, one in marks if mark[0] % 2 and one.stars != 3]

    def _case(self, user: str, history: list[Rating], tested: list[Rating]) -> Case:
        # An item of two ratings (two editions of one title) must not be history and test at once.
        test = {self._items[one.title] for one in tested}
        past = [one for one in history if self._items[one.title] not in test]
        signals = [(one, signal) for one in past if (signal := self._signal(one.stars)) is not None]
        events = tuple(self._event(user, place, one.title, signal) for place, (one, signal) in enumerate(signals))
        keys = tuple(item_key(self._provider, self._items[one.title]) for one in tested)
        return Case(user, events, keys, np.array([one.stars > 3 for one in tested], bool))

    def _signal(self, stars: int) -> Signal | None:
        if stars == 3:
            return Signal.CLICK if self._threes == "click" else None
        return Signal.LIKE if stars > 3 else Signal.DISLIKE

    def _event(self, user: str, place: int, title: str, signal: Signal) -> Interaction:
        item = self._items[title]
        return Interaction(
            event_id=event_id("ratings", self._provider, user, str(place), item),
            user=user,
            provider=self._provider,
            item=item,
            signal=signal,
            time=BASE + place * STEP,
            source="file",
        )


def _mark(seed: int, user: str, title: str) -> bytes:
    """Even ones are history. The first byte parts the halves, all of it orders them."""
    return hashlib.blake2b(f"{seed}\x1f{user}\x1f{title}".encode(), digest_size=8, person=b"attune-rated").digest()
