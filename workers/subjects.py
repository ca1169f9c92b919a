"""The name one provider knows a person by. Two providers cannot join theirs: that takes the key."""

import hashlib
import hmac


def subject_of(key: bytes, provider: str, user: str) -> str:
    """32 hex digits, the same for one user at one provider for as long as the key lives (DESIGN.md, invariant 7)."""
    return hmac.new(key, f"{provider}\0{user}".encode(), hashlib.sha256).hexdigest()[:32]
