"""What a platform's reader yields: something the person did, or a row that was not taken and why."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from schemas.interaction import Signal
from workers.errors import AttuneError

MAX_TITLE = 200
"""Characters: the longest titles of videos have 100; the text of a post has 280."""

_BLANK = re.compile(r"\s+")


class HistoryRefused(AttuneError):
    """The file as a whole cannot be taken. The message says what to do and repeats nothing of the file."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One row. `names` is what names the item, in the same words in every export of the platform; `mark` is what tells
    this row from others of the same item. `tags` are who or what the item is by or about, in words that can name an
    interest: without them single words of the title have to."""

    line: int
    names: tuple[str, ...]
    title: str
    signal: Signal
    time: datetime | None
    """None where the platform does not tell: it is what the person stands for today."""
    mark: str
    dwell_ms: int | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotTaken:
    """`line` counts from 1 (entries, in JSON). `reason` never repeats what the row holds."""

    line: int
    reason: str


Read = Happened | NotTaken


def clean(words: object, most: int = MAX_TITLE) -> str:
    """One line without control characters, cut; empty where there are no words."""
    if not isinstance(words, str):
        return ""
    visible = "".join(" " if unicodedata.category(letter).startswith("C") else letter for letter in words[: 8 * most])
    return _BLANK.sub(" ", visible).strip()[:most].strip()
