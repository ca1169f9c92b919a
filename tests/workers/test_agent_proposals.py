"""Which proposals change a profile: the gate, step by step."""

from dataclasses import replace

import pytest

from schemas.command import AddInterest, AvoidText, Edit, PinInterest, RemoveInterest
from schemas.profile import Cause, Source
from schemas.proposal import Outcome, RefineTrigger
from tests.workers.mailbox import RULES, Mailbox, fold_bytes, fold_in, item_id, known_world
from workers.agent import AgentRules, Folded
from workers.knowledge import Knowledge, Missing
from workers.refit import interest_id
from workers.reward import held_out
from workers.state import HeldInterest, UserState, decode_state, encode_state
from workers.triggers import TriggerPolicy

RULES_HERE: AgentRules = replace(RULES, triggers=TriggerPolicy(refine_cooldown=0.0))
TEA, JAZZ = interest_id("tea"), interest_id("jazz")


def folded(mailbox: Mailbox, raw: bytes | None = None) -> Folded:
    return fold_in(mailbox.events, raw, rules=RULES_HERE)


NEGATIVES = tuple(f"news:{item_id('chess', number)}" for number in range(8))
OF_JAZZ = ("jazz", "old jazz", "new jazz", "rare jazz")


def reading() -> tuple[Mailbox, bytes]:
    """Somebody who reads of tea and jazz, and whose profile was kept from saying so of jazz."""
    mailbox = Mailbox()
    mailbox.clicks("tea", range(12))
    mailbox.clicks("jazz", range(12))
    raw = encode_state(UserState(dropped=OF_JAZZ))
    state = folded(mailbox, raw).state
    assert not {one.text for one in state.interests} & set(OF_JAZZ)
    held = {entry.item.partition(":")[2].partition("-")[0] for entry in state.window if held_out(entry.event)}
    assert held == {"tea", "jazz"}
    return mailbox, raw


def outcome(result: Folded) -> str:
    ((_, verdict),) = result.refinements
    return verdict


def texts(state: UserState) -> dict[str, HeldInterest]:
    return {one.text: one for one in state.interests}


def test_one_that_raises_the_reward_changes_the_profile() -> None:
    mailbox, raw = reading()
    before = folded(mailbox, raw).state
    proposal = mailbox.propose(AddInterest(text="jazz"), negatives=NEGATIVES, trigger=RefineTrigger.DRIFT)
    result = folded(mailbox, raw)
    assert result.refinements == {("drift", "accepted"): 1}
    jazz = texts(result.state)["jazz"]
    assert jazz.source is Source.REFINEMENT
    assert jazz.weight > 0.1
    assert "jazz" not in result.state.dropped
    change = result.changes[-1]
    assert (change.version, change.cause) == (before.version + 1, Cause.REFINEMENT)
    assert change.accepted_ms == proposal.record.timestamp_ms
    assert change.reward_before is not None
    assert change.reward_after is not None
    assert 0.5 < change.reward_before < change.reward_after <= 1.0
    assert result.refits["refinement"] == 1
    assert result.state.edited_version == 0


def test_what_it_settled_is_not_undone_by_the_next_refits() -> None:
    mailbox, raw = reading()
    mailbox.propose(AddInterest(text="jazz"), RemoveInterest(interest=TEA), negatives=NEGATIVES)
    assert outcome(folded(mailbox, raw)) == "accepted"
    for number in range(6):
        mailbox.send(item_id("tea", number), "like", at=600.0 + number)
    after = folded(mailbox, raw).state
    assert texts(after)["jazz"].source is Source.REFINEMENT
    assert "tea" not in texts(after)


@pytest.mark.parametrize("edit", [RemoveInterest(interest=TEA), AddInterest(text="rowing")])
def test_one_that_does_not_raise_it_changes_nothing(edit: Edit) -> None:
    """Whatever the refiner says it has measured."""
    mailbox, _ = reading()
    before = folded(mailbox).state
    mailbox.propose(edit, negatives=NEGATIVES, reward_before=0.1, reward_after=1.0)
    result = folded(mailbox)
    assert outcome(result) == "rejected"
    assert (result.state.interests, result.state.version) == (before.interests, before.version)
    assert result.letters == []


@pytest.mark.parametrize("verdict", [Outcome.EMPTY, Outcome.FAILED])
def test_one_without_edits_is_only_counted(verdict: Outcome) -> None:
    mailbox, raw = reading()
    before = folded(mailbox, raw).state
    mailbox.propose(AddInterest(text="jazz"), outcome=verdict, negatives=NEGATIVES)
    result = folded(mailbox, raw)
    assert outcome(result) == verdict.value
    assert (result.state.interests, result.letters) == (before.interests, [])


def test_it_is_judged_anew_whatever_version_it_was_made_for() -> None:
    mailbox, raw = reading()
    mailbox.propose(AddInterest(text="jazz"), negatives=NEGATIVES, base_version=1)
    assert outcome(folded(mailbox, raw)) == "accepted"


