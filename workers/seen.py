"""A profile as it looks in a space of a provider's own (`streams.own_space`), made of nothing but the profile and what
is known in that space: it is in no record, and the same whoever makes it.

1. Nothing may be lacking there: the vector of a text (of an interest, or of what is avoided), or an item of the window
   that the profile's own space has. Evidence that is not there yet would be evidence lost.
2. The evidence is the profile's: what a person removed has taken the same interactions out of it, by the profile's own
   space.
3. The texts are the profile's, no more and no fewer, in the profile's order: which interest brought a recommendation is
   told by its place.
4. Vectors are of that space; weights are fitted there, and those that the person has set are put back (`fit`).

What has left the window stays in its sums as the profile's own space saw it, as when a profile moves
(`workers.spaces.moved`).
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from schemas.profile import Source
from workers.editing import fit
from workers.held import HeldInterest
from workers.interests import PERCENT
from workers.knowledge import Knowledge, KnownItem
from workers.ports import Matrix
from workers.spaces import InSpace
from workers.state import UserState
from workers.window import live
from workers.withdrawn import withdrawn


def texts_seen(state: UserState) -> frozenset[str]:
    """All that must have a vector there."""
    return frozenset(one.text for one in state.interests + state.avoid)


def seen_in(state: UserState, home: Knowledge, target: InSpace) -> UserState | None:
    """A copy of the profile. None where something is lacking there. `home` is of the profile's own space. Raises
    `Missing`."""
    # 1. Nothing lacking
    texts, met = texts_seen(state), {entry.item for entry in live(state.window)}
    target.known.require(met, texts)
    items, there, words = home.items(met), target.known.items(met), target.known.phrases(texts)
    if len(words) < len(texts) or items.keys() - there.keys():
        return None
    # 2. Evidence
    gone = withdrawn(state.removed, items, home)
    # 3. Texts
    settled = tuple(_settled(one) for one in state.interests)
    shown = {one.text.casefold() for one in settled}
    evidence = {key: _shown(item, there[key], shown) for key, item in items.items() if key not in gone}
    view = Knowledge.of(target.space, evidence, words, absent=met - evidence.keys())
    # 4. Vectors and weights
    interests, avoid = _in(words, settled), _in(words, state.avoid)
    result = replace(state, interests=interests, avoid=avoid, removed=(), space=target.space, carried=())
    fit(result, view, target.fit)
    fitted = {one.id: one for one in result.interests}
    interests = tuple(
        one._replace(weight=fitted[one.id].weight, vector=fitted[one.id].vector) for one in state.interests
    )
    return replace(result, interests=interests, removed=state.removed)


def _settled(one: HeldInterest) -> HeldInterest:
    """A re-fit leaves its words as they are."""
    return one._replace(source=Source.REFINEMENT) if one.source is Source.BOOTSTRAP else one


def _shown(item: KnownItem, there: KnownItem, texts: Collection[str]) -> KnownItem:
    """It shows there what it shows in the profile's space, as far as that is an interest: the spaces' banks differ."""
    phrases = tuple([phrase for phrase in item.phrases if phrase.casefold() in texts])
    return KnownItem(there.vector, phrases, (PERCENT,) * len(phrases))


def _in(words: Mapping[str, Matrix], held: tuple[HeldInterest, ...]) -> tuple[HeldInterest, ...]:
    return tuple(one._replace(vector=words[one.text].astype("<f2").tobytes()) for one in held)
