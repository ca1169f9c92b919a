"""A token: a JSON Web Token that says who holds it (RFC 7519, HS256). It holds no secret but its signature."""

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
    }
    key = ring.signing
    return jwt.encode(claims, key.secret, algorithm=ALGORITHM, headers={"kid": key.kid})


def read(ring: KeyRing, token: str, now: float) -> Holder:
    """Who holds the token. Raises `TokenRefused`.

    1. Its key is one of ours and still accepted. 2. The signature is that key's. 3. Its time is not over. 4. It says
    who holds it.
    """
    if len(token) > MAX_TOKEN_CHARS:
        raise _malformed()
    claims = _verified(ring, token, now)  # 1, 2
    expires = claims["exp"]
    if not isinstance(expires, int) or expires <= now:  # 3
        raise TokenRefused("The token has expired; ask for a new one (`attune token issue`).")
    try:  # 4
        return Holder(Role(claims["role"]), claims["sub"], float(expires))
    except (KeyError, ValueError) as error:
        raise _malformed() from error


def _verified(ring: KeyRing, token: str, now: float) -> dict[str, Any]:
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = ring.accepted(kid, now) if isinstance(kid, str) else None
        if key is None:
            detail = "No key in force signed this token; ask for a new one (`attune token issue`)."
            raise TokenRefused(detail)
        return jwt.decode(
            token,
            key.secret,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            # Its time is compared with our own clock, which comes in as an argument.
            options={"require": ["exp", "sub", "aud"], "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.InvalidSignatureError as error:
        raise TokenRefused("The token's signature is wrong: it was changed, or cut off on its way.") from error
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise _malformed() from error


def _malformed() -> TokenRefused:
    return TokenRefused("This is no token of Attune's; send the one that `attune token issue` printed, whole.")
