"""Edits of a profile's texts: a person's, which always hold, and a refinement's, which leave alone what a person owns.

A person owns what they wrote, pinned or gave a weight (`HeldInterest.is_owned`), and what they removed stays away. Both
kinds of edits work on a copy of the state: all of a command is carried out, or nothing of it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from schemas.command import (
    AddInterest,
    AvoidText,
    Edit,
    KeepAway,
    PinInterest,
    RemoveInterest,
    RestoreInterest,
    ReweightInterest,
    RewriteInterest,
)
from schemas.profile import MAX_AVOID, MAX_INTERESTS, Source
from workers.alike import says_again
from workers.errors import EditRefused
from workers.knowledge import Knowledge
from workers.ports import Matrix
from workers.refit import FitRules, interest_id, refit
from workers.state import HeldInterest, UserState
from workers.weights import Moments

ADDED_WEIGHT = 0.75
"""Of an interest that a person adds without one: half as much again as ten clicks on one topic earn it. On the sample
96 % of the ten recommendations follow it then; at 0.5 they are 85 %, at 1 99 % (`attune eval editability`)."""

MAX_REMOVED = 128
"""Texts that a person removed or avoids. Of whoever removes more, the oldest is forgotten and may be inferred again."""

MAX_DROPPED = 64
"""Texts that refinements dropped, the latest of them: as many as one proposal may hold."""


def texts_of(edits: Iterable[Edit]) -> tuple[str, ...]:
    """The texts that edits bring, each of which needs a vector."""
    brought = (edit.text for edit in edits if isinstance(edit, AddInterest | RewriteInterest | AvoidText))
    return tuple(dict.fromkeys(brought))


def texts_needed(state: UserState, edits: Sequence[Edit]) -> tuple[str, ...]:
    """Those, and what a restoring edit brings back."""
    wanted = {edit.interest for edit in edits if isinstance(edit, RestoreInterest)}
    there = (*state.removed, *(one.text for one in state.interests + state.avoid))
    return tuple(dict.fromkeys((*texts_of(edits), *(text for text in there if interest_id(text) in wanted))))


def fit(state: UserState, known: Knowledge, rules: FitRules) -> None:
    """Re-fits (`workers.refit`), and then puts back the weights that are held: this is the one place where they win
    over what was learned. Raises `Missing`, and has changed nothing then."""
    refit(state, known, rules)
    if any(one.held_weight is not None for one in state.interests):
        held = [one if one.held_weight is None else one._replace(weight=one.held_weight) for one in state.interests]
        put(state, sorted(held, key=lambda one: (-one.weight, one.text)))


def edited(state: UserState, edits: Sequence[Edit], known: Knowledge, rules: FitRules) -> UserState:
    """A copy of the state with a person's edits carried out, in order, and re-fitted. Raises `EditRefused`, or
    `Missing` like `refit`. All of `texts_needed` must have a vector.

    A restored text is one that inference may use again; where it does not, it comes back as the person's own. So a
    removal that is taken back leaves no trace where the evidence still stands."""
    texts = texts_needed(state, edits)
    words = known.phrases(texts)
    result = _changed(state, edits, words)
    fit(result, known, rules)
    there = {one.id for one in result.interests} | set(map(interest_id, result.removed))
    restored = {edit.interest for edit in edits if isinstance(edit, RestoreInterest)} - there
    if missing := [AddInterest(text=text) for text in texts if interest_id(text) in restored]:
        result = _changed(result, missing, words)
        fit(result, known, rules)
    return result


def proposed(state: UserState, edits: Iterable[Edit], words: Mapping[str, Matrix]) -> UserState | None:
    """A copy of the state with those of a refinement's edits that touch nothing a person owns, not yet re-fitted; None
    where that leaves nothing to be done. What it drops, no re-fit names again. `words` are of the edits' texts and of
    what was removed."""
    draft = _Draft.of(state, words)
    for edit in edits:
        match edit:
            case AddInterest(text=text) if draft.may_infer(text):
                draft.infer(text)
            case RewriteInterest(interest=old, text=text) if draft.is_free(old) and draft.may_infer(text):
                draft.drop(old)
                draft.infer(text)
            case RemoveInterest(interest=old) if draft.is_free(old):
                draft.drop(old)
            case _:
                pass  # Of somebody's own, of nothing that is there, or not for inference to do.
    draft.make_room()
    before = _Draft.of(state, words)
    if (draft.interests.keys(), draft.dropped.keys()) == (before.interests.keys(), before.dropped.keys()):
        return None
    return draft.over(state)


def _changed(state: UserState, edits: Iterable[Edit], words: Mapping[str, Matrix]) -> UserState:
    draft = _Draft.of(state, words)
    for edit in edits:
        draft.carry_out(edit)
    draft.make_room()
    return draft.over(state)


def put(state: UserState, interests: Sequence[HeldInterest]) -> None:
    """Another list of interests in the place of those that stand: the past follows it."""
    before = {one.id: position for position, one in enumerate(state.interests)}
    positions = [before.get(one.id) for one in interests]
    state.past = state.past.select(positions) if state.past.mass else Moments.zero(len(positions))
    state.interests = tuple(interests)


def kept_removed(removed: Sequence[str], avoid: Collection[str]) -> tuple[str, ...]:
    """As many as are kept: all that are avoided (by their ids), and of the others the latest."""
    gone = [text for text in removed if interest_id(text) not in avoid]
    kept = set(gone[-(MAX_REMOVED - len(avoid)) :])
    return tuple(text for text in removed if interest_id(text) in avoid or text in kept)


@dataclass(slots=True)
class _Draft:
    """A profile's texts while edits are carried out on them, each by its id."""

    words: Mapping[str, Matrix]
    interests: dict[str, HeldInterest]
    avoid: dict[str, HeldInterest]
    removed: dict[str, str]
    dropped: dict[str, str]
    keep_away: float | None

    @classmethod
    def of(cls, state: UserState, words: Mapping[str, Matrix]) -> "_Draft":
        interests, avoid = ({one.id: one for one in held} for held in (state.interests, state.avoid))
        removed, dropped = ({interest_id(text): text for text in texts} for texts in (state.removed, state.dropped))
        return cls(words, interests, avoid, removed, dropped, state.keep_away)

    def over(self, state: UserState) -> UserState:
        """A copy of the state with these texts."""
        result = replace(state, avoid=tuple(self.avoid.values()), dropped=tuple(self.dropped.values())[-MAX_DROPPED:])
        put(result, tuple(self.interests.values()))
        result.removed = kept_removed(tuple(self.removed.values()), self.avoid)
        result.keep_away = self.keep_away
        return result

    def carry_out(self, edit: Edit) -> None:
        """A person's. Raises `EditRefused`."""
        match edit:
            case AddInterest(text=text, weight=weight):
                self._add(text, weight)
            case RewriteInterest(interest=old, text=text):
                self._rewrite(old, text)
            case ReweightInterest(interest=one, held=False):
                self._let_go(one)
            case ReweightInterest(interest=one, weight=weight) if one in self.avoid:
                self.avoid[one] = self.avoid[one]._replace(weight=-abs(weight))
            case ReweightInterest(interest=one, weight=weight):
                set_by_hand = self._interest(one)._replace(weight=weight, held_weight=weight, kept=False)
                self.interests[one] = set_by_hand
            case PinInterest(interest=one, pinned=pinned):
                there = self.avoid if one in self.avoid else self.interests
                there[one] = self._any(one)._replace(pinned=pinned)
            case AvoidText(text=text, weight=weight):
                self._avoid(text, 1.0 if weight is None else weight)
            case RemoveInterest(interest=one):
                self._remove(one)
            case RestoreInterest(interest=one):
                if one not in self.removed:
                    raise EditRefused("no text with that id was removed: there is nothing to restore")
                self._forget(one)
            case KeepAway(within=within):
                self.keep_away = within

    def may_infer(self, text: str) -> bool:
        """Whether inference may bring this text in."""
        one = interest_id(text)
        if text not in self.words or any(one in there for there in (self.interests, self.avoid, self.removed)):
            return False
        removed = [self.words[gone] for gone in self.removed.values() if gone in self.words]
        return not says_again([self.words[text]], removed).any()

    def infer(self, text: str) -> None:
        one = interest_id(text)
        self.dropped.pop(one, None)
        self.interests[one] = self._held(text, 0.0, Source.REFINEMENT)

    def is_free(self, one: str) -> bool:
        return one in self.interests and not self.interests[one].is_owned

    def drop(self, one: str) -> None:
        self.dropped.pop(one, None)
        self.dropped[one] = self.interests.pop(one).text

    def make_room(self) -> None:
        """Takes out what was inferred, weakest first, until the rest is few enough. Raises `EditRefused`."""
        if len(self.avoid) > MAX_AVOID:
            raise EditRefused(f"a profile holds at most {MAX_AVOID} texts to avoid: remove one first")
        over = len(self.interests) - MAX_INTERESTS
        free = sorted(filter(self.is_free, self.interests), key=self._strength)
        if over > len(free):
            raise EditRefused(f"a profile holds at most {MAX_INTERESTS} interests of your own: remove one first")
        for one in free[: max(0, over)]:
            del self.interests[one]

    def _strength(self, one: str) -> tuple[bool, float, str]:
        held = self.interests[one]
        return held.source is Source.REFINEMENT, abs(held.weight), held.text

    def _add(self, text: str, weight: float | None) -> None:
        one = interest_id(text)
        before = self.interests.get(one)
        if weight is None:
            weight = max(ADDED_WEIGHT, before.weight if before else 0.0)
        self._forget(one)
        self.interests[one] = self._written(text, weight, before)

    def _let_go(self, one: str) -> None:
        if one in self.avoid:
            raise EditRefused("what is avoided has no weight that could be learned: set another, or take it out")
        self.interests[one] = self._interest(one).let_go()

    def _rewrite(self, old: str, text: str) -> None:
        before, new = self._any(old), interest_id(text)
        if old in self.avoid:
            self._remove(old)
            self._avoid(text, before.weight)
            return
        if new != old:
            self._remove(old)
        self._forget(new)
        self.interests[new] = self._written(text, before.weight, before)

    def _avoid(self, text: str, weight: float) -> None:
        one = interest_id(text)
        before = self.avoid.get(one)
        self._forget(one)
        self.interests.pop(one, None)
        self.removed[one] = text
        self.avoid[one] = self._written(text, -abs(weight), before)._replace(held_weight=None)

    def _remove(self, one: str) -> None:
        text = self._any(one).text
        if one in self.avoid:
            self._forget(one)
        else:
            del self.interests[one]
            self.removed[one] = text

    def _forget(self, one: str) -> None:
        """That this text was removed, dropped or avoided."""
        for there in (self.avoid, self.removed, self.dropped):
            there.pop(one, None)

    def _interest(self, one: str) -> HeldInterest:
        if one not in self.interests:
            raise EditRefused("no interest of the profile has that id: read the profile again and send the edit anew")
        return self.interests[one]

    def _any(self, one: str) -> HeldInterest:
        """Of the interests or of what is avoided."""
        return self.avoid[one] if one in self.avoid else self._interest(one)

    def _written(self, text: str, weight: float, before: HeldInterest | None) -> HeldInterest:
        """In a person's words, which take the place of others' (and stay pinned where those were)."""
        held = self._held(text, weight, Source.PERSON)
        return held._replace(held_weight=weight, pinned=before is not None and before.pinned)

    def _held(self, text: str, weight: float, source: Source) -> HeldInterest:
        return HeldInterest(interest_id(text), text, weight, source, self.words[text].astype("<f2").tobytes())
