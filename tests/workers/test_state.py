"""The record of one user: its encoding gives back what went in, in equal bytes, within its bounds."""

import struct
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.interaction import Signal
from schemas.profile import MAX_AVOID, MAX_EVIDENCE, MAX_INTERESTS, Source
from schemas.proposal import RefineTrigger
from tests.workers.mailbox import RULES, SPACE
from workers.editing import MAX_DROPPED, MAX_REMOVED
from workers.errors import ConfigurationError
from workers.ports import Record
from workers.refit import interest_id
from workers.rollback import MAX_CARRIED
from workers.state import (
    MAX_SEEN,
    HeldInterest,
    Refused,
    Remembered,
    UserState,
    Waiting,
    decode_state,
    encode_state,
)
from workers.triggers import SinceRefinement
from workers.versions import MAX_BYTES
from workers.weights import Moments

names = st.text(min_size=1, max_size=12)
moments = st.integers(0, 2**53)
numbers = st.floats(-1e9, 1e9)
texts = st.lists(names, max_size=3).map(tuple)
since = st.builds(
    SinceRefinement,
    events=moments,
    last_ms=moments,
    trigger=st.none() | st.sampled_from(RefineTrigger),
    trigger_ms=moments,
    refined_ms=st.none() | moments,
    measured=moments,
    reward=st.floats(0, 1),
    best=st.floats(0, 1),
    token=moments,
)


def interests(count: int, dimension: int = 4) -> st.SearchStrategy[tuple[HeldInterest, ...]]:
    one = st.builds(
        HeldInterest,
        id=names.map(interest_id),
        text=names,
        weight=st.floats(-1, 1),
        source=st.sampled_from(Source),
        vector=st.binary(min_size=2 * dimension, max_size=2 * dimension),
        pinned=st.booleans(),
        held_weight=st.none() | st.floats(-1, 1),
        kept=st.booleans(),
        evidence=st.lists(names, max_size=3).map(tuple),
    )
    return st.lists(one, min_size=count, max_size=count).map(tuple)


@st.composite
def states(draw: st.DrawFn) -> UserState:
    m = draw(st.integers(0, 3))
    has_past = draw(st.booleans())
    remembered = st.builds(Remembered, moments, names, names, st.sampled_from(Signal), st.none() | names, st.booleans())
    record = st.builds(
        Record, names, st.integers(0, 99), moments, st.none() | st.binary(), st.none() | st.binary(), moments
    )
    gram = np.array(draw(st.lists(numbers, min_size=m * m, max_size=m * m))).reshape(m, m)
    target = np.array(draw(st.lists(numbers, min_size=m, max_size=m)))
    return UserState(
        version=draw(moments),
        interests=draw(interests(m)),
        avoid=draw(interests(draw(st.integers(0, 2)))),
        window=draw(st.lists(remembered, max_size=4)),
        past=Moments(gram, target, draw(st.floats(1e-9, 1e9))) if has_past else Moments.zero(m),
        past_ms=draw(moments) if has_past else 0,
        seen=draw(st.lists(st.binary(min_size=8, max_size=8), max_size=4).map(b"".join)),
        offsets=draw(st.dictionaries(names, moments, max_size=3)),
        waiting=draw(st.lists(st.builds(Waiting, record, st.none() | names, moments, texts), max_size=2).map(tuple)),
        pending=draw(moments),
        pending_since_ms=draw(st.none() | moments),
        refitted_ms=draw(st.none() | moments),
        since_version=draw(moments),
        updated_ms=draw(st.none() | moments),
        refine=draw(since),
        unfitted=draw(texts),
        removed=draw(texts),
        dropped=draw(texts),
        edited_version=draw(moments),
        keep_away=draw(st.none() | st.floats(0, 1)),
        versions=draw(st.binary(max_size=40)),
        carried=draw(st.lists(st.tuples(names, st.binary(min_size=8, max_size=8)), max_size=2).map(tuple)),
        refused=draw(st.lists(st.builds(Refused, names, names), max_size=2).map(tuple)),
    )


