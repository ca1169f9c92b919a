"""Whether the words of an interest are true to what the person did: one of the items behind it says them."""

import re
from collections.abc import Iterable

from schemas.catalog import CatalogItem
from workers.phrases import plain

_LEVELS = re.compile(r"[/>;]")
_WORD = re.compile(r"\w+")


def is_true(phrase: str, evidence: Iterable[CatalogItem]) -> bool:
    """Whether an item of the evidence contains the phrase, as whole words, or its category names it."""
    words = _words(phrase)
    return bool(words) and any(_contains(item, words) or _names(item.category, words) for item in evidence)


def _words(text: str) -> list[str]:
    return _WORD.findall(plain(text).casefold())


def _contains(item: CatalogItem, words: list[str]) -> bool:
    wanted = f" {' '.join(words)} "
    return any(wanted in f" {' '.join(_words(text))} " for text in (item.title, item.text or "", *item.tags))


def _names(category: str | None, words: list[str]) -> bool:
    """A level of the category has these words, in any order or written as one ("foodanddrink"), without the level above
    it in front ("news/newspolitics" names "politics")."""
    above = ""
    for level in _LEVELS.split(category or ""):
        parts = _words(level.replace("_", " ").replace("-", " "))
        joined = "".join(parts)
        if sorted(words) == sorted(parts) or "".join(words) in (joined, joined.removeprefix(above)):
            return True
        above = joined
    return False
