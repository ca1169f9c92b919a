"""Semantic checks of a proposer's edits: no text comes near a profile unless it passes all of them.

Edit by edit, in the order proposed; each is refused for the first reason that holds, the others go on:

1. It is an addition, a rewriting or a removal, within the number asked for, of one interest once.
2. What it changes is there, and no person has a hand in it.
3. Its text can be read: letters, visible, on one line, short enough.
4. Its text is no copy of an item's title. (A phrase that items carry is none, though a title may be just it.)
5. Its text has a vector, says nothing that the person removed or avoids, and nothing that the profile says already.
6. Something that the person did bears it out: an item that they liked carries the phrase or lies near it. An item that
   is titled in the profile's own words does not count: what we wrote ourselves proves nothing.
7. There is room beside what the person owns.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from schemas.command import AddInterest, Edit, RemoveInterest, RewriteInterest
from schemas.profile import MAX_INTERESTS
from workers.alike import ALIKE, NEAR
from workers.phrases import MAX_CHARACTERS, plain
from workers.ports import Matrix
from workers.refit import interest_id
from workers.state import HeldInterest
from workers.weights import Array

BORNE_OUT = 0.2
"""Cosine of a text to the nearest of the person's items below which nothing speaks for it. On MIND, in MiniLM, half of
the phrases of other people's items fall below, and one in twenty of the person's own (which pass all the same)."""

COPIED = 0.6
"""Share of a title's words that a text may repeat in a row, from four words on: more is the item, not an interest."""

_FEW_WORDS = 4

_WORD = re.compile(r"[^\W_]+")


class Refusal(StrEnum):
    """Why an edit did not pass; a metric label."""

    NOT_ALLOWED = "not_allowed"
    """An operation that is a person's only."""
    TOO_MANY = "too_many"
    REPEATED = "repeated"
    """A second edit of one interest."""
    UNKNOWN_INTEREST = "unknown_interest"
    OWNED = "owned"
    UNREADABLE = "unreadable"
    TOO_LONG = "too_long"
    COPIES_TITLE = "copies_title"
    NO_VECTOR = "no_vector"
    REMOVED = "removed"
    """The person removed it."""
    AVOIDED = "avoided"
    DUPLICATE = "duplicate"
    UNFOUNDED = "unfounded"
    """Nothing that the person did bears it out."""


@dataclass(frozen=True, slots=True, eq=False)
class Grounds:
    """What edits are held against. `words` are vectors by text; `rows` (n, d), `titles` and `phrases` are of the items
    that the person liked, of the training part."""

    interests: tuple[HeldInterest, ...]
    removed: tuple[str, ...]
    avoid: tuple[str, ...]
    words: Mapping[str, Matrix]
    rows: Array
    titles: Sequence[str]
    phrases: Sequence[Collection[str]]


@dataclass(frozen=True, slots=True)
class Checked:
    """`refused` in the order proposed."""

    passed: tuple[Edit, ...]
    refused: tuple[tuple[Edit, Refusal], ...] = ()


def check(edits: Iterable[Edit], grounds: Grounds, most: int) -> Checked:
    """Pure. At most `most` pass."""
    gate = _Gate(grounds, most)
    for edit in edits:
        gate.take(edit)
    return Checked(tuple(gate.passed), tuple(gate.refused))


def unreadable(text: str) -> Refusal | None:
    """Step 3, which needs nothing but the text: what is refused here is not even to be embedded."""
    if len(text) > MAX_CHARACTERS:
        return Refusal.TOO_LONG
    is_plain = plain(text) == text and any(map(str.isalpha, text))
    return None if is_plain else Refusal.UNREADABLE


