"""Random mailboxes for the properties of a fold: everything that can stand in one, in any order."""

from dataclasses import replace

from hypothesis import strategies as st

from schemas.command import EditCommand, RefreshCause, RefreshCommand, RemoveInterest, RetryCommand
from schemas.interaction import Signal
from schemas.proposal import Outcome, Proposal
from tests.workers.mailbox import ITEMS_PER_TOPIC, RULES, START, TOPICS, Mailbox, item_id
from workers.agent import AgentRules, Event
from workers.triggers import TriggerPolicy

TIGHT: AgentRules = replace(RULES, triggers=TriggerPolicy(refit_after=3), window=6, max_waiting=2, item_wait=20.0)
"""Every cap so low that short mailboxes reach it."""

SIGNALS = st.sampled_from([*Signal, Signal.CLICK, Signal.CLICK])
ITEMS = st.builds(item_id, st.sampled_from(TOPICS), st.integers(0, ITEMS_PER_TOPIC - 1))
UNKNOWN = st.integers(0, 3).map("unknown-{}".format)
ITEMS_MOSTLY_KNOWN = st.one_of(ITEMS, ITEMS, ITEMS, UNKNOWN)
SECONDS = st.integers(0, 40 * 86_400).map(float)


@st.composite
def mailboxes(draw: st.DrawFn, most: int = 14) -> list[Event]:
    """Messages that arrive five seconds apart and tell of any time; ids may come twice."""
    mailbox = Mailbox()
    for number in range(draw(st.integers(1, most))):
        _put(draw, mailbox, arrives=41 * 86_400 + 5.0 * number)
    return mailbox.events


def _put(draw: st.DrawFn, mailbox: Mailbox, arrives: float) -> None:
    match draw(st.sampled_from(["interaction"] * 8 + ["refresh", "retry", "unsupported"])):
        case "refresh":
            identity, cause = draw(IDS), draw(st.sampled_from(RefreshCause))
            mailbox.put(RefreshCommand(command_id=identity, user=mailbox.user, time=START, cause=cause), arrives)
        case "retry":
            mailbox.put(RetryCommand(command_id=draw(IDS), user=mailbox.user, time=START), arrives)
        case "unsupported":
            edits = (RemoveInterest(interest="0" * 12),)
            mailbox.put(EditCommand(command_id=draw(IDS), user=mailbox.user, time=START, edits=edits), arrives)
            mailbox.put(proposal(mailbox.user, draw(IDS)), arrives)
        case _:
            signal = draw(SIGNALS)
            names = draw(st.none() | IDS) if signal is Signal.RETRACT else None
            at = draw(st.one_of(SECONDS, SECONDS, st.just(100 * 86_400.0)))
            mailbox.send(draw(ITEMS_MOSTLY_KNOWN), signal, at, event_id=draw(IDS), arrives=arrives, retracts=names)


IDS = st.integers(0, 30).map("id-{}".format)


def proposal(user: str, identity: str) -> Proposal:
    return Proposal(
        proposal_id=identity,
        user=user,
        time=START,
        base_version=0,
        fencing_token=1,
        proposer="phrases",
        outcome=Outcome.EMPTY,
    )
