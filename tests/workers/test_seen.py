"""A profile as it looks in a space of a provider's own: its texts, vectors and weights of there, nothing lost."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from schemas.command import AddInterest, AvoidText, KeepAway, PublishCommand, RemoveInterest, ReweightInterest
from schemas.profile import Source
from tests.workers.mailbox import FIT, SPACE, START, Mailbox, all_items, known_world, phrase_vectors
from tests.workers.test_spaces import NEW, WIDER, folded, in_new, lengths, mailbox, spaces, turned, weights
from workers.held import interest_id
from workers.knowledge import Knowledge, Missing
from workers.seen import seen_in, texts_seen
from workers.spaces import InSpace, Spaces
from workers.state import UserState, encode_state


def twin() -> InSpace:
    """Another space in which everything lies as it does at home."""
    known = Knowledge(space="twin")
    items = {item.key: replace(item, space="twin") for item in all_items()}
    known.learn_items(items, items)
    known.learn_phrases(phrase_vectors(), phrase_vectors())
    return InSpace("twin", known, FIT)


def seen(state: UserState, target: InSpace) -> UserState:
    there = seen_in(state, known_world(), target)
    assert there is not None
    return there


def edited(*edits: Any) -> UserState:
    box = mailbox()
    box.edit(*edits, arrives=700.0)
    state: UserState = folded(box, spaces()).state
    return state


def test_it_has_the_same_texts_in_the_same_order_with_vectors_of_that_space() -> None:
    state = folded(mailbox(), spaces()).state
    there = seen(state, spaces().of(NEW))
    assert [(one.id, one.text, one.source) for one in there.interests] == [
        (one.id, one.text, one.source) for one in state.interests
    ]
    assert (there.space, there.version, lengths(there)) == (NEW, state.version, {WIDER})
    assert weights(there) != weights(state), "fitted there"


def test_in_a_space_where_everything_lies_as_at_home_it_is_the_same_profile() -> None:
    state = edited(AddInterest(text="old chess", weight=0.6), AvoidText(text="rowing"))
    there = seen(state, twin())
    assert weights(there) == pytest.approx(weights(state), abs=0.05)
    assert there.avoid == state.avoid
    assert [one.vector for one in there.interests if one.source is Source.PERSON] == [
        one.vector for one in state.interests if one.source is Source.PERSON
    ]


def test_texts_that_say_the_same_there_are_two_yet() -> None:
    """The person has both, and looks after one list."""
    state, target = folded(mailbox(), spaces()).state, spaces().of(NEW)
    assert len(state.interests) > 1
    same = turned(phrase_vectors()["jazz"])
    target.known.learn_phrases(phrase_vectors(), dict.fromkeys(phrase_vectors(), same))
    assert weights(seen(state, target)).keys() == weights(state).keys()


def test_nothing_of_the_profile_itself_is_changed() -> None:
    state = edited(AddInterest(text="chess"), AvoidText(text="rowing"))
    before = encode_state(state)
    seen(state, spaces().of(NEW))
    assert encode_state(state) == before


def test_what_a_person_has_set_holds_there_too() -> None:
    state = edited(
        AddInterest(text="chess", weight=0.9),
        ReweightInterest(interest=interest_id("jazz"), weight=-0.4),
        AvoidText(text="rowing", weight=0.8),
        KeepAway(within=0.3),
    )
    there = seen(state, spaces().of(NEW))
    assert (weights(there)["chess"], weights(there)["jazz"]) == (0.9, -0.4)
    assert [(one.text, one.weight) for one in there.avoid] == [("rowing", -0.8)]
    assert there.keep_away == 0.3


def test_what_a_person_removed_is_no_evidence_there_either() -> None:
    """By the profile's own space: the other one's phrases need not show it."""
    state = edited(RemoveInterest(interest=interest_id("jazz")))
    target = spaces().of(NEW)
    bare = {item.key: replace(in_new(item), phrases=()) for item in all_items()}
    target.known.learn_items(bare, bare)
    only_tea = Mailbox()
    for number in range(5):
        only_tea.send(f"tea-{number}", at=2.0 * number + 1)
    without = folded(only_tea, spaces()).state
    there = seen(state, target)
    assert there.interests
    assert weights(there)["tea"] == pytest.approx(weights(seen(without, spaces().of(NEW)))["tea"], abs=0.02)


@pytest.mark.parametrize("text", ["jazz", "rowing"])
def test_a_text_without_a_vector_there_is_lacking(text: str) -> None:
    state = edited(AvoidText(text="rowing"))
    assert text in texts_seen(state)
    assert seen_in(state, known_world(), spaces(without=text).of(NEW)) is None


def test_an_item_that_is_not_embedded_there_yet_is_lacking() -> None:
    state, target = folded(mailbox(), spaces()).state, spaces().of(NEW)
    target.known.learn_items(["news:tea-1"], {})
    assert seen_in(state, known_world(), target) is None


def test_an_item_that_is_gone_everywhere_is_not() -> None:
    state, target = folded(mailbox(), spaces()).state, spaces().of(NEW)
    target.known.learn_items(["news:tea-1"], {})
    assert seen_in(state, known_world(without=["tea-1"]), target) is not None


def test_what_was_not_looked_up_is_asked_for_in_one_go() -> None:
    state = folded(mailbox(), spaces()).state
    both = Spaces(InSpace(SPACE, known_world(), FIT))
    both.know(NEW, np.eye(WIDER))
    with pytest.raises(Missing) as caught:
        seen_in(state, known_world(), both.of(NEW))
    assert (caught.value.space, len(caught.value.items)) == (NEW, 10)
    assert caught.value.phrases == texts_seen(state)


def test_a_profile_of_nothing_is_nothing_there() -> None:
    state = folded(Mailbox(), spaces()).state
    assert seen(state, spaces().of(NEW)).interests == ()


def test_a_command_to_publish_changes_nothing_but_when_the_profile_was_looked_at() -> None:
    box = mailbox()
    before = folded(box, spaces())
    box.put(PublishCommand(command_id="p1", user="ada", time=START), 900.0)
    after = folded(box, spaces())
    assert after.publish
    assert not before.publish
    assert after.state.refitted_ms == box.events[-1].record.timestamp_ms
    assert (after.state.version, after.state.interests) == (before.state.version, before.state.interests)
