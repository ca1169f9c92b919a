"""What became of a command: the person learns it from the record that their profile is read from."""

from dataclasses import replace

from schemas.command import AddInterest, Edit, EditCommand, RemoveInterest, RollbackCommand
from schemas.person import CommandOutcome
from streams.messages import parse_message
from tests.workers.mailbox import NOBODY_EMBEDS, RULES, START, Mailbox, fold_in
from tests.workers.test_rollback import state_of
from workers.outcomes import MAX_REFUSED, outcome
from workers.state import UserState, decode_state, encode_state

GONE = RemoveInterest(interest="0" * 12)


def say(mailbox: Mailbox, command_id: str, *edits: Edit, arrives: float = 500.0) -> Mailbox:
    mailbox.put(EditCommand(command_id=command_id, user=mailbox.user, time=START, edits=edits), arrives)
    return mailbox


def told(state: UserState, command_id: str) -> CommandOutcome:
    return outcome(decode_state(encode_state(state)), command_id, parse_message)


def test_what_was_carried_out_stands_in_the_profile_that_says_so() -> None:
    state = state_of(say(Mailbox(), "a", AddInterest(text="jazz")))
    assert told(state, "a") == CommandOutcome(command_id="a", state="done", version=1)


def test_what_changed_nothing_is_done_as_well() -> None:
    mailbox = say(say(Mailbox(), "a", AddInterest(text="jazz")), "b", AddInterest(text="jazz"))
    assert told(state_of(mailbox), "b") == CommandOutcome(command_id="b", state="done", version=1)


def test_what_nobody_has_read_is_pending() -> None:
    assert told(UserState(), "a") == CommandOutcome(command_id="a", state="pending", version=0)


def test_an_event_of_the_same_id_is_no_command() -> None:
    mailbox = Mailbox()
    mailbox.send("jazz-1", event_id="a")
    assert told(state_of(mailbox), "a").state == "pending"


def test_what_waits_for_its_words_says_so_and_in_the_end_that_they_did_not_come() -> None:
    mailbox = say(Mailbox(), "a", AddInterest(text=NOBODY_EMBEDS))
    mailbox.send("unknown-1", at=501.0)
    assert told(state_of(mailbox), "a").state == "waiting"
    mailbox.send("jazz-1", at=900.0)
    late = told(state_of(mailbox), "a")
    assert (late.state, late.why) == (
        "refused",
        "the service did not get to its words in time: do it again in a minute",
    )


def test_what_finds_no_room_to_wait_says_so() -> None:
    rules = replace(RULES, max_waiting=0)
    folded = fold_in(say(Mailbox(), "a", AddInterest(text=NOBODY_EMBEDS)).events, rules=rules)
    assert told(folded.state, "a").why == "too much of yours waits already: do it again in a minute"


def test_what_was_refused_says_why_in_words_for_the_person() -> None:
    mailbox = say(Mailbox(), "a", GONE)
    mailbox.put(RollbackCommand(command_id="b", user="ada", time=START, version=9), arrives=501.0)
    state = state_of(mailbox)
    assert told(state, "a").why == (
        "no interest of the profile has that id: read the profile again and send the edit anew"
    )
    assert told(state, "b").why == (
        "that version is no longer remembered: read the versions again and choose one of those"
    )


def test_sent_again_and_carried_out_it_is_done() -> None:
    mailbox = say(Mailbox(), "a", AddInterest(text="jazz"), GONE)
    assert told(state_of(mailbox), "a").state == "refused"
    say(mailbox, "a", AddInterest(text="jazz"), arrives=600.0)
    assert told(state_of(mailbox), "a").state == "done"


def test_only_the_latest_reasons_are_kept_each_once() -> None:
    mailbox = Mailbox()
    for number in range(MAX_REFUSED + 2):
        say(mailbox, f"a{number}", GONE)
    say(mailbox, "a5", GONE)
    state = state_of(mailbox)
    assert [one.command for one in state.refused] == ["a2", "a3", "a4", "a6", "a7", "a8", "a9", "a5"]
    assert told(state, "a0").state == "pending"
