"""The keys that sign tokens: several at once, so that a new one comes into use while tokens of the old one still hold.

The newest signs; an older one is accepted until its time is over. A key's id (`kid`, which stands in every token) is
made from the key, one way.

One token alone can be called back by its own id (`jti`), which is kept beside the keys until the token would have
expired anyway.
"""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from workers.errors import ConfigurationError

MIN_KEY_BYTES = 32
"""As long as what HS256 makes of it (RFC 7518, 3.2)."""

MAX_REVOKED = 10_000
"""Tokens called back and not yet expired: 60 bytes each are 600 KB, which take 10 ms to read when the file changes."""


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
    """At least one key, the newest first. `revoked`: until when (epoch seconds) each token that was called back is to
    be remembered, by its id."""

    keys: tuple[TokenKey, ...]
    revoked: Mapping[str, float] = field(default_factory=dict)

    @property
    def signing(self) -> TokenKey:
        return self.keys[0]

    def accepted(self, kid: str, now: float) -> TokenKey | None:
        """The key of that id, if tokens that it signed are still taken."""
        return next((key for key in self.keys if key.kid == kid and key.holds_at(now)), None)

    def without(self, token: str, now: float, until: float) -> "KeyRing":
        """With one more token called back, by its id. Those that have expired meanwhile leave the list. Raises
        `ConfigurationError` where it is full."""
        revoked = {one: end for one, end in self.revoked.items() if end > now} | {token: until}
        if len(revoked) > MAX_REVOKED:
            cure = "call all of them back at once with `attune token rotate --keep-days 0`, and issue others"
            raise ConfigurationError(f"{MAX_REVOKED:,} tokens are called back already: {cure}")
        return replace(self, revoked=revoked)

    def rotated(self, secret: bytes, now: float, keep_seconds: float) -> "KeyRing":
        """With a new key in front; the others are accepted for `keep_seconds` more at most, and left out once over. So
        are the tokens that were called back, each of which an older key has signed."""
        end = now + keep_seconds
        old = [replace(key, until=min(end, math.inf if key.until is None else key.until)) for key in self.keys]
        revoked = {token: min(end, until) for token, until in self.revoked.items() if min(end, until) > now}
        return KeyRing((TokenKey(secret, now), *(key for key in old if key.holds_at(now))), revoked)


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
