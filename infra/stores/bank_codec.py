"""How the stores keep what a bank grows by. A candidate's sightings are lines of JSON, one an item, so that a script
can tell them apart without reading them: JSON has no line break of its own, and each line begins with its item."""

import json
from collections.abc import Iterable

from workers.sightings import GrownPhrase, Sighting


def head_of(item: str) -> str:
    """What the line of a sighting of this item begins with, and no other."""
    return f"[{_json(item)},"


def line_of(sighting: Sighting) -> str:
    return head_of(sighting.item) + _json(list(sighting[2:]))[1:]


def sightings_of(phrase: str, lines: str) -> tuple[Sighting, ...]:
    return tuple([Sighting(phrase, *json.loads(line)) for line in lines.split("\n")])


def pack_grown(grown: GrownPhrase) -> str:
    return _json(list(grown))


def unpack_grown(packed: Iterable[str | bytes]) -> list[GrownPhrase]:
    rows = map(json.loads, packed)
    return [GrownPhrase(phrase, text, tuple(forms)) for phrase, text, forms in rows]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
