"""Kinds of values, each with some that lie just within its limits and some just without."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

import numpy as np

from schemas.base import MAX_COUNT, MAX_DIMENSION, MAX_TEXT
from tests.schemas.bodies import INTEREST, SUBJECT, TIME, VECTOR


def float16(*values: float) -> str:
    return b64encode(np.array(values, "<f2").tobytes()).decode()


@dataclass(frozen=True)
class Kind:
    """Values on either side of the limit."""

    within: tuple[Any, ...]
    without: tuple[Any, ...]


def identity(most: int) -> Kind:
    within = ("a", "x" * most, "Ωμέγα 7", "a b", "é" * most)
    return Kind(within, ("", "x" * (most + 1), " ", "a\nb", "a\x00", "a\x7f", "\t", 7, None, True))


def words(most: int) -> Kind:
    return Kind(("a", "x" * most, "two\nlines"), ("", "x" * (most + 1), 7))


def at_least(least: int) -> Kind:
    return Kind((least, least + 1, MAX_COUNT), (least - 1, MAX_COUNT + 1, 10**30, 0.5, "many", None, float("nan")))


def many(one: Any, most: int, least: int = 0) -> Kind:
    nothing: list[Any] = []
    within = [[one] * most, [one] * max(1, least)]
    without = [[one] * (most + 1), "a", None]
    (without if least else within).append(nothing)
    return Kind(tuple(within), tuple(without))


USER = EVENT = identity(128)
ITEM = identity(256)
SHORT_TEXT = identity(80)
TITLE, LABEL = words(500), words(120)
PROVIDER = Kind(("a", "9", "a" * 64, "my.news_1-x"), ("", "a" * 65, "News", "-a", "a:b", "a b", "é", None))
SPACE = Kind(("a", "A" * 96, "minilm-1.2_3"), ("", "a" * 97, "a b", "-a", "a:b", None))
SUBJECT_ID = Kind(("0" * 32, SUBJECT), ("0" * 31, "0" * 33, "A" * 32, "g" * 32, None))
READER = Kind(("a", "A" * 128, "host-1.example:9103"), ("", "a" * 129, "a b", "é", 7))
INTEREST_ID = Kind((INTEREST,), ("0" * 11, "0" * 13, "A" * 12, None))
MOMENT = Kind(
    (TIME, "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-05-01T12:00:00.123456+14:00"),
    (
        "1969-12-31T23:59:59Z",
        "2026-05-01T12:00:00",
        "9999-12-31T23:59:59-23:59",
        "soon",
        "",
        None,
        0,
        1_790_000_000.5,
        float("nan"),
    ),
)
WEIGHT = Kind((-1, 1, 0.0, 0.5), (-1.0001, 1.0001, float("nan"), float("inf"), "heavy"))
COSINE = Kind((0, 1, 0.5, None), (-0.0001, 1.0001, float("nan"), "near"))
SHARE = Kind((0, 1, 0.5), (-0.0001, 1.0001, float("nan")))
COUNT, FROM_ONE = at_least(0), at_least(1)
FLOAT16 = Kind(
    (VECTOR, float16(0.0), float16(*[65_504.0] * MAX_DIMENSION)),
    ("", float16(*[1.0] * (MAX_DIMENSION + 1)), float16(float("nan")), float16(1.0, float("-inf")), "AA==", "%%%%"),
)
TEXT = Kind(("x" * MAX_TEXT, None), ("x" * (MAX_TEXT + 1), 7))
ANY_NUMBER = Kind((0, -3.5, 1e300), (float("nan"), float("inf"), "much", None))
VERSION = Kind((1,), (0, 2, "one"))
YES_OR_NO = Kind((True, False), ("maybe", None))


def one_of(*values: str) -> Kind:
    return Kind(values, ("", "anything", values[0].upper(), None, 1))


def or_none(kind: Kind) -> Kind:
    return Kind((*kind.within, None), tuple(value for value in kind.without if value is not None))