def parts(state: UserState) -> dict[str, Any]:
    """Arrays as lists, so that two states can be compared."""
    values = {one.name: getattr(state, one.name) for one in fields(state)}
    past = values.pop("past")
    return values | {"past": (past.gram.tolist(), past.target.tolist(), past.mass)}


@settings(max_examples=150, deadline=None)
@given(states())
def test_what_goes_in_comes_out(state: UserState) -> None:
    raw = encode_state(state)
    assert parts(decode_state(raw)) == parts(state)
    assert encode_state(decode_state(raw)) == raw


def test_a_user_nobody_has_heard_of_has_an_empty_state() -> None:
    assert parts(decode_state(None)) == parts(UserState())
    assert parts(decode_state(encode_state(UserState()))) == parts(UserState())


def test_brief_clicks_stand_where_an_earlier_release_passes_them_over() -> None:
    said = Remembered(1, "e1", "news:1", Signal.CLICK), Remembered(2, "e2", "news:2", Signal.CLICK)
    plain = encode_state(UserState(window=list(said)))
    assert b"brief" not in plain
    brief = encode_state(UserState(window=[said[0], said[1]._replace(brief=True)]))
    assert brief[13:].replace(b',"brief":[1]', b"") == plain[13:]


def test_the_order_in_which_partitions_came_leaves_no_trace() -> None:
    there = UserState(offsets={"a/0": 1, "b/0": 2})
    back = UserState(offsets={"b/0": 2, "a/0": 1})
    assert encode_state(there) == encode_state(back)


def test_a_record_of_a_later_release_is_refused() -> None:
    raw = encode_state(UserState())
    with pytest.raises(ConfigurationError, match="upgrade"):
        decode_state(bytes([raw[0] + 1]) + raw[1:])


def test_a_record_of_the_release_before_is_read_as_one_without_edits_and_refinements() -> None:
    """Byte by byte as that release wrote it."""
    text = (
        b'{"version":3,"interests":[["000000000001","jazz",0.5,"bootstrap",false,["e1"]]],"avoid":[],"window":[[7],'
        b'["e1"],["news:1"],[0],[]],"past":null,"offsets":{"attune.interactions/0":4},"waiting":[["attune.interactions",'
        b'0,5,"YWRh","e30=",9,"news:2",99]],"pending":[1,8,2],"times":[6,7]}'
    )
    vector = np.ones(2, "<f2").tobytes()
    state = decode_state(struct.pack("<BII", 1, len(text), 8) + text + bytes(8) + vector)
    assert state.interests == (
        HeldInterest("000000000001", "jazz", 0.5, Source.BOOTSTRAP, vector, evidence=("e1",), held_weight=None),
    )
    record = Record("attune.interactions", 0, 5, b"ada", b"{}", 9)
    assert state.waiting == (Waiting(record, "news:2", 99),)
    assert (state.version, state.pending, state.updated_ms, state.offsets) == (3, 1, 7, {"attune.interactions/0": 4})
    assert (state.refine, state.removed, state.dropped, state.edited_version) == (SinceRefinement(), (), (), 0)
    assert parts(decode_state(encode_state(state))) == parts(state)


def test_vectors_of_two_lengths_are_not_written() -> None:
    held = [
        HeldInterest(interest_id(text), text, 0.1, Source.BOOTSTRAP, bytes(size)) for text, size in [("a", 8), ("b", 6)]
    ]
    with pytest.raises(ValueError, match="two lengths"):
        encode_state(UserState(interests=tuple(held)))


def test_an_event_is_known_once_it_was_seen_until_it_is_unseen() -> None:
    state = UserState()
    assert not state.has_seen("a")
    state.see("a")
    state.see("b")
    assert state.has_seen("a")
    state.unsee("a")
    assert not state.has_seen("a")
    assert state.has_seen("b")


def test_only_so_many_events_are_known_the_latest() -> None:
    state = UserState()
    for number in range(MAX_SEEN + 1):
        state.see(f"e{number}")
    assert len(state.seen) == 8 * MAX_SEEN
    assert not state.has_seen("e0")
    assert state.has_seen("e1")
    assert state.has_seen(f"e{MAX_SEEN}")


