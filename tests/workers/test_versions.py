"""The versions that a profile remembers: all of each, within a bound, and nothing to an event that makes none."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.command import AddInterest, AvoidText, RemoveInterest
from schemas.profile import MAX_INTERESTS, Cause, Source
from tests.workers.mailbox import Mailbox, fold_in
from tests.workers.test_state import names, states
from workers.held import HeldInterest, interest_id
from workers.mailbox import Change
from workers.state import UserState
from workers.versions import MAX_BYTES, NEWEST, OWN, remember, remembered, version_of


def changed(state: UserState, version: int, cause: Cause = Cause.COUNT) -> UserState:
    state.version = version
    remember(state, Change(version, cause, len(state.interests), 1, 1_000 * version))
    return state


def numbers(state: UserState) -> list[int]:
    return [one.version for one in remembered(state)]


@settings(max_examples=60, deadline=None)
@given(states(), st.sampled_from(Cause), st.integers(0, 2**53), st.none() | st.floats(0, 1), names)
def test_all_of_a_version_is_remembered(state: UserState, cause: Cause, ms: int, reward: float, text: str) -> None:
    state = replace(state, versions=b"", removed=(*state.removed, text))
    remember(state, Change(state.version, cause, 1, 1, ms, reward, reward))
    (one,) = remembered(state)
    assert (one.version, one.cause, one.accepted_ms) == (state.version, cause, ms)
    assert (one.reward_before, one.reward_after) == (reward, reward)
    for texts, held in ((one.interests, state.interests), (one.avoid, state.avoid)):
        assert [(was.id, was.text, was.weight, was.pinned, was.held, was.source) for was in texts] == [
            (interest_id(is_.text), is_.text, is_.weight, is_.pinned, is_.held_weight is not None, is_.source)
            for is_ in held
        ]
    assert (one.removed, one.dropped, one.keep_away) == (state.removed, state.dropped, state.keep_away)


def test_the_newest_are_kept_and_of_those_before_only_the_persons_own() -> None:
    state = UserState()
    for version in range(1, 101):
        changed(state, version, Cause.EDIT if version % 10 == 0 else Cause.COUNT)
    assert numbers(state) == [10, 20, 30, 40, 50, 60, 70, 80, *range(101 - NEWEST, 101)]


@pytest.mark.parametrize("cause", [Cause.EDIT, Cause.ROLLBACK, Cause.IMPORT])
def test_of_their_own_so_many_are_kept_the_latest(cause: Cause) -> None:
    state = UserState()
    for version in range(1, 101):
        changed(state, version, cause)
    assert numbers(state) == list(range(101 - NEWEST - OWN, 101))


def test_nobody_fills_the_record_with_them_however_little_their_texts_have_in_common() -> None:
    random, state = Random(7), UserState()
    for version in range(1, 60):
        state.removed = tuple(noise(random, 60) for _ in range(100))
        changed(state, version, Cause.EDIT)
    assert 0.7 * MAX_BYTES < len(state.versions) <= MAX_BYTES
    assert numbers(state) == list(range(60 - len(numbers(state)), 60))


def test_the_newest_stays_however_large_it_is() -> None:
    state = changed(UserState(), 1)
    state.removed = (noise(Random(7), 2 * MAX_BYTES),)
    assert numbers(changed(state, 2)) == [2]


def noise(random: Random, length: int) -> str:
    return "".join(random.choices(_LETTERS, k=length))


_LETTERS = [chr(0x4E00 + at) for at in range(20_000)]


def test_one_version_is_found_and_one_that_is_gone_is_not() -> None:
    state = changed(changed(UserState(keep_away=0.5), 1), 2)
    found = version_of(state, 1)
    assert found is not None
    assert (found.version, found.accepted_ms, found.keep_away) == (1, 1_000, 0.5)
    assert version_of(state, 3) is None


def test_what_is_merely_avoided_was_not_taken_out() -> None:
    noise = HeldInterest(interest_id("noise"), "noise", -1.0, Source.PERSON, b"")
    state = changed(UserState(avoid=(noise,), removed=("noise", "tea")), 1)
    (one,) = remembered(state)
    assert one.removed == ("noise", "tea")
    assert one.taken_out == ("tea",)
    assert [text for _, text in state.taken_out()] == ["tea"]


def test_a_typical_one_takes_some_four_hundred_bytes() -> None:
    held = [
        HeldInterest(interest_id(text), text, round(0.9 / (1 + at), 6), Source.BOOTSTRAP, b"")
        for at, text in enumerate(f"{kind} {topic}" for kind in ("old", "new", "slow") for topic in _TOPICS)
    ]
    assert len(held) == MAX_INTERESTS
    assert 250 < len(changed(UserState(interests=tuple(held)), 7).versions) < 500


_TOPICS = ("jazz", "chess", "garden design", "marathon", "tea", "space flight", "bread", "local politics")


def test_each_version_of_a_fold_is_remembered_and_only_those() -> None:
    mailbox = Mailbox()
    mailbox.clicks("jazz", range(8))
    mailbox.edit(AddInterest(text="tea"), RemoveInterest(interest=interest_id("jazz")))
    mailbox.clicks("chess", range(3), at=900.0)
    mailbox.edit(AvoidText(text="rowing"), arrives=1_000.0)
    folded = fold_in(mailbox.events)
    kept = remembered(folded.state)
    assert [(one.version, one.cause, one.accepted_ms) for one in kept] == [
        (one.version, one.cause, one.accepted_ms) for one in folded.changes
    ]
    assert kept[-1].cause is Cause.EDIT
    assert [one.text for one in kept[-1].interests] == [one.text for one in folded.state.interests]
    assert [one.text for one in kept[-1].avoid] == ["rowing"]
    assert kept[-1].removed == ("jazz", "rowing")
    assert kept[-1].taken_out == ("jazz",)
