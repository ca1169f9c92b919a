"""What a person says they want, read as edits: "less politics, more jazz from the seventies".

English, by rule and not by guess: what is not understood is handed back as unread, and whatever was understood is shown
to the person before it is carried out.

1. Clauses: the text is cut at full stops, commas and "and"/"but", except inside quotation marks.
2. Cue: each clause begins with what is wished ("less", "no more", "bring back"), or goes on with the wish before it:
   "less politics and sports" is two. A cue turned round ("don't remove") is not understood.
3. Topic: what is left. It means the interest of that name; where none has it, all whose words contain its words.
4. Edits: a topic that is there is raised, lowered, pinned or removed, one that is not is added or avoided.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from schemas.command import (
    AddInterest,
    AvoidText,
    Edit,
    PinInterest,
    RemoveInterest,
    RestoreInterest,
    ReweightInterest,
    RewriteInterest,
)
from schemas.profile import Interest, Profile

RAISE = 0.2
"""What "more" adds to a weight: a fifth of the whole scale, so that three wishes take a weak interest to the top."""

LOWER = 0.5
"""What "less" leaves of a weight: half, so that it is still there and can be raised again."""

DISLIKED = -0.3
"""The weight of what a person wants less of and has no interest in: it speaks against items, and forbids none."""

MAX_EDITS = 64
"""As many as one request may hold."""

_MAX_TEXT = 80


class _Wish(Enum):
    MORE = "more"
    LESS = "less"
    AVOID = "avoid"
    REMOVE = "remove"
    RESTORE = "restore"
    PIN = "pin"


class Meant(NamedTuple):
    """An edit, and what it means in a sentence."""

    edit: Edit
    sentence: str


@dataclass(frozen=True, slots=True)
class Understood:
    """`unread` are the parts of the text that could not be read, as they were written."""

    meant: tuple[Meant, ...]
    unread: tuple[str, ...]


_I = r"(?:i'm|i am|i'd|i would|i|we|please|also|maybe|really|just|do|would like|would|to)"
_NOT = r"(?:don't|do not|dont|doesn't|never|can't|cannot|not)"
_SHOW = r"show(?: me)?|recommend(?: me)?|give me"
_LIKE = r"(?:love|like|enjoy|adore|want|need)(?: to (?:see|read|hear))?"
_BIT = r"(?:a (?:bit|little|lot) |much |far |some |even )?"
_CUES: tuple[tuple[_Wish, str], ...] = (
    (_Wish.REMOVE, r"(?:no longer|not) (?:interested in|into)|don't care (?:about|for)|remove|delete|forget|drop|lose"),
    (_Wish.RESTORE, r"bring back|restore|put back|undelete"),
    (_Wish.PIN, r"pin|keep|always keep|hold on to"),
    (_Wish.LESS, rf"(?:(?:want|like|see|show me|give me) )?{_BIT}(?:less|fewer)|not so (?:much|many)"),
    (_Wish.LESS, r"(?:tired|sick|bored) (?:of|by|with)|enough(?: of)?|too (?:much|many)"),
    (_Wish.AVOID, rf"(?:no|not) (?:more|any)|(?:{_NOT}|stop) (?:{_SHOW}|{_LIKE}|stand|bear)(?: any)?"),
    (_Wish.AVOID, r"nothing (?:about|on|with|of)|avoid|stop|hide|block|hate|dislike|without|no|never"),
    (_Wish.MORE, rf"(?:(?:want|like|see|{_SHOW}) )?{_BIT}more|add|{_LIKE}|{_SHOW}"),
    (_Wish.MORE, r"interested in|into|curious about|a fan of|fan of|fond of"),
)
"""In this order: of several that fit, the first is meant."""

_READ = tuple((wish, re.compile(rf"(?:{_I}\s+)*(?:{pattern})(?=\s|$)[\s:]*", re.IGNORECASE)) for wish, pattern in _CUES)
_NEGATED = re.compile(rf"(?:{_I}\s+)*{_NOT}\b", re.IGNORECASE)
_REPLACE = re.compile(
    r"(?:replace|change|rename|rewrite|call|turn)\s+(?P<old>.+?)\s+(?:with|by|to|into|as)\s+(?P<new>.+)", re.IGNORECASE
)
_INSTEAD = re.compile(r"(?:more\s+)?(?P<new>.+?)\s+(?:instead of|rather than)\s+(?P<old>.+)", re.IGNORECASE)
_SET = re.compile(
    r"(?:set\s+|put\s+|weigh\s+)?(?P<topic>.+?)\s+(?:to|at)\s+(?P<figure>\d{1,3})\s?(?:%|percent)", re.IGNORECASE
)

_QUOTED = r'"[^"]*"|“[^”]*”'
_PIECE = re.compile(rf"(?:{_QUOTED}|[^.;,!?\n]|\.(?=\w)|(?<=\.\w)\.)+")
_JOINED = re.compile(rf"({_QUOTED})|(?:^|\s+)(?:and|but|or|plus|&)\s+(?:also\s+|then\s+)?", re.IGNORECASE)
_ARTICLES = re.compile(
    r"^(?:the|a|an|any|some|all|of|about|on|my|stuff about|things about|news about|articles about)\s+", re.IGNORECASE
)
_TAIL = re.compile(
    r"\s+(?:please|any ?more|again|at all|in (?:my|the) (?:feed|profile)|recommendations?)$", re.IGNORECASE
)
_POLITE = re.compile(r"(?:yes|ok|okay|please|thanks|thank you|hi|hello)(?: please)?", re.IGNORECASE)
_WORD = re.compile(r"\w+")


def read_wish(text: str, profile: Profile) -> Understood:
    """What the text means for this profile. Pure. Every part of it is in the edits or among the unread."""
    reader = _Reader(profile, [], [])
    wish: _Wish | None = None
    for clause in _clauses(text):
        wish = reader.read(clause, wish)
    return Understood(tuple(reader.meant), tuple(reader.unread))


def _clauses(text: str) -> list[str]:
    """Without those that are only polite."""
    pieces = _PIECE.findall(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    return [part for piece in pieces for part in _unjoined(piece.strip()) if not _POLITE.fullmatch(part)]


def _unjoined(piece: str) -> list[str]:
    """At "and" and "but", but not inside quotation marks, nor where that leaves a part that says nothing."""
    parts, start = [], 0
    for joint in _JOINED.finditer(piece):
        if joint.group(1) is None:
            parts.append(piece[start : joint.start()])
            start = joint.end()
    return [part.strip() for part in (*parts, piece[start:]) if _WORD.search(part)]


@dataclass(slots=True)
class _Reader:
    profile: Profile
    meant: list[Meant]
    unread: list[str]

    def read(self, clause: str, before: _Wish | None) -> _Wish | None:
        """Returns what a clause without a cue would go on with."""
        for pattern, carry_out in ((_REPLACE, self._replace), (_INSTEAD, self._replace), (_SET, self._set)):
            if (match := pattern.fullmatch(clause)) is not None and carry_out(match):
                return None
        wish, topic = _cue(clause)
        if wish is None and (before is None or _NEGATED.match(clause)):
            self.unread.append(clause)
            return None
        topic = _topic(topic)
        edits = self._edits(wish or before, topic) if topic and len(topic) <= _MAX_TEXT else []
        if not edits or not self._take(edits):
            self.unread.append(clause)
        return wish or before

    def _take(self, edits: list[Meant]) -> bool:
        """Each once; False (and no effect) where that makes more than one request may hold."""
        fresh = [one for one in edits if one not in self.meant]
        fits = len(self.meant) + len(fresh) <= MAX_EDITS
        self.meant += fresh if fits else []
        return fits

    def _edits(self, wish: _Wish | None, topic: str) -> list[Meant]:
        there = _named(self.profile.interests, topic)
        match wish:
            case _Wish.MORE:
                return list(map(_raised, there)) or [_added(topic)]
            case _Wish.LESS:
                return list(map(_lowered, there)) or [_disliked(topic)]
            case _Wish.AVOID:
                return [_avoided(topic)]
            case _Wish.REMOVE:
                return list(map(_removed, there or _named(self.profile.avoid, topic)))
            case _Wish.PIN:
                return list(map(_pinned, there))
        gone = [one for one in self.profile.removed if _folded(one.text) == _folded(topic)]
        return [Meant(RestoreInterest(interest=one.id), f"Bring back “{one.text}”.") for one in gone]

    def _replace(self, match: re.Match[str]) -> bool:
        old, new = _topic(_cue(match["old"])[1]), _topic(_cue(match["new"])[1])
        if not new or len(new) > _MAX_TEXT:
            return False
        there = _named(self.profile.interests, old)
        if len(there) != 1:
            return False
        sentence = f"Say “{new}” instead of “{there[0].text}”."
        self.meant.append(Meant(RewriteInterest(interest=there[0].id, text=new), sentence))
        return True

    def _set(self, match: re.Match[str]) -> bool:
        there, weight = _named(self.profile.interests, _topic(match["topic"])), int(match["figure"]) / 100
        if not there or weight > 1:
            return False
        self.meant += [_reweighted(one, weight, "Set") for one in there]
        return True


def _cue(clause: str) -> tuple[_Wish | None, str]:
    """What is wished, and of what."""
    for wish, pattern in _READ:
        if (match := pattern.match(clause)) is not None:
            rest = clause[match.end() :]
            # "don't remove", "no less": a wish about a wish. And "more" of nothing is none.
            turned = _NEGATED.match(match.group()) is not None and _cue(rest)[0] is not None
            return (None, clause) if turned else (wish, rest)
    return None, clause


def _topic(text: str) -> str:
    """Without quotation marks, articles and courtesies."""
    text = _settled(lambda one: _TAIL.sub("", _ARTICLES.sub("", one.strip())), text)
    return text.strip(" \"“”'")


def _settled(step: Callable[[str], str], text: str) -> str:
    while (after := step(text)) != text:
        text = after
    return text


def _named(interests: Sequence[Interest], topic: str) -> list[Interest]:
    """The interest of that name, or all that have its words among theirs."""
    wanted = _folded(topic)
    exact = [one for one in interests if _folded(one.text) == wanted]
    return exact or [one for one in interests if wanted and wanted <= _folded(one.text)]


def _folded(text: str) -> frozenset[str]:
    """Its words, whatever their case, order and number."""
    return frozenset(word[:-1] if len(word) > 3 and word.endswith("s") else word for word in _words(text))


def _words(text: str) -> Iterable[str]:
    return _WORD.findall(_ARTICLES.sub("", text.casefold()))


def _added(topic: str) -> Meant:
    return Meant(AddInterest(text=topic), f"Add “{topic}”.")


def _disliked(topic: str) -> Meant:
    return Meant(AddInterest(text=topic, weight=DISLIKED), f"Count “{topic}” against what is recommended.")


def _avoided(topic: str) -> Meant:
    return Meant(AvoidText(text=topic), f"Avoid “{topic}”: nothing close to it is recommended.")


def _removed(one: Interest) -> Meant:
    return Meant(RemoveInterest(interest=one.id), f"Remove “{one.text}”.")


def _pinned(one: Interest) -> Meant:
    return Meant(PinInterest(interest=one.id), f"Keep “{one.text}”, whatever is learned.")


def _raised(one: Interest) -> Meant:
    return _reweighted(one, min(1.0, max(one.weight, 0.0) + RAISE), "Raise")


def _lowered(one: Interest) -> Meant:
    return _reweighted(one, one.weight * LOWER if one.weight > 0 else max(-1.0, one.weight - RAISE), "Lower")


def _reweighted(one: Interest, weight: float, verb: str) -> Meant:
    weight = round(weight, 2)
    sentence = f"{verb} “{one.text}” from {one.weight:.2f} to {weight:.2f}."
    return Meant(ReweightInterest(interest=one.id, weight=weight), sentence)
