"""The keys that sign tokens: several at once, so that a new one comes into use while tokens of the old one still hold.

The newest signs; an older one is accepted until its time is over. A key's id (`kid`, which stands in every token) is
made from the key, one way.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from workers.errors import ConfigurationError

MIN_KEY_BYTES = 32
"""As long as what HS256 makes of it (RFC 7518, 3.2)."""


@dataclass(frozen=True, slots=True)
class TokenKey:
    """`made` and `until` are epoch seconds; `until` None: until it is replaced."""

    secret: bytes = field(repr=False)
    made: float = 0.0
    until: float | None = None

    @property
    def kid(self) -> str:
        return hashlib.sha256(b"attune token key\0" + self.secret).hexdigest()[:16]

    def holds_at(self, now: float) -> bool:
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class KeyRing:
    """At least one key, the newest first."""

    keys: tuple[TokenKey, ...]

    @property
    def signing(self) -> TokenKey:
        return self.keys[0]

    def accepted(self, kid: str, now: float) -> TokenKey | None:
        """The key of that id, if tokens that it signed are still taken."""
        return next((key for key in self.keys if key.kid == kid and key.holds_at(now)), None)

    def rotated(self, secret: bytes, now: float, keep_seconds: float) -> "KeyRing":
        """With a new key in front; the others are accepted for `keep_seconds` more at most, and left out once over."""
        end = now + keep_seconds
        old = [replace(key, until=min(end, math.inf if key.until is None else key.until)) for key in self.keys]
        return KeyRing((TokenKey(secret, now), *(key for key in old if key.holds_at(now))))


Keys = Callable[[], KeyRing]
"""The keys in force, asked for with every token: they may be rotated while the service runs. Raises
`ConfigurationError` where they cannot be read any more."""


def ring_of_setting(text: str) -> KeyRing:
    """What ATTUNE_TOKEN_KEYS holds: one or more long random texts with commas between them, the newest first. Raises
    `ConfigurationError`, which repeats nothing of it."""
    secrets = [part.strip().encode() for part in text.split(",") if part.strip()]
    if not secrets or any(len(secret) < MIN_KEY_BYTES for secret in secrets):
        cure = f"make each with `openssl rand -hex {MIN_KEY_BYTES}`, commas between them, the newest first"
        raise ConfigurationError(f"ATTUNE_TOKEN_KEYS needs keys of at least {MIN_KEY_BYTES} characters: {cure}")
    return KeyRing(tuple(TokenKey(secret) for secret in secrets))
