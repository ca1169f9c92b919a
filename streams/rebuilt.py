"""How a user's record in the store compares with the one that was folded from the log."""

from dataclasses import dataclass
from enum import StrEnum

from workers.ports import UserRecord
from workers.state import HeldInterest, UserState, decode_state


class Found(StrEnum):
    """How the store compares with the log."""

    EQUAL = "equal"
    """Byte for byte."""
    SAME_PROFILE = "same_profile"
    """The same interests, weights and interactions; the bookkeeping differs."""
    DIFFERENT = "different"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    FORGOTTEN = "forgotten"
    UNKNOWN = "unknown"
    """Neither the store nor the log has heard of the user."""
    SHORTENED = "shortened"
    """The log does not begin where the profile did."""


REPLACED = frozenset({Found.DIFFERENT, Found.MISSING, Found.UNREADABLE})


@dataclass(frozen=True, slots=True)
class Report:
    """Of one user. `skipped` counts messages that no fold could take; `shortened` says that the log has lost some by
    their age."""

    user: str
    found: Found
    written: bool = False
    version: int = 0
    skipped: int = 0
    shortened: bool = False


def compare(stored: UserRecord, folded: bytes | None) -> Found:
    """`folded` is None where the log has nothing of the user."""
    if stored.forgotten:
        return Found.FORGOTTEN
    if stored.state is None:
        return Found.UNKNOWN if folded is None else Found.MISSING
    if stored.state == folded:
        return Found.EQUAL
    if (before := readable(stored)) is None:
        return Found.UNREADABLE
    return Found.SAME_PROFILE if _says(before) == _says(decode_state(folded)) else Found.DIFFERENT


def readable(record: UserRecord) -> UserState | None:
    """None where there is none, or none that this release can read."""
    try:
        return None if record.state is None else decode_state(record.state)
    except Exception:  # whatever is wrong with the bytes: that is what is asked here
        return None


def _says(state: UserState) -> object:
    """What a profile is to its person and to its providers."""
    return tuple(map(_held, state.interests)), tuple(map(_held, state.avoid)), state.window


def _held(interest: HeldInterest) -> object:
    return interest._replace(evidence=())
