"""What each message of a mailbox does to its user's state, once all that it needs is known.

After each re-fit a version is made where the profile differs from the one before.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from schemas.command import (
    EditCommand,
    ImportCommand,
    MoveCommand,
    PublishCommand,
    RefreshCause,
    RefreshCommand,
    RollbackCommand,
)
from schemas.dead_letter import Reason
from schemas.interaction import Interaction
from schemas.profile import Cause
from schemas.proposal import Proposal, RefineTrigger
from workers import versions
from workers.carrying import imported
from workers.drift import foreseen
from workers.editing import edited, fit
from workers.errors import EditRefused
from workers.evidence import in_a_rush, remembered
from workers.jobs import job_of
from workers.knowledge import Knowledge
from workers.mailbox import AgentRules, Change, Folded, Letter, Message, identity
from workers.mine import is_mine
from workers.outcomes import refuse
from workers.ports import Record
from workers.proposals import Decision, Verdict, decide
from workers.refit import leave
from workers.rollback import keep_carried, rolled_back
from workers.signals import SIGNED
from workers.spaces import InSpace, moved
from workers.state import HeldInterest, UserState
from workers.window import live, remember

MAX_UNFITTED = 64
"""Items that drift is measured on at one re-fit, which as a rule comes after five interactions."""

PersonsCommand = EditCommand | RollbackCommand | ImportCommand
"""What a person does to their own profile. Each may need the vectors of texts, and they are done in order."""


class _Said(NamedTuple):
    """What a version tells of a profile: where none of it has changed there is no new one."""

    interests: tuple[HeldInterest, ...]
    avoid: tuple[HeldInterest, ...]
    removed: tuple[str, ...]
    keep_away: float | None

    @classmethod
    def by(cls, state: UserState) -> "_Said":
        return cls(state.interests, state.avoid, state.removed, state.keep_away)


@dataclass(slots=True)
class Effects:
    """Changes `folded`, in place or by a changed copy of its state. Every method raises `workers.knowledge.Missing` for
    what has not been looked up: what has been folded until then is to be thrown away."""

    folded: Folded
    known: Knowledge
    rules: AgentRules

    @property
    def state(self) -> UserState:
        return self.folded.state

    def work_in(self, target: InSpace) -> None:
        self.known, self.rules = target.known, replace(self.rules, fit=target.fit)
        self.state.space = target.space

    def interaction(self, interaction: Interaction, accepted_ms: int) -> None:
        state, signal, policy = self.state, interaction.signal, self.rules.triggers
        entry = remembered(interaction)
        for leaving in remember(state.window, entry, self.rules.window):
            leave(state, leaving, self.known, self.rules.fit)
        self.folded.applied[interaction.source] += 1
        state.pending += 1
        state.since_version += 1
        if state.pending_since_ms is None:
            state.pending_since_ms = accepted_ms
        state.refine = policy.counted(state.refine, signal, accepted_ms)
        if policy.refines_unasked and SIGNED.get(signal, 0.0) > 0:
            state.unfitted = (*state.unfitted, interaction.item_key)[-MAX_UNFITTED:]
        learned = sum(not one.is_owned for one in state.interests)
        # What a person brings comes all at once: 512 likes would be as many versions, and five seconds' work.
        rush = is_mine(interaction.provider) or in_a_rush(state.window, entry.time_ms)
        cause = policy.refit_cause(signal, state.pending, learned, rush=rush)
        if cause is not None:
            self.refit(cause, accepted_ms)

    def edit(self, record: Record, command: EditCommand, accepted_ms: int) -> None:
        def after(before: UserState) -> UserState:
            _refuse_another_profile(before, command.base_version)
            return edited(before, command.edits, self.known, self.rules.fit)

        self._by_the_person(record, command, Cause.EDIT, accepted_ms, after)

    def roll_back(self, record: Record, command: RollbackCommand, accepted_ms: int) -> None:
        def after(before: UserState) -> UserState:
            return rolled_back(before, command.version, self.known, self.rules.fit)

        self._by_the_person(record, command, Cause.ROLLBACK, accepted_ms, after)

    def take_in(self, record: Record, command: ImportCommand, accepted_ms: int) -> None:
        def after(before: UserState) -> UserState:
            return imported(before, command, self.known, self.rules.fit)

        self._by_the_person(record, command, Cause.IMPORT, accepted_ms, after)

    def _by_the_person(
        self,
        record: Record,
        command: PersonsCommand,
        cause: Cause,
        accepted_ms: int,
        after: Callable[[UserState], UserState],
    ) -> None:
        """All of what a person asks for, or nothing of it: `after` gives a changed copy, or raises `EditRefused`."""
        before = self.state
        try:
            self.folded.state = after(before)
        except EditRefused as refused:
            self.set_aside(record, command, Reason.REFUSED, str(refused))
        else:
            self.folded.carried_out[command.kind] += 1
            keep_carried(before, self.state)
            self._fitted(cause, accepted_ms, _Said.by(before))
            if self.state.version > before.version:
                self.state.edited_version = self.state.version

    def proposal(self, proposal: Proposal, accepted_ms: int) -> None:
        before = self.state
        self.folded.carried_out["proposal"] += 1
        decision = decide(before, proposal, self.known, self.rules.fit, self.rules.scoring)
        self.folded.refinements[proposal.trigger.value, decision.verdict.value] += 1
        if decision.state is not None:
            self.folded.state = decision.state
            fit(decision.state, self.known, self.rules.fit)
            self._fitted(Cause.REFINEMENT, accepted_ms, _Said.by(before), decision)
        self.state.refine = self.state.refine._replace(token=max(before.refine.token, proposal.fencing_token))

    def move(self, record: Record, command: MoveCommand, target: InSpace) -> None:
        """Where a text has no vector there yet, nothing happens: whoever moves profiles asks again."""
        before, now_ms = self.state, _time_of(record, command)
        if before.space == target.space:
            self._looked_at(now_ms)
        elif (there := moved(before, target)) is not None:
            self.folded.state = there
            self.work_in(target)
            self._fitted(Cause.SPACE, now_ms, _Said.by(before))

    def publish(self, record: Record, command: PublishCommand) -> None:
        self.folded.publish = True
        self._looked_at(_time_of(record, command))

    def _looked_at(self, now_ms: int) -> None:
        """Takes the profile off the list of those that nobody has looked at since a change of spaces."""
        if self.state.refitted_ms is not None:
            self.state.refitted_ms = now_ms

    def refine(self, record: Record, command: RefreshCommand) -> None:
        state, policy, now_ms = self.state, self.rules.triggers, record.timestamp_ms
        if command.cause is not RefreshCause.DEMAND:
            # It was due by the clock of who sent it, or it would come again and again, a duplicate each time.
            now_ms = max(now_ms, round(command.time.timestamp() * 1000))
        else:
            state.refine = policy.demanded(state.refine, now_ms)
        due = policy.refine_due(state.refine)
        if due is not None and due[1] <= now_ms:
            self._queue(record, command.user, due[0])

    def _queue(self, record: Record, user: str, trigger: RefineTrigger) -> None:
        state = self.state
        state.refine = self.rules.triggers.refined(state.refine, record.timestamp_ms)
        if live(state.window):
            self.folded.job = job_of(record, user, trigger, state.version)
        else:
            self.folded.refinements[trigger.value, Verdict.NOTHING.value] += 1

    def refit(self, cause: Cause, accepted_ms: int) -> None:
        before = _Said.by(self.state)
        fit(self.state, self.known, self.rules.fit)
        self._fitted(cause, accepted_ms, before)

    def _fitted(self, cause: Cause, accepted_ms: int, before: _Said, decision: Decision | None = None) -> None:
        """After a re-fit: `before` is what stood in the profile."""
        state = self.state
        self._measure(before.interests, accepted_ms)
        state.pending, state.pending_since_ms, state.refitted_ms = 0, None, accepted_ms
        self.folded.refits[cause.value] += 1
        if _Said.by(state) != before:
            state.version += 1
            events, state.since_version = state.since_version, 0
            rewards = (decision.before, decision.after) if decision is not None else (None, None)
            change = Change(state.version, cause, len(state.interests), events, accepted_ms, *rewards)
            self.folded.changes.append(change)
            versions.remember(state, change)

    def _measure(self, interests: tuple[HeldInterest, ...], accepted_ms: int) -> None:
        """How well the profile before the re-fit foresaw what came after it."""
        state = self.state
        unfitted, state.unfitted = state.unfitted, ()
        if not interests or not unfitted:
            return
        items = self.known.items(set(unfitted))
        vectors = [items[key].vector for key in unfitted if key in items]
        for reward in foreseen(interests, vectors, self.rules.fit):
            state.refine = self.rules.triggers.measured(state.refine, reward, accepted_ms)

    def set_aside(self, record: Record, message: Message, reason: Reason, detail: str) -> None:
        """It has had no effect, so it may be sent again once what was wrong is mended. Of a proposal nothing is kept:
        the next refinement finds more."""
        if isinstance(message, Proposal):
            self.folded.refinements[message.trigger.value, Verdict(reason.value).value] += 1
            self.folded.carried_out["proposal"] += 1
            return
        self.state.unsee(identity(message))
        if isinstance(message, PersonsCommand):
            refuse(self.state, message.command_id, reason, detail)
        self.folded.letters.append(Letter(record, reason, detail))


def _time_of(record: Record, command: MoveCommand | PublishCommand) -> int:
    """At or after the command's own time, by which whoever sends it tells who has carried it out
    (`streams.rollout`)."""
    return max(record.timestamp_ms, round(command.time.timestamp() * 1000))


def _refuse_another_profile(state: UserState, base_version: int | None) -> None:
    """An older version is this profile as the person saw it. Raises `EditRefused` for one that it has not reached."""
    if base_version is not None and base_version > state.version:
        raise EditRefused(
            "made for a version that this profile has not reached: read the profile again and send the edit anew"
        )
