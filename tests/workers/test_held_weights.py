"""Weights that are held and let go again: whose they are, and what a re-fit gives where nobody holds them."""

import pytest

from schemas.command import (
    AddInterest,
    AvoidText,
    PinInterest,
    RefreshCommand,
    RemoveInterest,
    ReweightInterest,
    RollbackCommand,
)
from schemas.dead_letter import Reason
from schemas.profile import Source
from tests.workers.mailbox import SPACE, START, Mailbox, fold_in
from tests.workers.test_carrying import bring, document, embedding, rich
from tests.workers.test_rollback import JAZZ, ROWING, TEA, go_back, reading, state_of, texts_of, what_counts
from workers.differences import differences
from workers.held import HeldInterest, interest_id
from workers.state import UserState, decode_state, encode_state
from workers.versions import BEGINNING, remembered, said, version_of


def let_go(one: str) -> ReweightInterest:
    return ReweightInterest(interest=one, weight=0.0, held=False)


def named(state: UserState, text: str) -> HeldInterest:
    (found,) = [one for one in state.interests if one.text == text]
    return found


def learn(mailbox: Mailbox, topic: str, numbers: range) -> None:
    """Clicks with ids that do not depend on what else stands in the mailbox, and a re-fit that knows them all."""
    for number in numbers:
        mailbox.send(f"{topic}-{number}", at=900.0 + number, event_id=f"{topic} {number}")
    mailbox.put(RefreshCommand(command_id=f"all {topic}", user="ada", time=START), arrives=1_000.0)


class TestLetGo:
    def test_the_weight_is_what_the_fit_gives_as_if_nobody_had_ever_set_it(self) -> None:
        mailbox = reading()
        before = state_of(mailbox)
        mailbox.edit(ReweightInterest(interest=JAZZ, weight=-0.9))
        assert named(state_of(mailbox), "jazz").weight == -0.9
        mailbox.edit(let_go(JAZZ), arrives=600.0)
        assert what_counts(state_of(mailbox)) == what_counts(before)

    def test_and_it_is_learned_from_what_comes(self) -> None:
        mailbox, untouched = reading(), reading()
        mailbox.edit(ReweightInterest(interest=JAZZ, weight=-0.9), let_go(JAZZ))
        for one in (mailbox, untouched):
            learn(one, "jazz", range(3, 9))
        assert state_of(mailbox).interests == state_of(untouched).interests
        assert named(state_of(mailbox), "jazz").weight > 0

    def test_pinned_stays_pinned(self) -> None:
        mailbox = reading()
        mailbox.edit(ReweightInterest(interest=ROWING, weight=1.0))
        mailbox.edit(let_go(ROWING), arrives=600.0)
        rowing = named(state_of(mailbox), "rowing")
        assert (rowing.pinned, rowing.held_weight, rowing.is_owned) == (True, None, True)

    def test_words_of_ones_own_stay_with_the_weight_that_the_evidence_gives_them(self) -> None:
        mailbox = reading()
        mailbox.edit(AddInterest(text="chess"))
        mailbox.edit(let_go(interest_id("chess")), arrives=600.0)
        chess = named(state_of(mailbox), "chess")
        assert (chess.source, chess.held_weight) == (Source.PERSON, None)
        assert abs(chess.weight) < 0.1, "nothing they did speaks for it"
        learn(mailbox, "chess", range(8))
        assert named(state_of(mailbox), "chess").weight > chess.weight + 0.05

    def test_it_is_a_version_that_says_so_and_can_be_taken_back(self) -> None:
        mailbox = reading()
        mailbox.edit(ReweightInterest(interest=JAZZ, weight=-0.9))
        held = state_of(mailbox)
        mailbox.edit(let_go(JAZZ), arrives=600.0)
        *_, before, after = remembered(state_of(mailbox))
        assert ("let_go", "jazz", -0.9) in [(one.what, one.text, one.before) for one in differences(before, after)]
        assert texts_of(state_of(go_back(mailbox, held.version))) == texts_of(held)

    def test_what_nobody_holds_is_left_as_it_is(self) -> None:
        mailbox = reading()
        before = state_of(mailbox)
        mailbox.edit(let_go(JAZZ))
        assert what_counts(state_of(mailbox)) == what_counts(before)
        assert state_of(mailbox).version == before.version

    @pytest.mark.parametrize(("one", "why"), [("old chess", "take it out"), ("opera", "read the profile again")])
    def test_what_is_avoided_or_not_there_is_refused(self, one: str, why: str) -> None:
        mailbox = reading()
        mailbox.edit(let_go(interest_id(one)))
        (letter,) = fold_in(mailbox.events).letters
        assert (letter.reason, why in letter.detail) == (Reason.REFUSED, True)


