"""A candidate of the search: what it adds to the profile that stands, and what it drops.

A profile is partly settled (what a person owns, what refinements added) and partly named anew by every re-fit. So a
candidate is no list of texts but a correction: texts that are settled in it, and texts that are not named again. Its
edits say the same to the agent: a text of the profile is removed; one that is not in the profile but would be named is
added and removed, which drops it too.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.command import AddInterest, Edit, RemoveInterest, RewriteInterest
from workers.refit import interest_id
from workers.state import HeldInterest

MOST_EDITS = 64
"""Of one proposal."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Texts, each at most once in either: `added` in the order in which they came, `dropped` too."""

    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[frozenset[str], frozenset[str]]:
        """Equal for candidates that are the same profile."""
        return frozenset(map(interest_id, self.added)), frozenset(map(interest_id, self.dropped))

    def edits(self, base: Iterable[HeldInterest]) -> tuple[Edit, ...]:
        """That make it from the profile that stands. May be more than a proposal holds."""
        there = {one.id for one in base}
        edits: list[Edit] = []
        for text in self.dropped:
            if interest_id(text) not in there:
                edits.append(AddInterest(text=text))
            edits.append(RemoveInterest(interest=interest_id(text)))
        edits += [AddInterest(text=text) for text in self.added]
        return tuple(edits)

    def edited(self, edits: Iterable[Edit], profile: Iterable[HeldInterest]) -> "Candidate":
        """With a proposer's edits, which speak of the interests of `profile` (this candidate's own)."""
        texts = {one.id: one.text for one in profile}
        added, dropped = (dict.fromkeys(there) for there in (self.added, self.dropped))
        for edit in edits:
            match edit:
                case AddInterest(text=text):
                    _move(text, dropped, added)
                case RewriteInterest(interest=old, text=text):
                    _move(texts[old], added, dropped)
                    _move(text, dropped, added)
                case RemoveInterest(interest=old):
                    _move(texts[old], added, dropped)
        return Candidate(tuple(added), tuple(dropped))


def _move(text: str, source: dict[str, None], target: dict[str, None]) -> None:
    """Spellings that differ in case are one text, the later one counts."""
    for there in (source, target):
        for other in [other for other in there if interest_id(other) == interest_id(text)]:
            del there[other]
    target[text] = None
