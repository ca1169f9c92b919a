"""Two halves of the users: what is tuned on one is reported on the other.

By a hash of the user's id, so that every run, machine and version parts them alike, and a user who appears in two files
falls on the same side in both.
"""

import hashlib
from typing import Literal

Half = Literal["tune", "report", "all"]


def half_of(user: str) -> Literal["tune", "report"]:
    """Whichever half this user belongs to, for good."""
    digest = hashlib.blake2b(user.encode(), digest_size=8, person=b"attune-half").digest()
    return "tune" if digest[0] % 2 == 0 else "report"


def is_in(half: Half, user: str) -> bool:
    return half in ("all", half_of(user))
