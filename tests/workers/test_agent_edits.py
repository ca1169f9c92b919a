"""What a person writes, weighs, pins, avoids and removes: it holds at once, and no inference undoes it."""

import pytest

from schemas.command import (
    AddInterest,
    AvoidText,
    KeepAway,
    PinInterest,
    RefreshCommand,
    RemoveInterest,
    RestoreInterest,
    ReweightInterest,
    RewriteInterest,
)
from schemas.profile import Cause, Source
from tests.workers.mailbox import START, Mailbox, fold_in, milliseconds, vector_of, weights_of
from workers.editing import ADDED_WEIGHT
from workers.refit import interest_id
from workers.state import HeldInterest, UserState

JAZZ, TEA, CHESS, ROWING = map(interest_id, ("jazz", "tea", "chess", "rowing"))


def reading() -> Mailbox:
    """Somebody who reads about tea, and a little about jazz."""
    mailbox = Mailbox()
    mailbox.clicks("tea", range(8))
    mailbox.clicks("jazz", range(3))
    mailbox.put(RefreshCommand(command_id="all", user="ada", time=START), arrives=20.0)
    return mailbox


def reading_on(mailbox: Mailbox) -> Mailbox:
    """More of both, re-fitted again and again."""
    for number in range(5):
        mailbox.send(f"tea-{number}", "like", at=1_000.0 + number)
        mailbox.send(f"jazz-{number}", "like", at=1_010.0 + number)
    return mailbox


def state_of(mailbox: Mailbox) -> UserState:
    return fold_in(mailbox.events).state


def interest(mailbox: Mailbox, text: str) -> HeldInterest:
    (held,) = [one for one in state_of(mailbox).interests if one.text == text]
    return held


def texts(mailbox: Mailbox) -> list[str]:
    return [one.text for one in state_of(mailbox).interests]


def words(text: str) -> bytes:
    return vector_of(text, None).astype("<f2").tobytes()


def test_one_typed_sentence_makes_the_profile_of_somebody_nobody_has_heard_of() -> None:
    mailbox = Mailbox()
    mailbox.edit(AddInterest(text="chess"), arrives=7.0)
    folded = fold_in(mailbox.events)
    (held,) = folded.state.interests
    assert (held.text, held.weight, held.source, held.vector) == ("chess", ADDED_WEIGHT, Source.PERSON, words("chess"))
    (change,) = folded.changes
    assert (change.version, change.cause, change.interests, change.events) == (1, Cause.EDIT, 1, 0)
    assert change.accepted_ms == milliseconds(7)
    assert folded.state.edited_version == 1
    assert folded.state.updated_ms is None


def test_the_profile_of_somebody_with_nothing_is_empty() -> None:
    assert UserState().profile("ada", "space").interests == ()
    mailbox = Mailbox()
    mailbox.edit(AddInterest(text="chess"))
    mailbox.edit(RemoveInterest(interest=CHESS))
    state = state_of(mailbox)
    assert (state.interests, state.version) == ((), 2)


def test_what_a_person_adds_stands_beside_what_was_learned_and_stays() -> None:
    mailbox = reading()
    mailbox.edit(AddInterest(text="chess", weight=0.9))
    assert texts(mailbox)[0] == "chess"
    assert {"tea", "jazz"} < set(texts(mailbox))
    after = interest(reading_on(mailbox), "chess")
    assert (after.weight, after.source) == (0.9, Source.PERSON)


def test_adding_what_was_learned_makes_it_the_persons_own_and_no_weaker() -> None:
    mailbox = reading()
    mailbox.edit(ReweightInterest(interest=TEA, weight=0.8))
    mailbox.edit(AddInterest(text="tea"))
    assert interest(mailbox, "tea").weight == 0.8
    mailbox.edit(AddInterest(text="jazz"))
    assert interest(mailbox, "jazz").weight == ADDED_WEIGHT
    assert interest(mailbox, "jazz").source is Source.PERSON
    assert sorted(texts(mailbox)).count("tea") == 1


