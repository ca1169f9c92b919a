"""What embedders tell each other, through the store, of phrases that the bank of their space does not have yet."""

from typing import NamedTuple


class Sighting(NamedTuple):
    """An item that shows a phrase which the bank does not have (`workers.growth`)."""

    phrase: str
    """As it is known by: casefolded, its last word in the singular."""
    item: str
    content_hash: str
    """The item's when it was seen so: another text may show it no more."""
    form: str
    """As it is written there."""
    before: str
    after: str
    """The words of the same noun phrase that stand around it; empty where there is none."""
    is_title: bool
    """Whether it is all of the item's title."""


class Bounds(NamedTuple):
    """Of what a store keeps of candidates."""

    least: int
    """Items that show it, from which a candidate is told."""
    each: int
    """Items kept of a candidate."""
    most: int
    """Candidates kept of a space."""


class GrownPhrase(NamedTuple):
    """A phrase that the bank of a space has grown by. `forms` are the casefolded spellings by which an item shows
    it."""

    phrase: str
    text: str
    forms: tuple[str, ...]
