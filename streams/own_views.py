"""What a commit owes the providers that have, or had, a space of their own (`streams.own_space`, steps 3 and 4)."""

from streams.publication import Seen
from workers.mailbox import Folded
from workers.seen import seen_in
from workers.spaces import Spaces, lacking
from workers.state import UserState


def seen_by(folded: Folded, spaces: Spaces) -> Seen:
    """The profile as each of them is to have it now; {} where none is to have any. Raises `Missing` and
    `Unavailable`.

    A re-fit sends it even where it makes no version: it takes the profile off the list of those that were last fitted
    before the provider came to another space (`refitted`)."""
    state = folded.state
    if not spaces.placed or not state.version or not (folded.changes or folded.publish or folded.refits):
        return {}
    home = spaces.of_state(state)
    known = [space for space in sorted(set(spaces.own.values())) if space in spaces]
    there = {space: seen_in(state, home.known, spaces.of(space)) for space in known}
    return {one: there.get(spaces.own[one]) if one in spaces.own else state for one in sorted(spaces.placed)}


def left_to_publisher(state: UserState, spaces: Spaces) -> Seen:
    """For whoever does not look up what is known in those spaces: the profile is listed there."""
    return {one: None if one in spaces.own else state for one in sorted(spaces.placed)}


def lacked(seen: Seen, spaces: Spaces, now: float) -> dict[str, float | None]:
    """The times to set in the store's index: whoever could not be published in a space is on its list from this commit
    on, and who was, or has no more to be, is not."""
    lack = {spaces.own[one] for one in seen if one in spaces.own and seen[one] is None}
    return {lacking(space): now if space in lack else None for space in set(map(spaces.placed.__getitem__, seen))}