@pytest.mark.parametrize("weight", [-0.8, 0.0, 0.05, 1.0])
def test_a_weight_that_a_person_sets_survives_every_refit(weight: float) -> None:
    mailbox = reading()
    mailbox.edit(ReweightInterest(interest=TEA, weight=weight))
    assert interest(mailbox, "tea").weight == weight
    held = interest(reading_on(mailbox), "tea")
    assert (held.weight, held.held_weight) == (weight, weight)
    weights = list(weights_of(state_of(mailbox)).values())
    assert weights == sorted(weights, reverse=True)


def test_new_words_take_the_place_of_the_old_ones_which_inference_does_not_bring_back() -> None:
    mailbox = reading()
    before = interest(mailbox, "tea")
    mailbox.edit(RewriteInterest(interest=TEA, text="rare tea"))
    after = interest(reading_on(mailbox), "rare tea")
    assert (after.weight, after.source) == (before.weight, Source.PERSON)
    assert after.vector == vector_of("tea", "rare").astype("<f2").tobytes()
    assert "tea" not in texts(mailbox)


def test_new_words_that_stand_elsewhere_in_the_profile_are_one_interest() -> None:
    mailbox = reading()
    weight = interest(mailbox, "tea").weight
    mailbox.edit(RewriteInterest(interest=TEA, text="jazz"))
    assert texts(mailbox).count("jazz") == 1
    assert interest(mailbox, "jazz").weight == weight
    assert "tea" not in texts(mailbox)


def test_the_same_words_in_another_case_stay_one_interest() -> None:
    mailbox = reading()
    mailbox.edit(RewriteInterest(interest=JAZZ, text="Jazz"))
    reading_on(mailbox)
    assert [text for text in texts(mailbox) if text.casefold() == "jazz"] == ["Jazz"]


def test_what_is_pinned_stays_when_nothing_speaks_for_it_any_longer() -> None:
    mailbox = reading()
    mailbox.edit(PinInterest(interest=JAZZ))
    for number in range(3):
        mailbox.send(f"jazz-{number}", "retract", at=600.0 + number)
    assert interest(mailbox, "jazz").pinned
    mailbox.edit(PinInterest(interest=JAZZ, pinned=False))
    assert "jazz" not in texts(mailbox)


def test_what_is_removed_stays_away_whatever_its_person_reads() -> None:
    mailbox = reading()
    mailbox.edit(RemoveInterest(interest=TEA))
    assert "tea" not in texts(mailbox)
    assert "tea" not in texts(reading_on(mailbox))


def test_a_removal_taken_back_leaves_no_trace() -> None:
    mailbox = reading()
    before = state_of(mailbox)
    mailbox.edit(RemoveInterest(interest=TEA))
    mailbox.edit(RestoreInterest(interest=TEA))
    after = state_of(mailbox)
    assert after.interests == before.interests
    assert after.removed == ()
    assert after.version == before.version + 2


def test_what_no_evidence_names_any_longer_comes_back_as_the_persons_own() -> None:
    mailbox = Mailbox()
    mailbox.edit(AddInterest(text="chess", weight=0.9))
    mailbox.edit(RemoveInterest(interest=CHESS))
    mailbox.edit(RestoreInterest(interest=CHESS))
    held = interest(mailbox, "chess")
    assert (held.source, held.weight) == (Source.PERSON, ADDED_WEIGHT)


def test_who_adds_what_they_removed_has_it_back() -> None:
    mailbox = reading()
    mailbox.edit(RemoveInterest(interest=TEA))
    mailbox.edit(AddInterest(text="tea"))
    assert state_of(mailbox).removed == ()
    assert interest(mailbox, "tea").source is Source.PERSON


def test_what_a_person_avoids_is_no_interest_and_does_not_become_one() -> None:
    mailbox = reading()
    mailbox.edit(AvoidText(text="tea"))
    state = state_of(reading_on(mailbox))
    (avoided,) = state.avoid
    assert (avoided.text, avoided.weight, avoided.source, avoided.vector) == ("tea", -1.0, Source.PERSON, words("tea"))
    assert "tea" not in texts(mailbox)


