"""What a person says they want, read as edits: "less politics, more jazz from the seventies".

English, by rule and not by guess: what is not understood is handed back as unread, and whatever was understood is shown
to the person before it is carried out.

1. Clauses: the text is cut at full stops, commas and "and"/"but", except inside quotation marks.
2. Cue: each clause begins with what is wished ("less", "no more", "bring back"), stands around what it is about ("let
   jazz decide for itself"), or goes on with the wish before it: "less politics and sports" is two. A cue turned round
   ("don't remove") is not understood.
3. Topic: what is left. It means the interest of that name; where none has it, all whose words contain its words. One
   that says more than what the wish is about ("politics until May") is not understood either.
4. Edits: a topic that is there is raised, lowered, pinned, let go or removed, one that is not is added or avoided.

The words are in `workers.wish_cues`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
from workers.wish_cues import (
    AFTER,
    ARTICLES,
    EVERYTHING,
    NEGATED,
    REPLACE,
    SET,
    Wish,
    around,
    clauses,
    cue,
    is_doubtful,
    topic_of,
)

RAISE = 0.2
"""What "more" adds to a weight: a fifth of the whole scale, so that three wishes take a weak interest to the top."""

LOWER = 0.5
"""What "less" leaves of a weight: half, so that it is still there and can be raised again."""

DISLIKED = -0.3
"""The weight of what a person wants less of and has no interest in: it speaks against items, and forbids none."""

MAX_EDITS = 64
"""As many as one request may hold."""

_MAX_TEXT = 80


class Meant(NamedTuple):
    """An edit, and what it means in a sentence."""

    edit: Edit
    sentence: str


@dataclass(frozen=True, slots=True)
class Understood:
    """`unread` are the parts of the text that could not be read, as they were written."""

    meant: tuple[Meant, ...]
    unread: tuple[str, ...]


_WORD = re.compile(r"\w+")


def read_wish(text: str, profile: Profile) -> Understood:
    """What the text means for this profile. Pure. Every part of it is in the edits or among the unread."""
    reader = _Reader(profile, [], [])
    wish: Wish | None = None
    for clause in clauses(text):
        wish = reader.read(clause, wish)
    return Understood(tuple(reader.meant), tuple(reader.unread))


@dataclass(slots=True)
class _Reader:
    profile: Profile
    meant: list[Meant]
    unread: list[str]

    def read(self, clause: str, before: Wish | None) -> Wish | None:
        """Returns what a clause without a cue would go on with."""
        if self._reads_whole(clause):
            return None
        wish, said = cue(clause, before)
        is_of_nothing_held = any(wish is Wish.LEARN for wish, _ in around(clause))
        if is_of_nothing_held or (wish is None and (before is None or NEGATED.match(clause))):
            self.unread.append(clause)
            return None
        if not self._wished(wish or before, said, goes_on=wish is None):
            self.unread.append(clause)
        return wish or before

    def _reads_whole(self, clause: str) -> bool:
        """What has words on both sides of what it is about, or behind it."""
        if any((match := pattern.fullmatch(clause)) and self._replace(match) for pattern in REPLACE):
            return True
        if (match := SET.fullmatch(clause)) is not None and self._set(match):
            return True
        if any(self._wished(wish, said, goes_on=False) for wish, said in around(clause)):
            return True
        match = AFTER.fullmatch(clause)
        is_known = match is not None and bool(_named(self.profile.interests, topic_of(match["topic"])))
        return (
            match is not None and is_known and self._wished(Wish(match["cue"].lower()), match["topic"], goes_on=False)
        )

    def _wished(self, wish: Wish | None, said: str, *, goes_on: bool) -> bool:
        """False (and no effect) where it is doubtful, says nothing, or is about nothing that is there."""
        topic = topic_of(said)
        is_there = bool(_named(self.profile.interests, topic))
        if not topic or len(topic) > _MAX_TEXT:
            return False
        if wish is not Wish.LEARN and not is_there and is_doubtful(said, goes_on=goes_on):
            return False
        edits = self._edits(wish, topic)
        return bool(edits) and self._take(edits)

    def _take(self, edits: list[Meant]) -> bool:
        """Each once; False (and no effect) where that makes more than one request may hold."""
        fresh = [one for one in edits if one not in self.meant]
        fits = len(self.meant) + len(fresh) <= MAX_EDITS
        self.meant += fresh if fits else []
        return fits

    def _edits(self, wish: Wish | None, topic: str) -> list[Meant]:
        there = _named(self.profile.interests, topic)
        match wish:
            case Wish.MORE:
                edits = list(map(_raised, there)) or [_added(topic)]
            case Wish.LESS:
                edits = list(map(_lowered, there)) or [_disliked(topic)]
            case Wish.AVOID:
                edits = [_avoided(topic)]
            case Wish.ALLOW:
                edits = list(map(_allowed, _named(self.profile.avoid, topic)))
            case Wish.REMOVE:
                edits = list(map(_removed, there or _named(self.profile.avoid, topic)))
            case Wish.PIN | Wish.UNPIN:
                edits = [_pinned(one, wish is Wish.PIN) for one in there]
            case Wish.LEARN:
                all_of_them = self.profile.interests if EVERYTHING.fullmatch(topic) else there
                edits = [_let_go(one) for one in all_of_them if one.held]
            case _:
                gone = [one for one in self.profile.removed if _folded(one.text) == _folded(topic)]
                edits = [Meant(RestoreInterest(interest=one.id), f"Bring back “{one.text}”.") for one in gone]
        return edits

    def _replace(self, match: re.Match[str]) -> bool:
        old, new = topic_of(cue(match["old"])[1]), topic_of(cue(match["new"])[1])
        if not new or len(new) > _MAX_TEXT:
            return False
        there = _named(self.profile.interests, old)
        if len(there) != 1:
            return False
        sentence = f"Say “{new}” instead of “{there[0].text}”."
        self.meant.append(Meant(RewriteInterest(interest=there[0].id, text=new), sentence))
        return True

    def _set(self, match: re.Match[str]) -> bool:
        there = _named(self.profile.interests, topic_of(match["topic"]))
        weight = int(match["percent"]) / 100 if match["percent"] else float(match["weight"])
        if not there or abs(weight) > 1:
            return False
        self.meant += [_reweighted(one, weight, "Set") for one in there]
        return True


def _named(interests: Sequence[Interest], topic: str) -> list[Interest]:
    """The interest of that name, or all that have its words among theirs."""
    wanted = _folded(topic)
    exact = [one for one in interests if _folded(one.text) == wanted]
    return exact or [one for one in interests if wanted and wanted <= _folded(one.text)]


def _folded(text: str) -> frozenset[str]:
    """Its words, whatever their case, order and number."""
    return frozenset(word[:-1] if len(word) > 3 and word.endswith("s") else word for word in _words(text))


def _words(text: str) -> Iterable[str]:
    return _WORD.findall(ARTICLES.sub("", text.casefold()))


def _added(topic: str) -> Meant:
    return Meant(AddInterest(text=topic), f"Add “{topic}”.")


def _disliked(topic: str) -> Meant:
    return Meant(AddInterest(text=topic, weight=DISLIKED), f"Count “{topic}” against what is recommended.")


def _avoided(topic: str) -> Meant:
    return Meant(AvoidText(text=topic), f"Avoid “{topic}”: nothing close to it is recommended.")


def _removed(one: Interest) -> Meant:
    return Meant(RemoveInterest(interest=one.id), f"Remove “{one.text}”.")


def _allowed(one: Interest) -> Meant:
    return Meant(RemoveInterest(interest=one.id), f"Avoid “{one.text}” no longer.")


def _pinned(one: Interest, pinned: bool) -> Meant:
    said = f"Keep “{one.text}”, whatever is learned." if pinned else f"Leave “{one.text}” to what is learned."
    return Meant(PinInterest(interest=one.id, pinned=pinned), said)


def _let_go(one: Interest) -> Meant:
    edit = ReweightInterest(interest=one.id, weight=one.weight, held=False)
    return Meant(edit, f"Learn the weight of “{one.text}” again, from what you do.")


def _raised(one: Interest) -> Meant:
    return _reweighted(one, min(1.0, max(one.weight, 0.0) + RAISE), "Raise")


def _lowered(one: Interest) -> Meant:
    return _reweighted(one, one.weight * LOWER if one.weight > 0 else max(-1.0, one.weight - RAISE), "Lower")


def _reweighted(one: Interest, weight: float, verb: str) -> Meant:
    weight = round(weight, 2)
    sentence = f"{verb} “{one.text}” from {one.weight:.2f} to {weight:.2f}."
    return Meant(ReweightInterest(interest=one.id, weight=weight), sentence)
