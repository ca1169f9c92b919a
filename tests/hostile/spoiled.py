"""Bad inputs out of good ones. Deterministic: the same seed gives the same inputs, so a failure can be played again.

Half of them are spoiled as bytes, half as JSON: one to three values replaced, left out, named twice or moved into
depths. What JSON cannot say (NaN, 1e400, half of a character, a name twice) is written into the text.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.hostile.words import HOSTILE

_RAW = "\x02raw:"
"""Before what stands in the text as it is, without quotes."""

_DEPTHS = (64, 1_000, 60_000)

_TOKENS = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "-1e400",
    "1e-400",
    "-0.0",
    "9" * 400,
    "-" + "9" * 25,
    "0." + "3" * 300,
    "0x1f",
    "01",
    ".5",
    "1.",
    "+1",
    "tru",
    "undefined",
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\u0000"',
    '"\\x41"',
    '"\t"',
    "'single'",
    "/**/1",
    "",
)

_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2**31,
    2**63,
    2**64,
    1e308,
    -1e308,
    1e-320,
    0.1 + 0.2,
    "",
    " ",
    "0",
    "null",
    "\u0000",
    "\ud83d",
    "ada",
    "bob",
    [],
    {},
    [[]],
    [None],
    {"": ""},
    {"op": "add"},
    ["a"] * 2_000,
    "x" * 100_000,
    "1970-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999-14:00",
    "2026-05-01T12:00:00",
    "2026-05-01",
    "2026-02-30T12:00:00Z",
    "1e3",
    "1790000000000",
    "-62135596801",
    "٣",
    "P1D",
    *HOSTILE,
)


def inputs(seed: int, good: Sequence[bytes]) -> Iterator[bytes]:
    """Without end."""
    rng = random.Random(seed)
    while True:
        yield spoil(rng, rng.choice(good), good)


def spoil(rng: random.Random, one: bytes, others: Sequence[bytes] = ()) -> bytes:
    """One bad input (now and then still a good one)."""
    if rng.random() < 0.5:
        try:
            return _spoiled_json(rng, json.loads(one))
        except ValueError:
            pass
    for _ in range(rng.choice((1, 1, 2, 4))):
        one = rng.choice(_BYTES)(rng, one, others)
    return one


def _spoiled_json(rng: random.Random, document: Any) -> bytes:
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        document = _spoiled_value(rng, document)
    text = json.dumps(document, ensure_ascii=rng.random() < 0.8)
    while (at := text.find('"\\u0002raw:')) >= 0:
        end = text.index('\\u0002"', at)
        text = text[:at] + json.loads('"' + text[at + len('"\\u0002raw:') : end] + '"') + text[end + len('\\u0002"') :]
    return text.encode("utf-8", "surrogatepass")


def _spoiled_value(rng: random.Random, value: Any) -> Any:
    """The value, or one somewhere within it, replaced."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        return _spoiled_object(rng, value)
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = rng.randrange(len(value))
        return [*value[:at], *rng.choice(([], [_spoiled_value(rng, value[at])], [value[at]] * 300)), *value[at + 1 :]]
    return _bad_value(rng, value)


def _spoiled_object(rng: random.Random, fields: dict[str, Any]) -> dict[str, Any]:
    name = rng.choice(list(fields))
    rest = {one: value for one, value in fields.items() if one != name}
    match rng.randrange(8):
        case 0:
            return rest
        case 1:
            return rest | {rng.choice((name.upper(), name + " ", "", "__proto__", name + "\u0000")): fields[name]}
        case 2:
            return fields | {rng.choice(HOSTILE)[:40]: rng.choice(_VALUES)}
        case 3:
            return rest | {name: _twice(rng, name, fields[name])}
        case _:
            return fields | {name: _spoiled_value(rng, fields[name])}


def _twice(rng: random.Random, name: str, value: Any) -> str:
    """The value, and its name once more with another."""
    again = json.dumps({name: rng.choice(_VALUES)})[1:-1]
    return _raw(f"{json.dumps(value)},{again}") if _RAW[1:] not in json.dumps(value) else _raw("1")


def _bad_value(rng: random.Random, value: Any) -> Any:
    match rng.randrange(6):
        case 0:
            return _raw(rng.choice(_TOKENS))
        case 1:
            deep = rng.choice(_DEPTHS)
            return _raw(rng.choice(("[" * deep, "[" * deep + "]" * deep, '{"a":' * deep + "1" + "}" * deep)))
        case 2 if isinstance(value, str):
            return rng.choice((value * 3, value[:-1], value.upper(), value + rng.choice(HOSTILE), value[::-1]))
        case 3 if isinstance(value, int | float):
            return rng.choice((-value, value * 1_000, value + 0.5, str(value)))
        case _:
            return rng.choice(_VALUES)


def _raw(text: str) -> str:
    return f"{_RAW}{text}\x02"


def _flip(rng: random.Random, one: bytes, _others: Sequence[bytes]) -> bytes:
    if not one:
        return b"\xff"
    spoiled = bytearray(one)
    for _bit in range(rng.choice((1, 1, 2, 8))):
        spoiled[rng.randrange(len(spoiled))] ^= 1 << rng.randrange(8)
    return bytes(spoiled)


def _cut(rng: random.Random, one: bytes, _: Sequence[bytes]) -> bytes:
    return one[: rng.randrange(len(one) + 1)]


def _without(rng: random.Random, one: bytes, _: Sequence[bytes]) -> bytes:
    start = rng.randrange(len(one) + 1)
    return one[:start] + one[start + rng.randrange(1, 9) :]


def _insert(rng: random.Random, one: bytes, _: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(one) + 1)
    return one[:at] + rng.choice(_PIECES) + one[at:]


def _repeat(rng: random.Random, one: bytes, _: Sequence[bytes]) -> bytes:
    start = rng.randrange(len(one) + 1)
    return one[:start] + one[start : start + 16] * rng.choice((2, 50, 4_000)) + one[start:]


def _cross(rng: random.Random, one: bytes, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others) if others else one
    return one[: rng.randrange(len(one) + 1)] + other[rng.randrange(len(other) + 1) :]


def _noise(rng: random.Random, _one: bytes, _: Sequence[bytes]) -> bytes:
    return rng.randbytes(rng.choice((0, 1, 8, 200)))


_PIECES = (
    b"\x00",
    b"\xff",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\xef\xbb\xbf",
    b'"',
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b",",
    b"}",
    b"{",
    b"[" * 5_000,
    b"\t",
    b"\n",
    b"\r\n\r\n",
    b"1e400",
    b"NaN",
    *(word.encode() for word in HOSTILE),
)

_BYTES: tuple[Callable[[random.Random, bytes, Sequence[bytes]], bytes], ...] = (
    _flip,
    _flip,
    _cut,
    _without,
    _insert,
    _insert,
    _repeat,
    _cross,
    _noise,
)
