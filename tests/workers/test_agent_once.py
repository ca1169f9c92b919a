"""The fold is a pure function of the mailbox: cut, repeated, redelivered or replayed, the state is the same."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.command import EditCommand, RefreshCommand
from schemas.dead_letter import Reason
from schemas.interaction import Interaction
from schemas.profile import MAX_INTERESTS
from schemas.proposal import Proposal
from tests.workers import played
from tests.workers.mailbox import RULES, START, Mailbox, fold_bytes, fold_in, known_world
from tests.workers.mailboxes import TIGHT, mailboxes
from workers.agent import AgentRules, Change, Event, Letter
from workers.jobs import RefineJob
from workers.knowledge import Knowledge, Missing
from workers.refit import interest_id
from workers.state import MAX_SEEN, decode_state

PROPERTY = settings(max_examples=60, deadline=None)
KNOWN = known_world()
ROOMY = replace(TIGHT, window=64, max_waiting=16)


def shifted(events: Sequence[Event], by: int) -> list[Event]:
    """The same messages sent again: other offsets, same ids."""
    return [Event(replace(one.record, offset=one.record.offset + by), one.message) for one in events]


@PROPERTY
@given(mailboxes(), st.data())
def test_however_a_mailbox_is_cut_into_batches_the_state_is_the_same(events: list[Event], data: st.DataObject) -> None:
    cut_anywhere(events, data, TIGHT)


@PROPERTY
@given(mailboxes(most=8, begins=24), st.data())
def test_the_same_where_proposals_are_judged(events: list[Event], data: st.DataObject) -> None:
    cut_anywhere(events, data, ROOMY)


def cut_anywhere(events: list[Event], data: st.DataObject, rules: AgentRules) -> None:
    whole = fold_in(events, known=KNOWN, rules=rules)
    raw = None
    letters: list[Letter] = []
    changes: list[Change] = []
    jobs: list[RefineJob] = []
    refinements: Counter[tuple[str, str]] = Counter()
    left = list(events)
    while left:
        size = data.draw(st.integers(1, len(left)), label="batch")
        folded = fold_in(left[:size], raw, KNOWN, rules)
        raw = fold_bytes(left[:size], raw, KNOWN, rules)
        letters, changes, left = letters + folded.letters, changes + folded.changes, left[size:]
        jobs += [folded.job] if folded.job is not None else []
        refinements += folded.refinements
    assert raw == fold_bytes(events, known=KNOWN, rules=rules)
    assert (letters, changes, refinements) == (whole.letters, whole.changes, whole.refinements)
    assert whole.job == (jobs[-1] if jobs else None)


@PROPERTY
@given(mailboxes(), st.data())
def test_delivering_any_prefix_again_changes_nothing(events: list[Event], data: st.DataObject) -> None:
    raw = fold_bytes(events, known=KNOWN, rules=TIGHT)
    again = events[: data.draw(st.integers(1, len(events)))]
    folded = fold_in(again, raw, KNOWN, TIGHT)
    assert fold_bytes(again, raw, KNOWN, TIGHT) == raw
    assert folded.duplicates == {"redelivered": len(again)}
    assert not any((folded.letters, folded.changes, folded.applied, folded.described, folded.refits))
    assert not any((folded.job, folded.refinements))


@PROPERTY
@given(mailboxes())
def test_every_interaction_is_applied_a_duplicate_a_letter_or_waiting(events: list[Event]) -> None:
    interactions = [one for one in events if isinstance(one.message, Interaction)]
    folded = fold_in(interactions, known=KNOWN, rules=TIGHT)
    settled = folded.applied.total() + folded.duplicates.total() + len(folded.letters)
    assert settled + len(folded.state.waiting) == len(interactions)


@PROPERTY
@given(mailboxes())
def test_every_edit_is_carried_out_or_a_letter_and_every_proposal_is_counted(events: list[Event]) -> None:
    ours = [one for one in events if isinstance(one.message, EditCommand | Proposal)]
    folded = fold_in(ours, known=KNOWN, rules=TIGHT)
    settled = folded.refits["edit"] + folded.refinements.total() + folded.duplicates.total() + len(folded.letters)
    assert settled + len(folded.state.waiting) == len(ours)


@PROPERTY
@given(mailboxes(begins=24))
def test_the_person_wins_whatever_else_comes(events: list[Event]) -> None:
    state = fold_in(events, known=KNOWN, rules=ROOMY).state
    away = set(map(interest_id, state.removed)) | {one.id for one in state.avoid}
    assert not away & {one.id for one in state.interests}
    assert all(one.held_weight is None or one.weight == one.held_weight for one in state.interests)
    weights = [one.weight for one in state.interests]
    assert weights == sorted(weights, reverse=True)
    assert len(weights) <= MAX_INTERESTS


@pytest.mark.parametrize(
    ("seed", "processor"), [("0", "Haswell"), ("1", "Nehalem"), ("2", "SkylakeX")], ids=["avx2", "sse", "avx512"]
)
def test_another_process_with_other_hashes_on_another_processor_writes_the_same_bytes(
    seed: str, processor: str
) -> None:
    """Neither the order of a set nor the order in which a processor adds may leave a trace. (Numerical libraries choose
    their kernels by the processor; one that this machine cannot run is replaced by the nearest.)"""
    variables = {**os.environ, "PYTHONHASHSEED": seed, "OPENBLAS_CORETYPE": processor, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.workers.played"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == played.digest()


def test_a_redelivery_does_not_even_look_at_what_waits() -> None:
    """Its time is an old one, or a later one than the state has seen; neither is news."""
    mailbox = Mailbox()
    late = mailbox.send("tea-1", arrives=100.0)
    mailbox.send("unknown-1", arrives=0.0)
    raw = fold_bytes(mailbox.events)
    assert len(decode_state(raw).waiting) == 1
    assert fold_bytes([late], raw) == raw


def test_the_same_events_with_other_offsets_are_repeated() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(7))
    first = fold_in(mailbox.events)
    again = fold_in(shifted(mailbox.events, by=100), fold_bytes(mailbox.events))
    assert again.duplicates == {"repeated": 7}
    assert not any((again.applied, again.changes))
    assert again.state.interests == first.state.interests
    assert again.state.window == first.state.window


def test_a_repetition_within_one_batch_counts_once_too() -> None:
    mailbox = Mailbox()
    mailbox.send("tea-1", event_id="same")
    mailbox.send("tea-2", event_id="same")
    folded = fold_in(mailbox.events)
    assert (folded.applied.total(), folded.duplicates) == (1, {"repeated": 1})


def test_an_offset_counts_for_its_own_partition_only() -> None:
    there, here = Mailbox(partition=0, offset=99), Mailbox(partition=1)
    first, second = there.send("tea-1", event_id="a"), here.send("tea-2", event_id="b")
    assert fold_in([first, second]).applied.total() == 2


def test_an_event_does_not_pass_for_a_command_of_the_same_id() -> None:
    mailbox = Mailbox()
    mailbox.send("tea-1", "impression", event_id="refit:1.000")
    mailbox.put(RefreshCommand(command_id="refit:1.000", user="ada", time=START))
    folded = fold_in(mailbox.events)
    assert folded.refits == {"demand": 1}
    assert not folded.duplicates


@pytest.mark.parametrize(
    ("item", "at", "reason", "mended_at"),
    [("unknown-1", 0.0, Reason.UNKNOWN_ITEM, 0.0), ("tea-1", 10 * 86_400.0, Reason.FUTURE, 0.0)],
)
def test_what_was_set_aside_can_be_sent_again_once_it_is_mended(
    item: str, at: float, reason: Reason, mended_at: float
) -> None:
    mailbox = Mailbox()
    mailbox.send(item, at=at, event_id="again", arrives=0.0)
    mailbox.send("jazz-1", arrives=61.0)
    before = fold_in(mailbox.events)
    assert [letter.reason for letter in before.letters] == [reason]
    replayed = mailbox.send("tea-1", at=mended_at, event_id="again", arrives=62.0)
    assert fold_in([replayed], fold_bytes(mailbox.events[:2])).applied.total() == 1


def test_a_repetition_is_known_until_a_thousand_later_ones_have_come() -> None:
    mailbox = Mailbox()
    first = mailbox.send("tea-1", "impression", event_id="first")
    others = [mailbox.send("tea-1", "impression") for _ in range(MAX_SEEN)]
    assert len(others) == MAX_SEEN
    raw = fold_bytes(mailbox.events[:-1], rules=replace(RULES, window=16))
    assert fold_in(shifted([first], by=9_999), raw).duplicates == {"repeated": 1}


def test_a_fold_asks_for_all_it_lacks_and_has_changed_nothing() -> None:
    mailbox = Mailbox()
    mailbox.send("tea-1")
    with pytest.raises(Missing) as missing:
        fold_in(mailbox.events, known=Knowledge())
    assert missing.value.items == {"news:tea-1"}
