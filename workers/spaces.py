"""The spaces that an agents process works in: one, or several while profiles move from one to the next.

A profile lives in one space at a time: its own (`UserState.space`). Items and words are looked up in that space only.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workers.editing import fit
from workers.errors import Unavailable
from workers.knowledge import Knowledge
from workers.refit import FitRules
from workers.state import HeldInterest, UserState

MOVE = "move"
"""The index by time of profiles that are to be moved to another space (`streams.rollout`)."""


def lacking(space: str) -> str:
    """The index by time of profiles that are to be published in that space, which lacks something of them yet
    (`streams.own_space`)."""
    return f"lacking:{space}"


@dataclass(frozen=True, slots=True)
class InSpace:
    """What a fold needs of one space."""

    space: str
    known: Knowledge
    fit: FitRules


class Spaces:
    """`first` is the space of ATTUNE_MODEL: records of an earlier release, which name none, are of that. `told` False:
    nothing may be published before `place` has said which providers have a space of their own."""

    def __init__(self, first: InSpace, told: bool = True) -> None:
        self.own: Mapping[str, str] = {}
        """The space of each provider that is served in one of its own now."""
        self.placed: Mapping[str, str] = {}
        """Those, and the providers that are on their way back from theirs."""
        self._told = told
        self._first = first
        self._home = first
        self._spaces = {first.space: first}
        self._given_up: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[InSpace]:
        return iter(tuple(self._spaces.values()))

    def __contains__(self, space: str) -> bool:
        return space in self._spaces

    def of(self, space: str) -> InSpace:
        """Raises `Unavailable` for a space that this process has not been told of yet: its background belongs to the
        rules of the fold, so nothing may be folded in it before."""
        if space not in self._spaces:
            raise Unavailable(f"space {space} is not known here yet: it is once the pointer of spaces was read")
        return self._spaces[space]

    def of_state(self, state: UserState) -> InSpace:
        """A profile without a vector is at home wherever new ones are."""
        if not state.interests + state.avoid:
            return self._home
        return self.of(state.space) if state.space else self._first

    def know(self, space: str, background: NDArray[np.floating]) -> None:
        """From now on profiles may be moved to it. `background` as in `FitRules`; the other rules stay."""
        if space not in self._spaces:
            fit = replace(self._first.fit, background=background)
            self._spaces[space] = InSpace(space, Knowledge(space=space), fit)

    def settle(self, space: str) -> None:
        """New profiles begin here from now on. Raises `Unavailable` like `of`."""
        self._home = self.of(space)

    def place(self, own: Mapping[str, str], returning: Mapping[str, str]) -> None:
        """Providers by themselves from now on, each in its space; and those that were until now."""
        self.own, self.placed, self._told = dict(own), {**returning, **own}, True

    def by_itself(self, provider: str) -> InSpace | None:
        """The own space of the provider. Raises `Unavailable` like `of`."""
        return self.of(self.own[provider]) if provider in self.own else None

    def require_told(self) -> None:
        """Raises `Unavailable` while nobody has said where providers are served."""
        if not self._told:
            raise Unavailable("the pointer of spaces has not been read yet: nothing is published before that")

    def give_up(self, retired: Collection[str]) -> None:
        """These were retired, unless they are served again: nobody is moved there any more."""
        self._given_up = frozenset(retired)

    def is_given_up(self, space: str) -> bool:
        """So that a command to move there, which is still in the log, does not wait for what will not come."""
        return space in self._given_up

    def due(self, state: UserState, now: float) -> dict[str, float | None]:
        """The time to set in the store's index: who lives elsewhere than new profiles do is to be moved there. Nothing
        to set where there is one space only."""
        if len(self._spaces) == 1:
            return {}
        return {MOVE: None if self.of_state(state) is self._home else now}


def moved(state: UserState, target: InSpace) -> UserState | None:
    """A copy of the profile in another space: the same texts, weights fitted anew over the same interactions. None
    where a text has no vector there yet. Raises `Missing`.

    What has left the window stays in its sums, as the old space saw it: similarities, no vectors, and they fade."""
    held = state.interests + state.avoid
    words = target.known.phrases({one.text for one in held})
    if len(words) < len({one.text for one in held}):
        return None

    def there(interests: tuple[HeldInterest, ...]) -> tuple[HeldInterest, ...]:
        return tuple(one._replace(vector=words[one.text].astype("<f2").tobytes()) for one in interests)

    # What the old profile foresaw is not to be measured in the new space, and its vectors are of no use there.
    result = replace(
        state,
        interests=there(state.interests),
        avoid=there(state.avoid),
        unfitted=(),
        carried=(),
        space=target.space,
    )
    fit(result, target.known, target.fit)
    return result