def test_a_persons_newer_edit_cancels_it() -> None:
    mailbox, raw = reading()
    version = folded(mailbox, raw).state.version
    mailbox.edit(AddInterest(text="rowing"))
    mailbox.propose(AddInterest(text="jazz"), negatives=NEGATIVES, base_version=version)
    assert outcome(folded(mailbox, raw)) == "cancelled"
    mailbox.propose(AddInterest(text="jazz"), negatives=NEGATIVES, base_version=version + 1)
    assert ("demand", "accepted") in folded(mailbox, raw).refinements


def test_what_a_person_removed_or_avoids_it_cannot_bring_back() -> None:
    mailbox, raw = reading()
    mailbox.edit(AddInterest(text="jazz"))
    mailbox.edit(RemoveInterest(interest=JAZZ), AvoidText(text="old jazz"))
    mailbox.propose(AddInterest(text="jazz"), AddInterest(text="old jazz"), negatives=NEGATIVES)
    assert outcome(folded(mailbox, raw)) == "nothing"


def test_what_a_person_owns_it_cannot_take_away() -> None:
    mailbox, raw = reading()
    mailbox.edit(PinInterest(interest=TEA))
    mailbox.propose(RemoveInterest(interest=TEA), negatives=NEGATIVES)
    assert outcome(folded(mailbox, raw)) == "nothing"


def test_an_older_workers_comes_too_late() -> None:
    mailbox, raw = reading()
    mailbox.propose(outcome=Outcome.EMPTY, fencing_token=5)
    mailbox.propose(AddInterest(text="jazz"), negatives=NEGATIVES, fencing_token=4)
    assert folded(mailbox, raw).refinements == {("demand", "empty"): 1, ("demand", "stale"): 1}
    mailbox.propose(AddInterest(text="jazz"), negatives=NEGATIVES, fencing_token=5)
    assert ("demand", "accepted") in folded(mailbox, raw).refinements


def test_one_published_twice_counts_once() -> None:
    mailbox, raw = reading()
    first = mailbox.propose(AddInterest(text="jazz"), negatives=NEGATIVES)
    mailbox.put(first.message, arrives=501.0)
    result = folded(mailbox, raw)
    assert result.refinements == {("demand", "accepted"): 1}
    assert result.duplicates == {"repeated": 1}


@pytest.mark.parametrize("negatives", [(), ("news:unknown-1",), ("news:tea-1", "news:jazz-1")])
def test_against_nothing_it_cannot_be_judged(negatives: tuple[str, ...]) -> None:
    """Neither items nobody knows nor those the person took to stand against what they took to."""
    mailbox, raw = reading()
    mailbox.propose(AddInterest(text="jazz"), negatives=negatives)
    assert outcome(folded(mailbox, raw)) == "unjudged"


def test_what_a_person_passed_over_stands_against_what_they_took_to() -> None:
    mailbox, raw = reading()
    for number in range(12):
        mailbox.send(item_id("chess", number), "skip", at=100.0 + number)
    mailbox.propose(AddInterest(text="jazz"))
    assert outcome(folded(mailbox, raw)) == "accepted"


def test_without_anything_held_out_it_cannot_be_judged() -> None:
    mailbox = Mailbox()
    mailbox.send("tea-1", event_id=next(f"e{n}" for n in range(99) if not held_out(f"e{n}")))
    mailbox.propose(AddInterest(text="jazz"), negatives=NEGATIVES)
    assert outcome(folded(mailbox)) == "unjudged"


def test_what_was_taken_back_does_not_come_to_life_where_its_retraction_is_held_out() -> None:
    mailbox, raw = reading()
    for number in range(12):
        mailbox.send(item_id("rowing", number), at=50.0 + number)
    for number in range(12):
        mailbox.send(item_id("rowing", number), "retract", at=70.0 + number)
    alone, _ = reading()
    rewards = []
    for box in (mailbox, alone):
        box.propose(AddInterest(text="jazz"), negatives=NEGATIVES)
        change = folded(box, raw).changes[-1]
        rewards.append((change.reward_before, change.reward_after))
    assert rewards[0] == rewards[1]


def test_the_fold_asks_for_all_it_needs_to_judge_at_once() -> None:
    mailbox, raw = reading()
    raw = fold_bytes(mailbox.events, raw, rules=RULES_HERE)
    proposal = mailbox.propose(AddInterest(text="jazz"), negatives=NEGATIVES)
    known = Knowledge()
    known.learn_phrases(["jazz"], {})
    known.learn_phrases(["jazz"], {"jazz": b"\x00\x3c" * 16})
    with pytest.raises(Missing) as missing:
        fold_in([proposal], raw, known, RULES_HERE)
    assert missing.value.items == {entry.item for entry in decode_state(raw).window} | set(NEGATIVES)


def test_the_judgement_is_the_same_wherever_the_mailbox_is_cut() -> None:
    mailbox, raw = reading()
    mailbox.propose(AddInterest(text="jazz"), negatives=NEGATIVES)
    mailbox.edit(AddInterest(text="rowing"))
    mailbox.propose(RemoveInterest(interest=TEA), negatives=NEGATIVES)
    known = known_world()
    whole = fold_bytes(mailbox.events, raw, known, RULES_HERE)
    for cut in range(22, len(mailbox.events)):
        first = fold_bytes(mailbox.events[:cut], raw, known, RULES_HERE)
        assert fold_bytes(mailbox.events[cut:], first, known, RULES_HERE) == whole
