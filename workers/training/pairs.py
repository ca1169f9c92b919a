"""Pairs of an interest and a content to train the space on, made from the catalog and from nothing else.

Of one item: each level of its category, the names within its title, and its title against the rest of its words. The
item's whole text is the content for the first two, as it is when the space is used; against the title it must be the
rest, or there would be nothing to learn. From half of the other contents the interest's own words are taken out too, so
that the space learns what they mean and not only where they stand.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from schemas.base import item_key
from schemas.catalog import CatalogItem
from workers.phrases import category_levels, phrases_of, plain
from workers.space import item_text

HELD_OUT = 5
"""One item in five is never trained on, and one of five of these is for choosing the best step: of 12,227 news about
490 for that, and 1,950 to report with."""

MAX_PER_INTEREST = 200
"""Pairs with one and the same interest. "sports" stands on every fourth of the news: after a few hundred contents its
pairs say nothing new and would crowd out the rare words."""

MAX_PHRASES = 3
"""Names of one item's title, so that a long title does not outweigh a short one."""

MIN_REST = 40
"""Characters of the text beside a title below which it says too little to be told by it ("Details inside")."""

UNSAID = 2
"""Of so many training pairs one has its interest's words taken out of the content. The inverse cloze task (arXiv
1906.00300) takes them out of nine in ten; here the space is used with contents that do hold them, so half."""

_WORDS = re.compile(r"\w+")


class Kind(StrEnum):
    """What the interest of a pair was made from."""

    CATEGORY = "category"
    PHRASE = "phrase"
    TITLE = "title"
    DESCRIBED = "described"
    """By a proposer."""


class Part(StrEnum):
    TRAINING = "training"
    DEVELOPMENT = "development"
    HELD_OUT = "held out"


@dataclass(frozen=True, slots=True)
class Pair:
    """`item` is the key of the item that the content describes."""

    item: str
    interest: str
    content: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Corpus:
    """Pairs to train on, to choose the best step by, and to report: no item stands in two of them."""

    training: tuple[Pair, ...]
    development: tuple[Pair, ...]
    held_out: tuple[Pair, ...]


Phrases = Callable[[CatalogItem], Sequence[str]]


def corpus_of(items: Iterable[CatalogItem], described: Iterable[Pair] = (), phrases: Phrases = phrases_of) -> Corpus:
    """All pairs of the items, and those that a proposer `described`, parted by item. In the items' order."""
    pairs = [pair for item in items for pair in pairs_of(item, phrases)]
    pairs += described
    parts: dict[Part, list[Pair]] = {part: [] for part in Part}
    for pair in pairs:
        parts[part_of(pair.item)].append(pair)
    training = [unsaid(pair) if _number(pair.interest + pair.item) % UNSAID else pair for pair in parts[Part.TRAINING]]
    return Corpus(_thinned(training), tuple(parts[Part.DEVELOPMENT]), tuple(parts[Part.HELD_OUT]))


def pairs_of(item: CatalogItem, phrases: Phrases = phrases_of) -> tuple[Pair, ...]:
    """Of one item; empty where it has a bare title of one word."""
    key, content = item_key(item.provider, item.item), item_text(item)
    levels = category_levels(item.category)
    named = [phrase for phrase in phrases(item) if phrase not in levels][:MAX_PHRASES]
    pairs = [Pair(key, level, content, Kind.CATEGORY) for level in levels]
    pairs += [Pair(key, phrase, content, Kind.PHRASE) for phrase in named]
    rest = plain(item.text or "")
    if len(rest) >= MIN_REST:
        head = " ".join(levels)
        pairs.append(Pair(key, plain(item.title), f"{head}: {rest}" if head else rest, Kind.TITLE))
    return tuple(pairs)


def part_of(item: str) -> Part:
    """By the item's key alone: the same whatever else is in the catalog, and whatever the seed."""
    quotient, remainder = divmod(_number(item), HELD_OUT)
    if remainder:
        return Part.TRAINING
    return Part.HELD_OUT if quotient % HELD_OUT else Part.DEVELOPMENT


def unsaid(pair: Pair) -> Pair:
    """The pair with its interest's words taken out of the content, or as it is where too little would be left."""
    words = r"\W+".join(map(re.escape, _WORDS.findall(pair.interest)))
    if not words:
        return pair
    rest = re.sub(rf"(?i)\b{words}\b", "", pair.content)
    rest = " ".join(rest.split()).lstrip(":., ")
    return replace(pair, content=rest) if len(rest) >= MIN_REST else pair


def searchable(text: str) -> str:
    """The text's words in small letters with one blank around each: ` nfl ` is in it where the word is."""
    return f" {' '.join(_WORDS.findall(text.casefold()))} "


def _thinned(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """At most `MAX_PER_INTEREST` of one interest, drawn by the hash of their items."""
    groups: dict[str, list[int]] = defaultdict(list)
    for position, pair in enumerate(pairs):
        groups[pair.interest.casefold()].append(position)
    kept = [
        position
        for group in groups.values()
        for position in sorted(group, key=lambda position: _number(pairs[position].item + pairs[position].interest))[
            :MAX_PER_INTEREST
        ]
    ]
    return tuple(pairs[position] for position in sorted(kept))


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