class _Gate:
    def __init__(self, grounds: Grounds, most: int) -> None:
        self.passed: list[Edit] = []
        self.refused: list[tuple[Edit, Refusal]] = []
        self._grounds = grounds
        self._most = most
        self._there = {one.id: one for one in grounds.interests}
        self._touched: set[str] = set()
        self._texts = {one.id: one.text for one in grounds.interests}  # as the profile will be
        self._room = MAX_INTERESTS - sum(one.is_owned for one in grounds.interests)
        self._titles = [_words(title) for title in grounds.titles]
        self._phrases = {phrase.casefold() for own in grounds.phrases for phrase in own}
        ours = {one.text.casefold() for one in grounds.interests}
        self._theirs = [at for at, title in enumerate(grounds.titles) if plain(title).casefold() not in ours]

    def take(self, edit: Edit) -> None:
        refusal = self._refusal(edit)
        if refusal is not None:
            self.refused.append((edit, refusal))
            return
        self.passed.append(edit)
        if isinstance(edit, RewriteInterest | RemoveInterest):
            self._touched.add(edit.interest)
            self._texts.pop(edit.interest, None)
        if isinstance(edit, AddInterest | RewriteInterest):
            self._texts[interest_id(edit.text)] = edit.text
            self._room -= 1

    def _refusal(self, edit: Edit) -> Refusal | None:
        """The steps of the module, in order."""
        match edit:
            case AddInterest(text=text):
                return self._over() or self._of_text(text, replaces=None)
            case RewriteInterest(interest=old, text=text):
                return self._over() or self._of_interest(old) or self._of_text(text, replaces=old)
            case RemoveInterest(interest=old):
                return self._over() or self._of_interest(old)
        return Refusal.NOT_ALLOWED

    def _over(self) -> Refusal | None:
        return Refusal.TOO_MANY if len(self.passed) >= self._most else None

    def _of_interest(self, one: str) -> Refusal | None:
        if one in self._touched:
            return Refusal.REPEATED
        if one not in self._there:
            return Refusal.UNKNOWN_INTEREST
        return Refusal.OWNED if self._there[one].is_owned else None

    def _of_text(self, text: str, replaces: str | None) -> Refusal | None:
        return (
            unreadable(text)
            or self._copied(text)
            or self._said(text, replaces)
            or self._unfounded(text)
            or (Refusal.TOO_MANY if self._room < 1 else None)
        )

    def _copied(self, text: str) -> Refusal | None:
        if text.casefold() in self._phrases:
            return None
        words = _words(text)
        return Refusal.COPIES_TITLE if any(_copies(words, title) for title in self._titles) else None

    def _said(self, text: str, replaces: str | None) -> Refusal | None:
        if text not in self._grounds.words:
            return Refusal.NO_VECTOR
        if self._is_alike(text, self._grounds.removed, NEAR):
            return Refusal.REMOVED
        if self._is_alike(text, self._grounds.avoid, NEAR):
            return Refusal.AVOIDED
        if self._is_alike(text, [said for one, said in self._texts.items() if one != replaces]):
            return Refusal.DUPLICATE
        return Refusal.DUPLICATE if interest_id(text) == replaces else None

    def _unfounded(self, text: str) -> Refusal | None:
        folded, vector = text.casefold(), self._grounds.words[text].astype(np.float64)
        if any(folded in map(str.casefold, self._grounds.phrases[at]) for at in self._theirs):
            return None
        nearest = (self._grounds.rows[self._theirs] @ vector).max(initial=-1.0)
        return Refusal.UNFOUNDED if nearest < BORNE_OUT else None

    def _is_alike(self, text: str, others: Collection[str], from_: float = ALIKE) -> bool:
        """Whether one of the others is the same text but for case, or has nearly the same vector."""
        if interest_id(text) in map(interest_id, others):
            return True
        words = self._grounds.words
        vectors = [words[other] for other in others if other in words]
        if not vectors:
            return False
        return bool((np.array(vectors, np.float64) @ words[text].astype(np.float64) >= from_).any())


def _words(text: str) -> tuple[str, ...]:
    """Casefolded, without what is neither letter nor digit."""
    return tuple(_WORD.findall(plain(text).casefold()))


def _copies(words: tuple[str, ...], title: tuple[str, ...]) -> bool:
    if words == title:
        return True
    if len(words) < max(_FEW_WORDS, COPIED * len(title)):
        return False
    return any(title[at : at + len(words)] == words for at in range(len(title) - len(words) + 1))
