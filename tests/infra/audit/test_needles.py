"""What is looked for is found in every disguise, and a short id is not found in other words."""

import json
import zlib
from base64 import b64encode
from urllib.parse import quote

import pytest

from infra.audit.needles import Needles

PERSON = "ann-of-green-gables"


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("user", [PERSON, "用户 with a name", 'quo"ted back\\slash'])
def test_in_every_disguise(user: str, before: int) -> None:
    needles, padding = Needles(user), "x" * before
    for raw in (user, json.dumps(user), json.dumps(user, ensure_ascii=False), quote(user, safe="")):
        data = f"{padding}{raw}".encode()
        assert needles.are_in(data)
        assert needles.are_in(b"\0\x01" + zlib.compress(data))
    inner = b'{"value": "' + b64encode(padding.encode() + b'{"user": "' + user.encode() + b'"}') + b'"}'
    assert needles.are_in(inner)
    assert needles.are_in(b64encode(inner))


def test_words_that_the_person_has_typed() -> None:
    needles = Needles(PERSON, ["theremin solos"])
    assert needles.are_in(b'["theremin solos"]')
    assert not needles.are_in(b"theremin and solos")


@pytest.mark.parametrize("data", [b"channel", b"anne", b"_ann_", b"Ann"])
def test_a_short_id_counts_only_where_it_is_a_word(data: bytes) -> None:
    assert not Needles("ann").are_in(data)
    assert Needles("ann").are_in(b'"user":"ann"')


def test_a_place_is_named_without_what_was_looked_for() -> None:
    assert Needles(PERSON).hidden(f"{{attune:07}}:user:{PERSON}") == "{attune:07}:user:<user>"


@pytest.mark.parametrize("noise", [b"", bytes(range(256)) * 40, b"\x78\x9c not packed", b"AAAAAAAAAAAA=", b"abc" * 999])
def test_noise_is_nothing(noise: bytes) -> None:
    assert not Needles(PERSON).are_in(noise)