def full_state(id_length: int, dimension: int, waiting: int) -> UserState:
    """Every list at its cap, ids of that many characters; `waiting` bytes wait."""
    rng = np.random.default_rng(1)
    event, item = "e" * id_length, "news:" + "i" * id_length
    evidence = (event,) * MAX_EVIDENCE

    def held(number: int) -> HeldInterest:
        vector = rng.standard_normal(dimension).astype("<f2").tobytes()
        return HeldInterest(f"{number:012x}", "t" * 80, 0.123456, Source.REFINEMENT, vector, False, evidence)

    each = waiting // RULES.max_waiting
    entry = Waiting(Record("attune.interactions", 63, 2**40, b"u" * id_length, b"x" * each, 2**41), item, 2**41)
    return UserState(
        version=1_000_000,
        interests=tuple(map(held, range(MAX_INTERESTS))),
        avoid=tuple(map(held, range(MAX_AVOID))),
        window=[Remembered(1_790_000_000_000 + n, event, item, Signal.CLICK) for n in range(RULES.window)],
        past=Moments(rng.random((MAX_INTERESTS, MAX_INTERESTS)), rng.random(MAX_INTERESTS), 0.1),
        past_ms=1_790_000_000_000,
        seen=rng.bytes(8 * MAX_SEEN),
        offsets={f"attune.{name}/63": 2**40 for name in ("interactions", "commands", "proposals")},
        waiting=(entry,) * RULES.max_waiting,
        unfitted=(item,) * 5,
        removed=("t" * 80,) * MAX_REMOVED,
        dropped=("t" * 80,) * MAX_DROPPED,
        versions=rng.bytes(MAX_BYTES),
        carried=tuple((f"{number:080}", rng.bytes(2 * dimension)) for number in range(MAX_CARRIED)),
    )


@pytest.mark.parametrize(("id_length", "dimension", "kilobytes"), [(36, 384, 244), (128, 384, 358), (128, 4096, 1_104)])
def test_a_record_with_every_list_full_stays_within_its_bound(id_length: int, dimension: int, kilobytes: int) -> None:
    without = len(encode_state(full_state(id_length, dimension, waiting=0)))
    assert 0.7 * kilobytes * 1000 < without < kilobytes * 1000
    full = len(encode_state(full_state(id_length, dimension, waiting=RULES.max_waiting_bytes)))
    assert full - without < 1.34 * RULES.max_waiting_bytes


def test_the_profile_is_what_the_person_reads() -> None:
    vectors = [np.eye(4)[at].astype("<f2").tobytes() for at in range(2)]
    jazz = HeldInterest(interest_id("jazz"), "jazz", 0.5, Source.BOOTSTRAP, vectors[0], evidence=("e1",))
    noise = HeldInterest(interest_id("noise"), "noise", -0.25, Source.PERSON, vectors[1], pinned=True)
    state = UserState(version=3, interests=(jazz,), avoid=(noise,), updated_ms=1_790_000_000_123)
    profile = state.profile("ada", SPACE)
    assert (profile.user, profile.version, profile.space) == ("ada", 3, SPACE)
    assert profile.updated is not None
    assert profile.updated.isoformat() == "2026-09-21T14:13:20.123000+00:00"
    assert [(one.text, one.weight, one.evidence) for one in profile.interests] == [("jazz", 0.5, ("e1",))]
    assert [(one.text, one.pinned, one.source) for one in profile.avoid] == [("noise", True, Source.PERSON)]
    assert replace(state, updated_ms=None).profile("ada", SPACE).updated is None


def test_vectors_and_weights_stand_in_the_order_of_the_interests() -> None:
    rows = np.eye(3, dtype=np.float32)[[2, 0]]
    held = [
        HeldInterest(interest_id(text), text, weight, Source.BOOTSTRAP, row.astype("<f2").tobytes())
        for text, weight, row in zip(("a", "b"), (0.5, -0.5), rows, strict=True)
    ]
    state = UserState(interests=tuple(held), window=[Remembered(1, "e", "news:1", Signal.CLICK)])
    np.testing.assert_array_equal(state.vectors(), rows)
    np.testing.assert_array_equal(state.weights(), np.array([0.5, -0.5], np.float32))
    assert state.items_seen() == {"news:1"}
    assert UserState().vectors().shape == (0, 0)
