"""Who of those that hold embeddings was there at a moment: every one of them must confirm an erasure, or be gone.

1. A reader says that it is there before it holds anything, and again and again: each time until when (`ReaderHere`).
2. Whoever was there when an erasure began is awaited (`streams.erasure_book`).
3. Whose time has run out since is awaited no longer: they have let go of everybody, or they are gone
   (`streams.confirming`).

Clocks may differ by `SKEW`. Each comparison errs to the side of waiting for somebody.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from schemas.receipt import ReaderHere

SKEW = timedelta(seconds=30)
"""By how much clocks of one installation may differ (docs/guarantees.md, 3)."""


@dataclass(frozen=True, slots=True)
class Stay:
    """Of one reader, without a gap."""

    since: datetime
    until: datetime


class Presence:
    """As the topic of receipts tells it."""

    def __init__(self) -> None:
        self._stays: dict[str, list[Stay]] = {}
        """By reader, in the order of time."""

    def note(self, here: ReaderHere) -> None:
        """What a reader says of itself goes on where it left off, or begins anew after a gap."""
        stays = self._stays.setdefault(here.reader, [])
        if stays and here.at <= stays[-1].until:
            stays[-1] = replace(stays[-1], until=max(here.until, stays[-1].until))
        else:
            stays.append(Stay(here.at, here.until))

    def at(self, moment: datetime) -> dict[str, datetime]:
        """Who was there, and until when at least."""
        return {
            reader: stay.until + SKEW
            for reader, stays in self._stays.items()
            for stay in stays
            if stay.since - SKEW <= moment <= stay.until + SKEW
        }

    def forget(self, oldest: datetime) -> None:
        """Whoever was there last before that."""
        kept = {reader: [one for one in stays if one.until >= oldest] for reader, stays in self._stays.items()}
        self._stays = {reader: stays for reader, stays in kept.items() if stays}
