"""Prompts: a constant text from a file first, the data as one JSON object last.

The constant part is the same for everybody, so that a server keeps it worked out (prefix caching). A prompt's file is
never changed once it was used: a better one gets the next number.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from infra.vllm.answers import MAX_TEXT
from infra.vllm.quoting import quoted
from workers.refinement.asks import MAX_JUDGED, Ask, Judged, Shown

REFINE = "refine-v1"
DESCRIBE = "describe-v1"

MAX_TITLE = 100
MAX_CATEGORY = 32
MAX_AVOID = 24
MAX_GROUP = 8
"""Characters of a title and of a category; avoided texts; titles, and phrases, of one group."""

MAX_DATA_BYTES = 11_000
"""Of the JSON. With the 2,540 of the longer constant part these are at most 6,802 tokens (`Question.prompt_tokens`),
the longest answer has 1,248, and a probed server has room for 8,192. The longest English examples all fit; where
letters take more bytes, some of each kind are left out."""

Data = dict[str, Any]


@cache
def instructions(name: str) -> str:
    """The constant part of the prompt `name`."""
    return files("infra.vllm").joinpath("prompts", f"{name}.txt").read_text("utf-8")


def refine_data(ask: Ask, most_edits: int) -> str:
    """What there is to improve. Interests go by their place in the ask, from 1; examples name them by that number, so
    that the profile's own words stand in one place only, as the profile."""
    numbers = {shown.text: number for number, shown in enumerate(ask.interests, 1)}
    feedback = ask.feedback
    avoid = _texts(ask.avoid[:MAX_AVOID], MAX_TEXT)
    examples = {
        "missed": _items(feedback.false_negatives, numbers),
        "misled": _items(feedback.false_positives, numbers),
        "expected": _items(feedback.true_positives, numbers),
        "passed": _items(feedback.true_negatives, numbers),
    }
    profile = [_interest(number, shown) for number, shown in enumerate(ask.interests, 1)]
    data = {"profile": profile, "avoid": avoid, **examples, "most_edits": most_edits}
    return _fit(data, [avoid, *examples.values()])


def describe_data(clusters: Sequence[Sequence[str]], candidates: Sequence[Sequence[str]]) -> str:
    """The groups, numbered from 1."""
    groups: list[Data] = [
        {"n": number, "titles": _texts(titles[:MAX_GROUP], MAX_TITLE), "phrases": _texts(phrases[:MAX_GROUP], MAX_TEXT)}
        for number, (titles, phrases) in enumerate(zip(clusters, candidates, strict=True), 1)
    ]
    return _fit({"groups": groups}, [group[part] for group in groups for part in ("phrases", "titles")])


def _interest(number: int, shown: Shown) -> Data:
    data = {"n": number, "text": quoted(shown.text, MAX_TEXT), "weight": round(shown.weight, 2)}
    return data if shown.editable else {**data, "locked": True}


def _items(items: Sequence[Judged], numbers: Mapping[str, int]) -> list[Data]:
    return [_item(item, numbers) for item in items[:MAX_JUDGED]]


def _item(item: Judged, numbers: Mapping[str, int]) -> Data:
    because = [[numbers[text], round(share, 2)] for text, share in item.contributions if text in numbers]
    data: Data = {"title": quoted(item.title, MAX_TITLE)}
    if item.category:
        data["category"] = quoted(item.category, MAX_CATEGORY)
    return data | {"score": round(item.score, 2)} | ({"because": because} if because else {})


def _texts(texts: Sequence[str], most: int) -> list[str]:
    return [quoted(text, most) for text in texts]


def _fit(data: Data, lists: list[list[Any]]) -> str:
    """As JSON of at most MAX_DATA_BYTES: the longest list loses its last entry until it is, and ties go by the order
    of `lists`, so that the same data are the same bytes."""
    while len((text := _json(data)).encode()) > MAX_DATA_BYTES:
        longest = max(lists, key=len)
        assert longest, "24 interests of 80 characters fit in any alphabet"
        longest.pop()
    return text


def _json(data: Data) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
