"""Going back to an earlier version of a profile (`workers.versions`). That makes a new one, which can be taken back.

1. Settings. What a person wrote, pinned, weighed, removed and avoids, how far to keep away, and what refinements found
   and dropped, as it was; then a re-fit. Where nothing has come in since, that is the version to the last bit, and it
   goes on learning as it did.
2. In place. Where the person has done more since, it is not: a re-fit knows all that they did, and would give other
   weights at once. Then the version's texts are put in place and their weights held; every other inferred text is
   dropped. What the person has not set themselves is marked as `kept`, so that they can see why it learns no more, and
   let it go again (`schemas.command.ReweightInterest`).

Both keep the promise that going back to a version gives that version's texts and weights. A version has no vectors: a
text has that of its words, but for one that was carried in with a vector of its own, which is kept when it goes.

Version 0, before the first, has no texts and weights to give: nothing was written, set, removed or avoided. It is step
1 alone, so whoever undoes their first change keeps what is learned from what they did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from schemas.profile import MAX_AVOID, MAX_INTERESTS, Source
from workers.editing import MAX_DROPPED, fit, put
from workers.errors import EditRefused
from workers.held import HeldInterest, interest_id
from workers.knowledge import Knowledge
from workers.ports import Matrix
from workers.refit import FitRules
from workers.state import UserState
from workers.versions import BEGINNING, VersionedText, VersionRecord, remembered, said, version_of

MAX_CARRIED = MAX_INTERESTS + MAX_AVOID
"""As many as one profile can hold, which another that is carried in may take the place of."""

ROUNDS = 8
"""Re-fits in search of what else would be named, each of which drops up to 24 texts: `MAX_DROPPED` are reached in
three where much else stands, and each takes 3 ms. What is left then may be inferred again, beside the version."""


def texts_of_version(state: UserState, version: int) -> tuple[str, ...]:
    """What going back needs vectors of; nothing for a version that is not remembered."""
    was = version_of(state, version)
    if was is None:
        return ()
    sides = (was.interests, state.interests), (was.avoid, state.avoid)
    own = _own_vectors(state)
    lacking = (one.text for texts, there in sides for one in texts if _vector(one, _by_id(there), own) is None)
    return tuple(dict.fromkeys(lacking))


def texts_to_bring_back(state: UserState) -> set[str]:
    """All that the person may: what they removed, and the texts of every version that is remembered. In a space that
    the profile is moved to, they need vectors as those that stand in it do."""
    sides = (one.interests + one.avoid for one in remembered(state))
    return set(state.removed).union(*({one.text for one in side} for side in sides))


def rolled_back(state: UserState, version: int, known: Knowledge, rules: FitRules) -> UserState:
    """A copy of the state that stands as that version did. Raises `EditRefused` where it is not remembered, or
    `Missing` like `workers.refit.refit`. All of `texts_of_version` must have a vector."""
    was = version_of(state, version)
    if was is None:
        raise EditRefused("that version is no longer remembered: read the versions again and choose one of those")
    # 1. Settings
    words = known.phrases(texts_of_version(state, version))
    settings = _with_settings_of(was, state, words)
    result = replace(settings)
    fit(result, known, rules)
    if version == BEGINNING.version or tuple(map(said, result.interests)) == was.interests:
        return result
    # 2. In place
    return in_place(settings, known, rules)


def in_place(state: UserState, known: Knowledge, rules: FitRules) -> UserState:
    """A copy of the state, re-fitted, with its interests and no other; their weights, as they are, are held from now
    on: kept, where they were not held before. Raises `Missing`."""
    held = tuple(map(_kept, state.interests))
    wanted = _by_id(held).keys()
    dropped = state.dropped
    for _ in range(ROUNDS):
        result = replace(state, interests=held, dropped=dropped)
        fit(result, known, rules)
        others = tuple(one.text for one in result.interests if one.id not in wanted)
        if not others:
            return result
        dropped = (*dropped, *others)[-MAX_DROPPED:]
    put(result, [one for one in result.interests if one.id in wanted])
    result.dropped = dropped
    return result


def _kept(one: HeldInterest) -> HeldInterest:
    return one if one.held_weight is not None else one._replace(held_weight=one.weight, kept=True)


def keep_carried(before: UserState, after: UserState) -> None:
    """Keeps the vectors of those texts with one of their own that are in the profile no longer: the latest."""
    there = {_key(one) for one in _with_own(after)}
    known = [*before.carried, *((one.text, one.vector) for one in _with_own(before))]
    gone = [one for one in dict.fromkeys(known) if _key(_carried(*one)) not in there]
    after.carried = tuple(gone[-MAX_CARRIED:])


def _with_settings_of(was: VersionRecord, state: UserState, words: Mapping[str, Matrix]) -> UserState:
    own = _own_vectors(state)
    result = replace(
        state,
        avoid=_held(was.avoid, state.avoid, own, words),
        removed=was.removed,
        dropped=was.dropped,
        keep_away=was.keep_away,
    )
    put(result, _held(was.interests, state.interests, own, words))
    return result


_Own = dict[tuple[str, str], bytes]
"""Vectors that texts were carried in with, by the text's id and which one it is: a text may have come with two."""


def _own_vectors(state: UserState) -> _Own:
    carried = (_carried(text, vector) for text, vector in state.carried)
    return {_key(one): one.vector for one in (*carried, *_with_own(state))}


def _with_own(state: UserState) -> list[HeldInterest]:
    return [one for one in state.interests + state.avoid if one.source is Source.IMPORT]


def _carried(text: str, vector: bytes) -> HeldInterest:
    return HeldInterest(interest_id(text), text, 0.0, Source.IMPORT, vector)


def _key(one: HeldInterest | VersionedText) -> tuple[str, str]:
    return one.id, one.own_vector


def _vector(one: VersionedText, there: Mapping[str, HeldInterest], own: _Own) -> bytes | None:
    """Its own, or that which it has in the profile now: the re-fit moves it, if it is to be moved."""
    if one.source is Source.IMPORT:
        return own.get(_key(one))
    return there[one.id].vector if one.id in there else None


def _held(
    texts: Sequence[VersionedText],
    now: Sequence[HeldInterest],
    own: _Own,
    words: Mapping[str, Matrix],
) -> tuple[HeldInterest, ...]:
    there = _by_id(now)

    def held(one: VersionedText) -> HeldInterest:
        vector, weight = _vector(one, there, own), one.weight if one.held else None
        if vector is None:
            vector = words[one.text].astype("<f2").tobytes()
        return HeldInterest(one.id, one.text, one.weight, one.source, vector, one.pinned, (), weight, one.kept)

    return tuple(map(held, texts))


def _by_id(held: Sequence[HeldInterest]) -> dict[str, HeldInterest]:
    return {one.id: one for one in held}
