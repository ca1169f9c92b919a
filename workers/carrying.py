"""Carrying a profile from one installation to another: the document that a person takes along, and what it becomes.

What comes in stands in the place of what was there: texts with the vectors that they came with, where this profile
lives in the same space, and in their words' vectors where not; weights held; and nothing inferred beside it until the
person does more. So the same space recommends the same from it. What was not the person's own where it came from is
`kept` (`workers.held`), and is not theirs in the next document either.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from schemas.command import ImportCommand
from schemas.document import Carried, ProfileDocument
from schemas.profile import Source
from workers.editing import kept_removed, put
from workers.errors import EditRefused
from workers.held import HeldInterest, interest_id
from workers.knowledge import Knowledge
from workers.ports import Matrix
from workers.refit import FitRules
from workers.rollback import in_place
from workers.state import UserState

LENGTH_ERROR = 0.01
"""Of a vector of unit length: float16 err by 2^-11 a component, 0.0005 of the length at most."""


def document_of(state: UserState, now: datetime, space: str) -> ProfileDocument:
    """What the person takes along. `space` is that of a record of an earlier release, which names none."""
    return ProfileDocument(
        exported=now,
        version=state.version,
        space=state.space or space,
        interests=tuple(map(_carried, state.interests)),
        avoid=tuple(map(_carried, state.avoid)),
        removed=tuple(text for _, text in state.taken_out()),
        keep_away=state.keep_away,
    )


def texts_carried(command: ImportCommand) -> tuple[str, ...]:
    """All of them: in one space or another, now or when the person restores one, each may need a vector."""
    return tuple(dict.fromkeys((*(one.text for one in command.interests + command.avoid), *command.removed)))


def texts_to_embed(state: UserState, command: ImportCommand) -> tuple[str, ...]:
    """Those without which it cannot be taken in. (By what was removed, the re-fit tells what not to infer.)"""
    without = [one.text for one in command.interests + command.avoid if not _brings_its_vector(one, state, command)]
    return tuple(dict.fromkeys((*without, *command.removed)))


def imported(state: UserState, command: ImportCommand, known: Knowledge, rules: FitRules) -> UserState:
    """A copy of the state that holds what the command brings. Raises `EditRefused` where that makes no profile, or
    `Missing` like `workers.refit.refit`. All of `texts_to_embed` must have a vector."""
    words = known.phrases(texts_to_embed(state, command))
    interests, avoid = (
        tuple(_held(one, state, command, words, rules) for one in carried)
        for carried in (command.interests, command.avoid)
    )
    removed = (*command.removed, *(one.text for one in avoid))
    _refuse_a_text_twice([*(one.id for one in interests), *map(interest_id, removed)])
    avoid = tuple(one._replace(weight=-abs(one.weight)) for one in avoid)
    result = replace(state, avoid=avoid, dropped=(), keep_away=command.keep_away)
    result.removed = kept_removed(removed, {one.id for one in avoid})
    put(result, [one._replace(held_weight=one.weight) for one in interests])
    return in_place(result, known, rules)


def _carried(one: HeldInterest) -> Carried:
    return Carried(text=one.text, weight=one.weight, pinned=one.pinned, own=one.is_own, vector=b64encode(one.vector))


def _brings_its_vector(one: Carried, state: UserState, command: ImportCommand) -> bool:
    return one.vector is not None and command.space == state.space


def _held(
    one: Carried, state: UserState, command: ImportCommand, words: Mapping[str, Matrix], rules: FitRules
) -> HeldInterest:
    if one.vector is not None and _brings_its_vector(one, state, command):
        vector = _of_unit_length(one.vector, rules)
    else:
        vector = words[one.text].astype("<f2").tobytes()
    one_id, kept = interest_id(one.text), not one.own
    return HeldInterest(one_id, one.text, one.weight, Source.IMPORT, vector, one.pinned, kept=kept)


def _of_unit_length(vector: bytes, rules: FitRules) -> bytes:
    row = np.frombuffer(vector, "<f2").astype(np.float64)
    if len(row) != len(rules.background):
        raise EditRefused(
            f"its vectors have {len(row)} components and this space has {len(rules.background)}: "
            "leave them out of the document, and the words are embedded anew"
        )
    if abs(float(np.linalg.norm(row)) - 1) > LENGTH_ERROR:
        raise EditRefused("a vector of the document is not of unit length: leave it out, and the words are embedded")
    return vector


def _refuse_a_text_twice(ids: Sequence[str]) -> None:
    if len(set(ids)) < len(ids):
        raise EditRefused("the document names a text twice, or both as an interest and as one to avoid: name it once")
