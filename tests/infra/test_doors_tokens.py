"""A token is taken from whom it was issued to, in its time, signed by a key in force; and nothing else is."""

import base64
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.doors.keys import KeyRing, TokenKey
from infra.doors.roles import Holder, Role
from infra.doors.tokens import DAY, MAX_TOKEN_CHARS, TokenRefused, holds, is_id, issue, read
from tests.infra.door_keys import KEY, NOW, OTHER_KEY, RING, token
from workers.errors import ConfigurationError

CLAIMS = {"aud": "attune", "role": "person", "sub": "ada", "iat": int(NOW), "exp": int(NOW + DAY)}


def signed(claims: dict[str, Any], key: TokenKey = KEY, algorithm: str = "HS256", **header: Any) -> str:
    return jwt.encode(claims, key.secret, algorithm=algorithm, headers={"kid": key.kid} | header)


def refused(given: str, now: float = NOW, ring: KeyRing = RING) -> str:
    with pytest.raises(TokenRefused) as refusal:
        read(ring, given, now)
    return str(refusal.value)


@pytest.mark.parametrize("role", Role)
def test_it_says_who_holds_it_and_until_when(role: Role) -> None:
    name = {Role.PERSON: "Ada Lovelace / Zürich", Role.PROVIDER: "mine.spotify"}.get(role, "importer-2")
    assert read(RING, token(role, name, days=2), NOW) == Holder(role, name, NOW + 2 * DAY)


def test_each_has_an_id_of_its_own_by_which_it_is_called_back() -> None:
    first, second = token(Role.PERSON), token(Role.PERSON)
    name = read(RING, first, NOW).token
    ring = RING.without(name, NOW, NOW + DAY)
    assert "was called back; ask for a new one" in refused(first, ring=ring)
    assert read(ring, second, NOW).subject == "ada"
    assert is_id(name)
    assert not is_id(KEY.kid)


def test_a_token_of_an_earlier_release_has_none_and_holds() -> None:
    assert read(RING.without("a" * 24, NOW, NOW + DAY), signed(CLAIMS), NOW).token == ""


def test_what_was_read_once_is_looked_at_again() -> None:
    holder = read(RING, token(Role.PERSON, days=1), NOW)
    assert holds(RING, holder, NOW + DAY - 1)
    assert not holds(RING, holder, NOW + DAY)
    assert not holds(RING.without(holder.token, NOW, NOW + DAY), holder, NOW)
    assert not holds(RING.rotated(b"n" * 32, NOW, 0), holder, NOW)


def test_it_holds_until_its_last_second() -> None:
    given = token(Role.PERSON, days=1)
    assert read(RING, given, NOW + DAY - 1).subject == "ada"
    assert "has expired; ask for a new one" in refused(given, NOW + DAY)


def test_the_longest_one_that_is_issued_is_taken() -> None:
    given = token(Role.PERSON, "\U0001f600" * 128)
    assert len(given) < MAX_TOKEN_CHARS
    assert read(RING, given, NOW).subject == "\U0001f600" * 128


def test_a_longer_one_is_not_even_looked_at() -> None:
    assert "no token of Attune's" in refused(signed(CLAIMS | {"more": "x" * MAX_TOKEN_CHARS}))


def test_another_key_s_signature_does_not_hold() -> None:
    assert "No key in force" in refused(signed(CLAIMS, OTHER_KEY))
    assert "signature is wrong" in refused(signed(CLAIMS, OTHER_KEY, kid=KEY.kid))


def test_a_changed_claim_breaks_the_signature() -> None:
    head, _, tail = token(Role.PERSON).split(".")
    claims = base64.urlsafe_b64encode(json.dumps(CLAIMS | {"role": "operator"}).encode()).decode().rstrip("=")
    assert "signature is wrong" in refused(f"{head}.{claims}.{tail}")


def test_it_cannot_choose_how_it_is_checked() -> None:
    """The old trick: a token that asks for no signature, or for another kind."""
    assert "no token of Attune's" in refused(jwt.encode(CLAIMS, "", algorithm="none", headers={"kid": KEY.kid}))
    assert "no token of Attune's" in refused(jwt.encode(CLAIMS, "k" * 64, algorithm="HS512", headers={"kid": KEY.kid}))


@pytest.mark.parametrize("kid", [None, 7, "", "../../etc/passwd"])
def test_a_key_s_id_that_is_none_is_no_key(kid: object) -> None:
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": kid}).encode()).decode().rstrip("=")
    _, claims, tail = token(Role.PERSON).split(".")
    assert refused(f"{head}.{claims}.{tail}")


@pytest.mark.parametrize("claim", ["aud", "role", "sub", "exp"])
def test_none_of_its_claims_may_lack(claim: str) -> None:
    assert "no token of Attune's" in refused(signed({name: v for name, v in CLAIMS.items() if name != claim}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "another service"},
        {"role": "root"},
        {"role": ["operator"]},
        {"sub": 7},
        {"exp": "never"},
        {"exp": 1e400},
    ],
)
def test_each_of_them_is_what_it_must_be(wrong: dict[str, Any]) -> None:
    assert refused(signed(CLAIMS | wrong))


@given(st.text(max_size=200))
def test_any_other_text_is_refused_in_our_words(text: str) -> None:
    assert refused(text)


@pytest.mark.parametrize(
    ("role", "subject", "said"),
    [
        (Role.PERSON, "", "--user takes a user id"),
        (Role.PERSON, "a\nb", "--user takes a user id"),
        (Role.PERSON, "a" * 129, "--user takes a user id"),
        (Role.PROVIDER, "News", "--provider takes a provider's id"),
        (Role.PROVIDER, "*", "--provider takes a provider's id"),
        (Role.OPERATOR, "anna the first", "--name takes letters"),
    ],
)
def test_none_is_issued_to_what_cannot_be(role: Role, subject: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        issue(RING, role, subject, NOW, 1)
