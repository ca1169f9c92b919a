"""The readable phrases that an item is evidence for: what a profile may call an interest that this item shows.

They come from the item's own words only: the levels of its category, its tags, and names within its title.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise

from schemas.catalog import CatalogItem

MAX_PHRASES = 8
MAX_CHARACTERS = 80


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _marks(*categories: str) -> frozenset[str]:
    """Characters of these Unicode categories, up to the ideographic ones and among the full-width ones."""
    codes = (*range(0x3100), *range(0xFF00, 0xFF66))
    return frozenset(chr(code) for code in codes if unicodedata.category(chr(code)).startswith(categories))


_LEVELS = re.compile(r"[/>;]")
_AROUND_WORDS = "".join(sorted(_marks("P", "S")))
_OPENS = _marks("Ps", "Pi") | {"'", '"'}
_ENDS_A_RUN = (_marks("P") | {"|"}) - {"."}
_ENDS_A_SENTENCE = frozenset(":!?…|")
_POSSESSIVE = re.compile(r"['\u2019]s$")
_APOSTROPHE = re.compile(r"['\u2019]")
UNSEEN = frozenset(map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)))
UNSEEN |= frozenset(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
"""Letters, marks and signs to Unicode, and nothing to the eye: joiners, fillers, blanks, variation selectors. Format
characters are not printable to Python already."""
_MARKS_AT_ONCE = 4
"""Hebrew with points and cantillation has three on one letter."""
_NAME_LINKS = _words("of de del la van von der al")
_SINGLE_WORDS = 3
"""Of the 8 places; the others are for names and pairs, which say more."""

_TITLE_CASE_SHARE = 0.85
"""Of the words after the first that carry meaning. In Title Case all but a few are capitalised; a sentence, even one
full of names ("Eagles' Jordan Howard not cleared as Jay Ajayi visits team"), stays near a half."""

_CALENDAR = _words(
    """monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december week"""
)
_STOP_WORDS = _words(
    """a about above after again against all also always am amid an and any are as at be because been before being below
    between both but by can could did do does doing down during each even ever every few for from further get gets
    getting got had has have having he her here hers him his how i if in into is it its just like made make makes many
    may me might more most much must my never no nor not now of off on once one only or other our out over own part
    said same says she should so some still such than that the their them then there these they this those through to
    too two under until up us very was we were what when where which while who why will with without would you your"""
)


def phrases_of(item: CatalogItem) -> tuple[str, ...]:
    """At most 8 phrases of at most 80 characters, general first, no two alike but for case. Never the whole title:
    that would be the item, not what it is about (a category or tag of the same words is taken, it says so itself).
    Empty where a title of one word is all there is."""
    words = plain(item.title).split()
    labels = [*category_levels(item.category), *map(readable, item.tags)]
    mined = [*_names(words)] if labels else [*_single_words(words), *_names(words), *_pairs(words)]
    whole = _core(" ".join(words)).casefold()
    return distinct([*labels, *(phrase for phrase in mined if phrase.casefold() != whole)], MAX_PHRASES)


def category_levels(category: str | None) -> tuple[str, ...]:
    """The levels of a category in readable words, general first: "sports/football_nfl" gives "sports" and
    "football nfl"."""
    levels = (readable(level) for level in _LEVELS.split(category or ""))
    return tuple(level for level in levels if level)


def plain(text: str) -> str:
    """The text on one line without what cannot be seen (control, zero-width, direction and filling characters), and
    without piles of accents, which would be drawn over the lines around it."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(_seen(text))
    return " ".join(text.split())


def _seen(text: str) -> Iterator[str]:
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks <= _MARKS_AT_ONCE:
            yield _visible(character, category)


def _visible(character: str, category: str) -> str:
    """The character itself, a space for one that parts lines or words, nothing for one that is not to be seen."""
    if character in UNSEEN:
        return ""
    if character.isprintable():
        return character
    return " " if character.isspace() or category == "Cc" else ""


def readable(label: str) -> str:
    """A category level or tag in words, on one line."""
    return plain(label.replace("_", " ").replace("-", " "))


