"""A token: a JSON Web Token that says who holds it (RFC 7519, HS256). It holds no secret but its signature."""

import re
import secrets
from typing import Any

import jwt

from infra.doors.keys import KeyRing
from infra.doors.roles import Holder, Role, checked_subject

ALGORITHM = "HS256"
"""The only one: a token that asks for another, or for none, is refused."""

AUDIENCE = "attune"
"""The same key may sign something else one day; that is no token then."""

DAY = 86_400.0
MAX_DAYS = 366
MAX_TOKEN_CHARS = 4_096
"""The longest of ours: a user id of 128 characters, twelve bytes each as JSON escapes them, is 2,048 in base64; the
rest some 400."""


_ID = re.compile(r"[0-9a-f]{24}")
"""Random, so that nobody can guess another's. A key's id is 16 long: neither passes for the other."""


class TokenRefused(Exception):
    """The message is for whoever holds the token: what is wrong with it and what to do."""


def issue(ring: KeyRing, role: Role, subject: str, now: float, days: float) -> str:
    """A token for `days` from `now` (epoch seconds). Raises `ConfigurationError` for a subject that cannot be."""
    claims = {
        "aud": AUDIENCE,
        "role": role.value,
        "sub": checked_subject(role, subject),
        "iat": int(now),
        "exp": int(now + days * DAY),
        "jti": secrets.token_hex(12),
    }
    key = ring.signing
    return jwt.encode(claims, key.secret, algorithm=ALGORITHM, headers={"kid": key.kid})


def read(ring: KeyRing, token: str, now: float) -> Holder:
    """Who holds the token. Raises `TokenRefused`.

    1. Its key is one of ours and still accepted. 2. The signature is that key's. 3. Its time is not over. 4. It was not
    called back. 5. It says who holds it.
    """
    if len(token) > MAX_TOKEN_CHARS:
        raise _malformed()
    kid, claims = _verified(ring, token, now)  # 1, 2
    expires = claims["exp"]
    if not isinstance(expires, int) or expires <= now:  # 3
        raise TokenRefused("The token has expired; ask for a new one (`attune token issue`).")
    name = claims.get("jti", "")
    if name in ring.revoked:  # 4
        raise TokenRefused("This token was called back; ask for a new one (`attune token issue`).")
    try:  # 5
        return Holder(Role(claims["role"]), claims["sub"], float(expires), name, kid)
    except (KeyError, ValueError) as error:
        raise _malformed() from error


def holds(ring: KeyRing, holder: Holder, now: float) -> bool:
    """Whether a token that was read once would still be taken: for answers that last."""
    return now < holder.expires and holder.token not in ring.revoked and ring.accepted(holder.key, now) is not None


def is_id(text: str) -> bool:
    """Whether it can be the id of a token."""
    return _ID.fullmatch(text) is not None


def _verified(ring: KeyRing, token: str, now: float) -> tuple[str, dict[str, Any]]:
    """The id of the key that signed it, and its claims."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = ring.accepted(kid, now) if isinstance(kid, str) else None
        if key is None:
            detail = "No key in force signed this token; ask for a new one (`attune token issue`)."
            raise TokenRefused(detail)
        claims: dict[str, Any] = jwt.decode(
            token,
            key.secret,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            # Its time is compared with our own clock, which comes in as an argument.
            options={"require": ["exp", "sub", "aud"], "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        return key.kid, claims
    except jwt.InvalidSignatureError as error:
        raise TokenRefused("The token's signature is wrong: it was changed, or cut off on its way.") from error
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise _malformed() from error


def _malformed() -> TokenRefused:
    return TokenRefused("This is no token of Attune's; send the one that `attune token issue` printed, whole.")