def test_an_avoided_text_can_be_weighed_reworded_pinned_and_let_go() -> None:
    mailbox = reading()
    mailbox.edit(AvoidText(text="tea", weight=0.3))
    mailbox.edit(ReweightInterest(interest=TEA, weight=0.6))
    mailbox.edit(PinInterest(interest=TEA))
    mailbox.edit(RewriteInterest(interest=TEA, text="rare tea"))
    (avoided,) = state_of(mailbox).avoid
    assert (avoided.text, avoided.weight, avoided.pinned) == ("rare tea", -0.6, False)
    assert "tea" in texts(mailbox)
    mailbox.edit(RemoveInterest(interest=interest_id("rare tea")))
    assert (state_of(mailbox).avoid, state_of(mailbox).removed) == ((), ())


def test_adding_what_was_avoided_ends_that() -> None:
    mailbox = reading()
    mailbox.edit(AvoidText(text="chess"))
    mailbox.edit(AddInterest(text="chess"))
    assert state_of(mailbox).avoid == ()
    assert "chess" in texts(mailbox)


def test_several_edits_are_one_version() -> None:
    mailbox = reading()
    before = fold_in(mailbox.events)
    mailbox.edit(AddInterest(text="chess"), ReweightInterest(interest=CHESS, weight=0.1), AvoidText(text="rowing"))
    after = fold_in(mailbox.events)
    assert after.state.version == before.state.version + 1
    assert after.state.edited_version == after.state.version
    assert interest(mailbox, "chess").weight == 0.1


def test_an_edit_that_changes_nothing_makes_no_version() -> None:
    mailbox = reading()
    mailbox.edit(AddInterest(text="chess"))
    before = state_of(mailbox)
    mailbox.edit(AddInterest(text="chess"))
    after = state_of(mailbox)
    assert (after.version, after.edited_version) == (before.version, before.edited_version)


def test_an_edit_takes_in_what_is_pending() -> None:
    mailbox = reading()
    mailbox.clicks("tea", range(2), at=50.0)
    mailbox.edit(AddInterest(text="chess"))
    folded = fold_in(mailbox.events)
    assert (folded.state.pending, folded.state.pending_since_ms) == (0, None)
    assert folded.changes[-1].events == 2
    assert folded.refits["edit"] == 1


def test_a_first_click_counts_at_once_also_beside_what_a_person_typed() -> None:
    mailbox = Mailbox()
    mailbox.edit(AddInterest(text="chess"))
    mailbox.send("jazz-1")
    assert set(texts(mailbox)) == {"chess", "jazz"}


def test_how_far_to_keep_away_from_what_is_avoided_is_the_persons_to_say() -> None:
    mailbox = reading()
    before = fold_in(mailbox.events)
    mailbox.edit(KeepAway(within=0.35))
    after = fold_in(mailbox.events)
    assert (after.state.keep_away, after.state.version) == (0.35, before.state.version + 1)
    assert after.state.profile("ada", "space").keep_away == 0.35
    assert state_of(reading_on(mailbox)).keep_away == 0.35
    mailbox.edit(KeepAway(within=0.35))
    again = state_of(mailbox)
    mailbox.edit(KeepAway())
    assert (state_of(mailbox).keep_away, state_of(mailbox).version) == (None, again.version + 1)


def test_the_person_reads_what_they_removed_and_whose_each_weight_is() -> None:
    mailbox = reading()
    mailbox.edit(RemoveInterest(interest=JAZZ), AvoidText(text="rowing"), ReweightInterest(interest=TEA, weight=0.2))
    mailbox.edit(AddInterest(text="chess"), RemoveInterest(interest=CHESS))
    profile = state_of(mailbox).profile("ada", "space")
    assert [(one.id, one.text) for one in profile.removed] == [(JAZZ, "jazz"), (CHESS, "chess")]
    assert [(one.text, one.held) for one in profile.interests] == [("tea", True)]
    assert [one.text for one in profile.avoid] == ["rowing"]


def test_what_is_written_and_removed_at_once_is_barred_and_that_is_a_version() -> None:
    mailbox = reading()
    before = fold_in(mailbox.events)
    mailbox.edit(AddInterest(text="chess"), RemoveInterest(interest=CHESS))
    after = fold_in(mailbox.events)
    assert after.state.version == before.state.version + 1
    assert after.state.removed == ("chess",)