def distinct(phrases: Iterable[str], most: int) -> tuple[str, ...]:
    """The first `most` of them that say something, each of at most 80 characters, no two alike but for case."""
    kept: dict[str, str] = {}
    for phrase in map(_cut, phrases):
        if any(map(str.isalnum, phrase)):
            kept.setdefault(phrase.casefold(), phrase)
    return tuple(kept.values())[:most]


def _cut(phrase: str) -> str:
    """At most 80 characters, whole words where there is more than one."""
    if len(phrase) <= MAX_CHARACTERS:
        return phrase
    words, _, rest = phrase[: MAX_CHARACTERS + 1].rpartition(" ")
    return words or rest[:MAX_CHARACTERS]


def _single_words(words: list[str]) -> list[str]:
    """The longest of a title's own words, in their order: longer ones say more."""
    telling = [core for word in words if (core := _telling(word))]
    longest = sorted(telling, key=len, reverse=True)[:_SINGLE_WORDS]
    return [core for core in telling if core in longest]


def _pairs(words: list[str]) -> Iterator[str]:
    """Neighbours of which both say something."""
    for before, word in pairwise(words):
        if not (before[-1] in _ENDS_A_RUN or word[0] in _OPENS or _POSSESSIVE.search(before)):
            first, second = _telling(before), _telling(word)
            if first and second:
                yield f"{first} {second}"


def _telling(word: str) -> str:
    """The bare word, or nothing where it says nothing: a stop word, a contraction, a figure, a letter or two."""
    core = _POSSESSIVE.sub("", _core(word))
    empty = len(core) < 3 or core[0].isdigit() or core.casefold() in _STOP_WORDS or _APOSTROPHE.search(core)
    return "" if empty else core


def _names(words: list[str]) -> Iterator[str]:
    """Runs of capitalised words, where capitals mean names: not in a title that capitalises nearly every word."""
    if _is_title_case(words):
        return
    for run, begins_sentence in _runs(words):
        name = _name(run, begins_sentence)
        if len(name) > 1 and name.casefold() not in _CALENDAR:
            yield name


def _runs(words: list[str]) -> Iterator[tuple[list[str], bool]]:
    """Each run of capitalised words, links within it too, and whether it begins a sentence."""
    run: list[str] = []
    run_begins = sentence_begins = True
    for word in words:
        core = _core(word)
        joins = _capitalised(core) or (bool(run) and word in _NAME_LINKS)
        if run and (not joins or word[0] in _OPENS):
            yield run, run_begins
            run = []
        if joins:
            run_begins = run_begins if run else sentence_begins
            run.append(_POSSESSIVE.sub("", core))
            if word[-1] in _ENDS_A_RUN or run[-1] != core or _is_full_stop(word):
                yield run, run_begins
                run = []
        sentence_begins = word[-1] in _ENDS_A_SENTENCE or _is_full_stop(word)
    if run:
        yield run, run_begins


def _name(run: list[str], begins_sentence: bool) -> str:
    """The run without links and stop words at its ends; nothing where that leaves one word at the start of a sentence,
    which is capitalised whatever it is."""
    start, end = 0, len(run)
    while start < end and run[start].casefold() in _STOP_WORDS:
        start, begins_sentence = start + 1, False
    while end > start and (run[end - 1] in _NAME_LINKS or run[end - 1].casefold() in _STOP_WORDS):
        end -= 1
    return "" if begins_sentence and end - start == 1 else " ".join(run[start:end])


def _is_title_case(words: list[str]) -> bool:
    cores = [core for word in words[1:] if (core := _core(word)) and core.casefold() not in _STOP_WORDS]
    cased = [core for core in cores if core[0].isalpha()]
    return bool(cased) and sum(map(_capitalised, cased)) >= _TITLE_CASE_SHARE * len(cased)


def _core(word: str) -> str:
    if word[:1].isalnum() and word[-1:].isalnum():
        return word  # nearly every word, and stripping a thousand marks takes ten times as long as looking
    return word.strip(_AROUND_WORDS)


def _capitalised(core: str) -> bool:
    return bool(core) and core[0].isupper()


def _is_full_stop(word: str) -> bool:
    """Its dot ends a sentence; that of an initial or an abbreviation ("J.", "U.S.") does not."""
    return word.endswith(".") and len(word.rstrip(".").rpartition(".")[2]) != 1
