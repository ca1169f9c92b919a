"""A profile carried to another installation: the same vectors and weights in the same space, its words in another."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from schemas.command import (
    AddInterest,
    AvoidText,
    ImportCommand,
    KeepAway,
    PinInterest,
    RefreshCommand,
    RemoveInterest,
    ReweightInterest,
    RewriteInterest,
    RollbackCommand,
)
from schemas.dead_letter import Reason
from schemas.document import Carried, ProfileDocument
from schemas.profile import Cause, Source
from tests.workers.mailbox import NOBODY_EMBEDS, SPACE, START, Mailbox, fold_in, known_world, vector_of
from tests.workers.test_rollback import reading, state_of, what_counts
from workers.agent import Folded
from workers.carrying import document_of, texts_carried
from workers.held import HeldInterest, interest_id
from workers.rollback import MAX_CARRIED, keep_carried
from workers.state import UserState, encode_state

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TEA, JAZZ = interest_id("tea"), interest_id("jazz")


def rich() -> UserState:
    """Somebody with something of everything that a document holds."""
    mailbox = reading()
    mailbox.edit(AddInterest(text="new chess"), ReweightInterest(interest=JAZZ, weight=-0.3), KeepAway(within=0.4))
    mailbox.edit(RemoveInterest(interest=interest_id("tea")))
    return state_of(mailbox)


def document(state: UserState | None = None, **fields: Any) -> ProfileDocument:
    """As the other installation reads it."""
    said = document_of(rich() if state is None else state, NOW, SPACE)
    return ProfileDocument.model_validate_json(said.model_copy(update=fields).to_bytes())


def bring(mailbox: Mailbox, said: ProfileDocument, arrives: float = 5_000.0) -> Mailbox:
    carried = {name: getattr(said, name) for name in ("space", "interests", "avoid", "removed", "keep_away")}
    body = ImportCommand(command_id=f"c{len(mailbox.events):04d}", user=mailbox.user, time=START, **carried)
    mailbox.put(body, arrives)
    return mailbox


def embedding(state: UserState) -> list[Any]:
    """What recommendations are made from."""
    sides = ([(one.vector, one.weight) for one in side] for side in (state.interests, state.avoid))
    return [*sides, state.keep_away]


def letters(folded: Folded) -> list[tuple[Reason, str]]:
    return [(letter.reason, letter.detail) for letter in folded.letters]


def test_another_installation_recommends_from_the_same_vectors_and_weights() -> None:
    before = rich()
    after = state_of(bring(Mailbox("ada-elsewhere"), document(before)))
    assert embedding(after) == embedding(before)
    assert [(one.text, one.pinned) for one in after.interests] == [(one.text, one.pinned) for one in before.interests]
    assert {one.source for one in after.interests + after.avoid} == {Source.IMPORT}
    assert after.taken_out() == before.taken_out()
    assert (after.version, after.edited_version) == (1, 1)


def test_what_is_carried_on_is_what_was_carried_in() -> None:
    there = state_of(bring(Mailbox("elsewhere"), document()))
    again = document(there)
    further = state_of(bring(Mailbox("further"), again))
    assert embedding(further) == embedding(there)
    assert [one.vector for one in again.interests] == [one.vector for one in document().interests]


def test_the_document_tells_whose_each_interest_is() -> None:
    said = document()
    assert {one.text: one.own for one in said.interests} == {"new chess": True, "jazz": True, "rowing": False}
    assert {one.text: one.pinned for one in said.interests} == {"new chess": False, "jazz": False, "rowing": True}
    assert [one.text for one in said.avoid] == ["old chess"]
    assert (said.removed, said.keep_away, said.space, said.exported) == (("tea",), 0.4, SPACE, NOW)
    assert document(UserState(space="", version=3)).version == 3


def test_in_another_space_the_words_count() -> None:
    said = document(space="elsewhere-1")
    after = state_of(bring(Mailbox("ada-elsewhere"), said))
    assert [(one.text, one.weight) for one in after.interests] == [(one.text, one.weight) for one in said.interests]
    rowing = next(one for one in after.interests if one.text == "rowing")
    assert rowing.vector == vector_of("rowing", None).astype("<f2").tobytes()
    assert rowing.vector != next(one.vector for one in said.interests if one.text == "rowing")


def test_it_stands_in_the_place_of_what_was_there() -> None:
    mailbox = Mailbox()
    mailbox.clicks("chess", range(8))
    mailbox.edit(AddInterest(text="new tea"), RemoveInterest(interest=interest_id("chess")), KeepAway(within=0.9))
    said = document()
    folded = fold_in(bring(mailbox, said).events)
    after = folded.state
    assert [(one.text, one.weight) for one in after.interests] == [(one.text, one.weight) for one in said.interests]
    assert [text for _, text in after.taken_out()] == ["tea"]
    assert after.keep_away == 0.4
    assert (folded.changes[-1].cause, folded.carried_out["import"]) == (Cause.IMPORT, 1)


def test_it_keeps_its_vectors_and_weights_while_the_person_goes_on() -> None:
    mailbox = bring(Mailbox(), document(removed=()))
    before = {one.text: (one.vector, one.weight) for one in state_of(mailbox).interests}
    for topic in ("rowing", "jazz", "tea"):
        mailbox.clicks(topic, range(6), at=6_000.0 + 10 * len(topic))
    mailbox.put(RefreshCommand(command_id="all", user="ada", time=START), arrives=7_000.0)
    after = {one.text: (one.vector, one.weight) for one in state_of(mailbox).interests}
    assert before.items() <= after.items()
    assert len(after) > len(before), "and what it says beside that is learned"


def test_other_words_for_it_are_the_persons_and_have_their_own_vector() -> None:
    mailbox = bring(Mailbox(), document())
    mailbox.edit(RewriteInterest(interest=JAZZ, text="old jazz"), arrives=6_000.0)
    (jazz,) = [one for one in state_of(mailbox).interests if one.text == "old jazz"]
    assert (jazz.source, jazz.weight) == (Source.PERSON, -0.3)
    assert jazz.vector == vector_of("jazz", "old").astype("<f2").tobytes()


@pytest.mark.parametrize(
    "edit",
    [RemoveInterest(interest=JAZZ), RewriteInterest(interest=JAZZ, text="tea"), AvoidText(text="jazz")],
    ids=lambda edit: str(edit.op),
)
def test_taken_out_and_brought_back_it_has_the_vector_that_it_came_with(edit: Any) -> None:
    mailbox = bring(Mailbox(), document())
    before = state_of(mailbox)
    mailbox.edit(edit, PinInterest(interest=interest_id("rowing"), pinned=False), arrives=6_000.0)
    raw = encode_state(state_of(mailbox))
    at = len(mailbox.events)
    mailbox.put(RollbackCommand(command_id="back", user="ada", time=START, version=before.version), arrives=6_001.0)
    after = fold_in(mailbox.events[at:], raw).state
    assert what_counts(after) == what_counts(before)


def test_one_import_after_another_can_be_taken_back() -> None:
    mailbox = bring(Mailbox(), document())
    first = state_of(mailbox)
    other = document(interests=document().interests[:1], removed=(), avoid=(), keep_away=None)
    assert len(state_of(bring(mailbox, other)).interests) == 1
    mailbox.put(RollbackCommand(command_id="back", user="ada", time=START, version=first.version), arrives=6_001.0)
    assert embedding(state_of(mailbox)) == embedding(first)


def test_the_same_text_carried_in_twice_comes_back_with_the_vector_that_it_had_then() -> None:
    mailbox = bring(Mailbox(), document())
    first = state_of(mailbox)
    other = of("jazz", vector=b64encode(vector_of("jazz", "rare").astype("<f2").tobytes()))
    second = state_of(bring(mailbox, document(interests=(other,)), arrives=6_000.0))
    assert [one.text for one in second.interests] == ["jazz"]
    for number, version in enumerate((first, second, first)):
        body = RollbackCommand(command_id=f"back {number}", user="ada", time=START, version=version.version)
        mailbox.put(body, arrives=6_001.0 + number)
        assert embedding(state_of(mailbox)) == embedding(version)
    assert len(state_of(mailbox).carried) == 1


def test_only_so_many_vectors_are_kept_of_what_has_gone_the_latest() -> None:
    def held(number: int) -> HeldInterest:
        return HeldInterest(f"{number:012x}", f"text {number}", 0.1, Source.IMPORT, bytes(32))

    before = UserState(
        interests=(held(98),), avoid=(held(99),), carried=tuple((f"text {n}", bytes(32)) for n in range(60))
    )
    after = UserState()
    keep_carried(before, after)
    assert len(after.carried) == MAX_CARRIED
    assert [text for text, _ in after.carried[-3:]] == ["text 59", "text 98", "text 99"]


def test_what_is_to_be_avoided_speaks_against_whatever_its_weight_says() -> None:
    said = document(interests=(), avoid=(of("rowing", weight=0.5),))
    (avoided,) = state_of(bring(Mailbox(), said)).avoid
    assert (avoided.text, avoided.weight) == ("rowing", -0.5)


def test_what_refinements_dropped_from_the_profile_before_may_be_found_again() -> None:
    state = fold_in(reading().events).state
    state.dropped = ("chess",)
    raw = encode_state(state)
    mailbox = Mailbox(offset=1_000)
    dropped = fold_in(bring(mailbox, document(removed=())).events, raw).state.dropped
    assert "chess" not in dropped
    assert "tea" in dropped, "which would else be named beside what was carried in"


def of(name: str, /, **fields: Any) -> Any:
    (one,) = [one for one in document().interests if one.text == name]
    return Carried.model_validate({**one.model_dump(mode="json"), **fields})


def raw(row: Any) -> bytes:
    return b64encode(np.asarray(row, "<f2").tobytes())


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a text twice": ({"interests": (of("jazz"), of("jazz", text="Jazz"))}, "twice"),
    "an interest that is avoided": ({"interests": (of("jazz"),), "avoid": (of("jazz"),)}, "twice"),
    "an interest that was removed": ({"interests": (of("jazz"),), "removed": ("Jazz",)}, "twice"),
    "a vector of nothing": ({"interests": (of("jazz", vector=raw(np.zeros(16))),), "avoid": ()}, "unit length"),
    "a long vector": ({"interests": (of("jazz", vector=raw(np.ones(16))),), "avoid": ()}, "unit length"),
    "a vector of another length": ({"interests": (of("jazz", vector=raw([1.0, 0.0])),), "avoid": ()}, "2 components"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_profile_is_refused_and_changes_nothing(name: str) -> None:
    fields, why = REFUSED[name]
    mailbox = reading()
    before = state_of(mailbox)
    said = {"interests": (), "avoid": (), "removed": (), "keep_away": None, "space": SPACE} | fields
    body = ImportCommand.model_construct(
        command_id="in", user="ada", time=START, schema_version=1, kind="import", **said
    )
    mailbox.put(body, arrives=5_000.0)
    folded = fold_in(mailbox.events)
    ((reason, detail),) = letters(folded)
    assert (reason, why in detail) == (Reason.REFUSED, True), detail
    assert what_counts(folded.state) == what_counts(before)


def test_it_waits_for_the_vectors_of_its_words_and_what_comes_after_waits_for_it() -> None:
    said = document(interests=(of("jazz", vector=None, text=NOBODY_EMBEDS), of("rowing")))
    mailbox = bring(reading(), said)
    mailbox.edit(AddInterest(text="new tea"), arrives=5_001.0)
    folded = fold_in(mailbox.events)
    assert [one.texts for one in folded.state.waiting] == [(NOBODY_EMBEDS, "tea"), ("new tea",)]
    known = known_world()
    known.learn_phrases([NOBODY_EMBEDS], {NOBODY_EMBEDS: vector_of("jazz", "rare").astype("<f2").tobytes()})
    at = len(mailbox.events)
    mailbox.send("tea-1", at=5_002.0)
    after = fold_in(mailbox.events[at:], encode_state(folded.state), known)
    assert [change.cause for change in after.changes] == [Cause.IMPORT, Cause.EDIT]
    assert {NOBODY_EMBEDS, "rowing", "new tea"} <= {one.text for one in after.state.interests}


def test_what_brings_its_vectors_waits_for_nobody() -> None:
    said = document(interests=(of("jazz", text=NOBODY_EMBEDS),), removed=())
    assert NOBODY_EMBEDS in [one.text for one in state_of(bring(Mailbox(), said)).interests]


def test_delivered_twice_it_is_done_once() -> None:
    mailbox = bring(reading(), document())
    once = encode_state(state_of(mailbox))
    again = fold_in(mailbox.events, once)
    assert encode_state(again.state) == once
    assert again.duplicates["redelivered"] == len(mailbox.events)


def test_a_proposal_for_what_stood_before_it_is_cancelled() -> None:
    mailbox = reading()
    base = state_of(mailbox).version
    bring(mailbox, document())
    mailbox.propose(AddInterest(text="new tea"), arrives=5_100.0, base_version=base)
    assert fold_in(mailbox.events).refinements["demand", "cancelled"] == 1


def test_every_text_that_it_brings_is_one_to_embed() -> None:
    (event,) = bring(Mailbox(), document()).events
    assert isinstance(event.message, ImportCommand)
    assert sorted(texts_carried(event.message)) == ["jazz", "new chess", "old chess", "rowing", "tea"]