class TestAfterGoingBack:
    def back(self) -> tuple[Mailbox, int]:
        """To a version with one weight of their own, while something was learned since."""
        mailbox = reading()
        mailbox.edit(ReweightInterest(interest=JAZZ, weight=0.9))
        version = state_of(mailbox).version
        learn(mailbox, "tea", range(8, 12))
        return go_back(mailbox, version), version

    def test_what_they_had_not_set_is_kept_and_what_they_had_is_theirs(self) -> None:
        mailbox, _ = self.back()
        after = state_of(mailbox)
        assert {one.text: one.kept for one in after.interests} == {"jazz": False, "tea": True, "rowing": True}
        assert all(one.held_weight == one.weight for one in after.interests)
        shown = {one.text: (one.held, one.kept) for one in after.profile("ada", "space").interests}
        assert (shown["tea"], shown["jazz"]) == ((True, True), (True, False))

    def test_one_request_lets_all_of_it_be_learned_again(self) -> None:
        mailbox, _ = self.back()
        kept = [one.id for one in state_of(mailbox).interests if one.kept]
        mailbox.edit(*map(let_go, kept), arrives=2_100.0)
        learned = reading()
        learned.edit(ReweightInterest(interest=JAZZ, weight=0.9))
        learn(learned, "tea", range(8, 12))
        after = {one.text: one for one in state_of(mailbox).interests}
        assert not any(one.kept for one in after.values())
        assert after["tea"].weight == named(state_of(learned), "tea").weight
        assert after["jazz"].held_weight == 0.9, "what they set themselves stays"

    def test_a_weight_that_they_set_now_is_theirs(self) -> None:
        mailbox, _ = self.back()
        mailbox.edit(ReweightInterest(interest=TEA, weight=0.1), arrives=2_100.0)
        tea = named(state_of(mailbox), "tea")
        assert (tea.kept, tea.held_weight) == (False, 0.1)

    def test_whose_it_was_is_remembered_with_the_version_and_with_the_record(self) -> None:
        mailbox, _ = self.back()
        kept = state_of(mailbox)
        assert decode_state(encode_state(kept)).interests == kept.interests
        mailbox.edit(RemoveInterest(interest=TEA), arrives=2_100.0)
        again = state_of(go_back(mailbox, kept.version, arrives=2_200.0))
        assert tuple(map(said, again.interests)) == remembered(kept)[-1].interests
        assert named(again, "tea").kept


class TestTheFirstChange:
    def test_undone_by_somebody_nobody_had_heard_of_it_leaves_nothing(self) -> None:
        mailbox = Mailbox()
        mailbox.edit(AddInterest(text="jazz"), AvoidText(text="old chess"))
        assert state_of(mailbox).version == 1
        after = state_of(go_back(mailbox, 0))
        assert (after.interests, after.avoid, after.removed, after.version) == ((), (), (), 2)

    def test_undone_it_leaves_what_was_learned_since(self) -> None:
        mailbox, untouched = Mailbox(), Mailbox()
        mailbox.edit(AddInterest(text="chess"), PinInterest(interest=interest_id("chess")), AvoidText(text="old tea"))
        for one in (mailbox, untouched):
            learn(one, "tea", range(8))
            learn(one, "chess", range(4))
        after, learned = state_of(go_back(mailbox, 0)), state_of(untouched)
        assert after.interests == learned.interests
        assert not any(one.is_owned for one in after.interests)
        assert (after.dropped, after.removed, after.keep_away) == ((), (), None)

    def test_taken_back_it_can_be_taken_forth_again(self) -> None:
        mailbox = Mailbox()
        mailbox.edit(AddInterest(text="jazz"))
        first = state_of(mailbox)
        go_back(mailbox, 0)
        assert texts_of(state_of(go_back(mailbox, 1, arrives=2_100.0))) == texts_of(first)

    def test_the_beginning_is_always_remembered(self) -> None:
        assert version_of(UserState(), 0) is BEGINNING
        assert version_of(UserState(), 1) is None


class TestCarried:
    """Whose an interest is, goes along."""

    def test_over_many_installations_it_stays_known_whose_each_interest_is(self) -> None:
        first = document()
        said, state = first, rich()
        for number in range(3):
            state = state_of(bring(Mailbox(f"hop-{number}"), said))
            said = document(state)
            assert {one.text: one.own for one in said.interests} == {one.text: one.own for one in first.interests}
            assert [one.own for one in said.avoid] == [one.own for one in first.avoid]
            assert embedding(state) == embedding(rich())
        assert {one.text: (one.held, one.kept) for one in state.profile("ada", SPACE).interests} == {
            "new chess": (True, False),
            "jazz": (True, False),
            "rowing": (True, True),
        }

    def test_what_the_person_does_with_it_makes_it_theirs_and_letting_it_be_learned_again_does_not(self) -> None:
        mailbox = bring(Mailbox(), document())
        mailbox.edit(ReweightInterest(interest=interest_id("rowing"), weight=0.0, held=False), arrives=6_000.0)
        mailbox.edit(ReweightInterest(interest=JAZZ, weight=0.0, held=False), arrives=6_001.0)
        own = {one.text: one.own for one in document(state_of(mailbox)).interests}
        assert own == {"new chess": True, "jazz": True, "rowing": False}
        mailbox.edit(ReweightInterest(interest=interest_id("rowing"), weight=0.2), arrives=6_002.0)
        assert all(one.own for one in document(state_of(mailbox)).interests)

    def test_what_was_only_gone_back_to_is_not_the_persons_own(self) -> None:
        mailbox = reading()
        mailbox.edit(AddInterest(text="new chess"))
        version = state_of(mailbox).version
        mailbox.clicks("chess", range(9), at=900.0)
        body = RollbackCommand(command_id="back", user="ada", time=START, version=version)
        mailbox.put(body, arrives=2_000.0)
        assert all(one.held_weight is not None for one in state_of(mailbox).interests)
        assert [one.text for one in document(state_of(mailbox)).interests if one.own] == ["new chess"]
