"""Which of two things said of an item counts, whatever order they come in.

A standing is text of 36 digits: who says so (1 its provider, 0 somebody else in an interaction), when the broker took
it in milliseconds since 1970 (16 digits), and what parts two of one millisecond (19 digits). Digits compare alike in
Python, in SQLite and in a Redis script, whatever its locale.

1. What the provider says counts before any description.
2. Of two that the provider says the later one counts: that of the greater offset within a millisecond.
3. Of two descriptions the first one counts: nobody rewrites what another person has described. Within a millisecond it
   is the one whose text has the smaller digest.
4. A tombstone takes away what was taken before it: the provider's everything, any other only descriptions.
5. What has no standing, since an earlier release wrote it, gives way to all and is held up by nothing.
6. A tombstone of the provider's is remembered for an hour, in the broker's time: what was taken before it comes too
   late. (A worker that fell behind ends its batch in seconds, or is gone.)

The provider's order is its broker's clock: where a partition's leader changes to a broker whose clock is behind, an
update within that difference of the one before it counts as the earlier. It does as soon as the entry is sent again.
"""

from hashlib import blake2b

NONE = ""
"""Of what an earlier release wrote."""

DIGITS = 36

REMEMBERED_MS = 60 * 60 * 1000
"""Rule 6."""


def provided(accepted_ms: int, offset: int) -> str:
    """Of a provider's entry or tombstone, by the place of its record."""
    return f"1{accepted_ms:016d}{offset:019d}"


def described(accepted_ms: int, text: str) -> str:
    """Of a description. `accepted_ms` is when the broker took the interaction that it stands in."""
    digest = int.from_bytes(blake2b(text.encode(), digest_size=7).digest())
    return f"0{accepted_ms:016d}{digest:019d}"


def undescribed(accepted_ms: int) -> str:
    """Of a tombstone for the descriptions that were taken before it or in the same millisecond."""
    return f"0{accepted_ms:016d}{'9' * 19}"


def is_description(standing: str) -> bool:
    return standing.startswith("0")


def time_of(standing: str) -> int:
    """When the broker took it, in milliseconds since 1970."""
    return int(standing[1:17])


def gone_at(tombstone: str) -> int | None:
    """The time from which rule 6 counts; None where there is nothing to remember."""
    return time_of(tombstone) if tombstone and not is_description(tombstone) else None


def comes_too_late(new: str, gone_ms: int | None) -> bool:
    """Rule 6, given the time of the tombstone that is remembered, if one is."""
    return bool(new) and gone_ms is not None and time_of(new) < gone_ms


def gives_way(stored: str, new: str) -> bool:
    """Rules 1 to 3 and 5: whether the new one takes the place of what is stored. An equal one does."""
    if not stored or not new:
        return True
    if stored[0] != new[0]:
        return stored < new
    return new <= stored if is_description(new) else stored <= new


def is_taken_away(stored: str, tombstone: str) -> bool:
    """Rules 4 and 5."""
    return not stored or not tombstone or (stored[0] <= tombstone[0] and stored[1:] <= tombstone[1:])
