"""Random mailboxes for the properties of a fold: everything that can stand in one, in any order."""

from base64 import b64encode
from dataclasses import replace

from hypothesis import strategies as st

from schemas.command import (
    AddInterest,
    AvoidText,
    Edit,
    EditCommand,
    ForgetCommand,
    ImportCommand,
    KeepAway,
    PinInterest,
    RefreshCause,
    RefreshCommand,
    RemoveInterest,
    RestoreInterest,
    RetryCommand,
    ReweightInterest,
    RewriteInterest,
    RollbackCommand,
)
from schemas.document import Carried
from schemas.interaction import Signal
from schemas.proposal import Outcome, Proposal
from tests.workers.mailbox import (
    ITEMS_PER_TOPIC,
    NOBODY_EMBEDS,
    RULES,
    SPACE,
    START,
    TOPICS,
    Mailbox,
    item_id,
    phrase_vectors,
)
from workers.agent import AgentRules, Event
from workers.refit import interest_id
from workers.triggers import TriggerPolicy

POLICY = TriggerPolicy(refit_after=3, refine_after=4, refine_first=2, refine_cooldown=20.0, refine_idle=3.0)
TIGHT: AgentRules = replace(RULES, triggers=POLICY, window=6, max_waiting=2, item_wait=20.0)
"""Every cap so low that short mailboxes reach it."""

SIGNALS = st.sampled_from([*Signal, Signal.CLICK, Signal.CLICK])
ITEMS = st.builds(item_id, st.sampled_from(TOPICS), st.integers(0, ITEMS_PER_TOPIC - 1))
UNKNOWN = st.integers(0, 3).map("unknown-{}".format)
ITEMS_MOSTLY_KNOWN = st.one_of(ITEMS, ITEMS, ITEMS, UNKNOWN)
SECONDS = st.integers(0, 40 * 86_400).map(float)
VERSIONS = st.integers(1, 9)
IDS = st.integers(0, 30).map("id-{}".format)

TEXTS = st.sampled_from([*phrase_vectors(), "Jazz", NOBODY_EMBEDS])
INTERESTS = TEXTS.map(interest_id)
WEIGHTS = st.sampled_from([-0.5, 0.0, 0.3, 1.0])
EDITS: st.SearchStrategy[Edit] = st.one_of(
    st.builds(AddInterest, text=TEXTS, weight=st.none() | WEIGHTS),
    st.builds(RewriteInterest, interest=INTERESTS, text=TEXTS),
    st.builds(ReweightInterest, interest=INTERESTS, weight=WEIGHTS),
    st.builds(PinInterest, interest=INTERESTS, pinned=st.booleans()),
    st.builds(AvoidText, text=TEXTS),
    st.builds(RemoveInterest, interest=INTERESTS),
    st.builds(RestoreInterest, interest=INTERESTS),
    st.builds(KeepAway, within=st.none() | st.sampled_from([0.0, 0.4, 1.0])),
)
VECTORS = st.sampled_from(sorted(phrase_vectors().values())).map(b64encode)
CARRIED = st.builds(Carried, text=TEXTS, weight=WEIGHTS, pinned=st.booleans(), vector=st.none() | VECTORS)
KINDS = ["interaction"] * 8 + ["edit"] * 3 + ["proposal"] * 3
KINDS += ["rollback", "import", "refresh", "refine", "retry", "unsupported"]


@st.composite
def mailboxes(draw: st.DrawFn, most: int = 14, begins: int = 0) -> list[Event]:
    """Messages that arrive five seconds apart and tell of any time; ids may come twice. It begins with so many clicks,
    for proposals to be judged by."""
    mailbox = Mailbox()
    for number in range(begins):
        mailbox.send(item_id(TOPICS[number % 3], number % ITEMS_PER_TOPIC), at=40 * 86_400.0)
    for number in range(draw(st.integers(1, most))):
        _put(draw, mailbox, arrives=41 * 86_400 + 5.0 * number)
    return mailbox.events


def _put(draw: st.DrawFn, mailbox: Mailbox, arrives: float) -> None:
    user = mailbox.user
    match draw(st.sampled_from(KINDS)):
        case "edit":
            edits = tuple(draw(st.lists(EDITS, min_size=1, max_size=3)))
            mailbox.put(EditCommand(command_id=draw(IDS), user=user, time=START, edits=edits), arrives)
        case "proposal":
            mailbox.put(_proposal(draw, user), arrives)
        case "rollback":
            mailbox.put(RollbackCommand(command_id=draw(IDS), user=user, time=START, version=draw(VERSIONS)), arrives)
        case "import":
            mailbox.put(draw(imports(user)), arrives)
        case "refresh":
            identity, cause = draw(IDS), draw(st.sampled_from(RefreshCause))
            mailbox.put(RefreshCommand(command_id=identity, user=user, time=START, cause=cause), arrives)
        case "refine":
            mailbox.refine(arrives, draw(st.sampled_from(RefreshCause)))
        case "retry":
            mailbox.put(RetryCommand(command_id=draw(IDS), user=user, time=START), arrives)
        case "unsupported":
            mailbox.put(ForgetCommand(command_id=draw(IDS), user=user, time=START), arrives)
        case _:
            signal = draw(SIGNALS)
            names = draw(st.none() | IDS) if signal is Signal.RETRACT else None
            at = draw(st.one_of(SECONDS, SECONDS, st.just(100 * 86_400.0)))
            mailbox.send(draw(ITEMS_MOSTLY_KNOWN), signal, at, event_id=draw(IDS), arrives=arrives, retracts=names)


@st.composite
def imports(draw: st.DrawFn, user: str) -> ImportCommand:
    return ImportCommand(
        command_id=draw(IDS),
        user=user,
        time=START,
        space=draw(st.sampled_from([SPACE, SPACE, "elsewhere"])),
        interests=tuple(draw(st.lists(CARRIED, max_size=3, unique_by=lambda one: one.text.casefold()))),
        avoid=tuple(draw(st.lists(CARRIED, max_size=1))),
        removed=tuple(draw(st.lists(TEXTS, max_size=1))),
        keep_away=draw(st.none() | st.just(0.3)),
    )


def _proposal(draw: st.DrawFn, user: str) -> Proposal:
    negatives = draw(st.lists(st.one_of(ITEMS, UNKNOWN).map("news:{}".format), max_size=8, unique=True))
    return Proposal(
        proposal_id=draw(IDS),
        user=user,
        time=START,
        base_version=draw(st.integers(0, 9)),
        fencing_token=draw(st.integers(1, 3)),
        proposer="phrases",
        outcome=draw(st.sampled_from([*Outcome, Outcome.OK, Outcome.OK])),
        edits=tuple(draw(st.lists(EDITS, max_size=3))),
        negatives=tuple(negatives),
    )
