"""A candidate's profile, and its reward: what the agent's gate will measure (`workers.proposals`), measured beforehand.

The same functions, in the same order, on the same four fifths and the same held-out fifth: what is found better here is
found better there, unless the person has done something since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from workers.editing import fit, proposed
from workers.held_out import held_back, reward_of, training_part
from workers.knowledge import Knowledge
from workers.ports import Matrix
from workers.refinement.candidate import Candidate
from workers.refinement.world import World, texts_needed
from workers.refit import withdrawn
from workers.state import Remembered, UserState
from workers.weights import Array


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate, with the profile that it gives on the training part and its reward."""

    candidate: Candidate
    profile: UserState
    reward: float


class Judging:
    """One world, and what of its texts is known by now. `training` are the interactions that a re-fit learns from."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._known = Knowledge(max_items=len(world.items) + 1)
        needed = {entry.item for entry in world.state.window} | {*world.judges, *world.others}
        self._known.learn_items(needed, world.items)
        self.words = dict(world.words)
        self._learn_words()
        self._window = training_part(world.state)
        self.training = self._still_there()
        self._held = held_back(world.state, self._known, world.judges)

    @property
    def is_possible(self) -> bool:
        """Whether there is something to learn from, and something liked and something else held out to judge by."""
        return bool(self.training) and self._held.can_judge

    def learn(self, vectors: Mapping[str, Matrix]) -> None:
        """Texts that a proposer brought in."""
        self.words |= vectors
        self._known.learn_phrases(vectors, _packed(vectors))

    def trial(self, candidate: Candidate) -> Trial | None:
        """None where the agent would find nothing in it to be done. Its texts must have been learned."""
        state = self.world.state
        if candidate.key != Candidate().key:
            edits = candidate.edits(state.interests)
            texts = candidate.added + candidate.dropped + state.removed
            changed = proposed(state, edits, {text: self.words[text] for text in texts if text in self.words})
            if changed is None:
                return None
            state = changed
        profile = replace(state, window=list(self._window))
        fit(profile, self._known, self.world.rules)
        return Trial(candidate, profile, reward_of(profile, self._held, self.world.scoring))

    def rows(self, keys: Sequence[str]) -> Array:
        """(n, d) of items."""
        found = self._known.items(set(keys))
        if not keys:
            return np.zeros((0, len(self.world.rules.background)))
        return np.array([found[key].vector for key in keys], np.float64)

    def _learn_words(self) -> None:
        """Texts without a vector are looked up too: they cannot name an interest."""
        needed = texts_needed(self.world.state, self.world.items)
        self._known.learn_phrases(needed | self.words.keys(), _packed(self.words))

    def _still_there(self) -> list[Remembered]:
        """What a re-fit learns from: items that exist and do not speak of what the person removed."""
        items = self._known.items({entry.item for entry in self._window})
        gone = withdrawn(self.world.state.removed, items, self._known)
        return [entry for entry in self._window if entry.item in items and entry.item not in gone]


def _packed(vectors: Mapping[str, Matrix]) -> dict[str, bytes]:
    return {text: vector.astype("<f2").tobytes() for text, vector in vectors.items()}
