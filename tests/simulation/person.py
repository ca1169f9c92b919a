"""What a person's own edits must have come to: the person wins, whatever was inferred, proposed or lied meanwhile."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from schemas.command import (
    AddInterest,
    AvoidText,
    Edit,
    EditCommand,
    PinInterest,
    RemoveInterest,
    RestoreInterest,
    ReweightInterest,
    RewriteInterest,
)
from schemas.dead_letter import Reason
from streams.topics import COMMANDS
from tests.simulation.gone import gone_in
from tests.simulation.letters import Letters
from tests.simulation.reading import message_of
from tests.simulation.world import World
from workers.refit import interest_id
from workers.state import UserState


class _Word(NamedTuple):
    """What the person has last said of a text. The weight is None where it is learned; `stays`: it is theirs even so,
    since they wrote or pinned it."""

    is_: Literal["interest", "avoid", "removed"]
    weight: float | None = None
    stays: bool = True


@dataclass
class _Wishes:
    words: dict[str, _Word] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    copies: dict[str, list[bool]] = field(default_factory=dict)
    """Of each command in the log: whether it was set aside."""
    doubtful: set[str] = field(default_factory=set)
    """Ids of texts in commands of which one copy was set aside and another passed over, perhaps for the first's sake;
    after a loss, of all that was ever set aside, and may have been carried out when it was folded once more."""

    def carry_out(self, edit: Edit) -> None:
        match edit:
            case AddInterest(text=text, weight=weight):
                self.words[interest_id(text)] = _Word("interest", weight)
            case AvoidText(text=text):
                self.words[interest_id(text)] = _Word("avoid")
            case RemoveInterest(interest=one):
                self._remove(one)
            case RestoreInterest(interest=one):
                self.words.pop(one, None)
            case ReweightInterest(interest=one, weight=weight, held=held) if not self._avoids(one):
                stays = one in self.words and self.words[one].stays
                self.words[one] = _Word("interest", weight if held else None, stays)
                if not (held or stays):
                    del self.words[one]
            case PinInterest(interest=one) if not self._avoids(one):
                self.words[one] = self.words.get(one, _Word("interest"))._replace(stays=True)
            case RewriteInterest(interest=old, text=text):
                before = self.words.get(old, _Word("interest"))
                if self._avoids(old) or interest_id(text) != old:
                    self._remove(old)
                self.words[interest_id(text)] = before._replace(stays=True)
            case _:
                pass  # Changes how strongly something is avoided, or what is pinned already.

    def _avoids(self, one: str) -> bool:
        return one in self.words and self.words[one].is_ == "avoid"

    def _remove(self, one: str) -> None:
        """What is avoided no longer is forgotten."""
        if self._avoids(one):
            del self.words[one]
        else:
            self.words[one] = _Word("removed")


def check_edits(world: World, letters: Letters, states: dict[str, UserState]) -> Iterator[str]:
    """What is wrong, in words."""
    for user, wishes in ((user, one) for user, one in _wishes(world, letters).items() if user in states):
        for one, word in wishes.words.items():
            if one not in wishes.doubtful and not _is_granted(states[user], one, word):
                yield f"{user} wanted {one} to be {word} and it is not"


def edits_in(world: World) -> int:
    """Different ones, of people who were not forgotten."""
    commands = [message_of(one) for one in world.log.written if one.topic == COMMANDS]
    mine = {(one.user, one.command_id): one for one in commands if isinstance(one, EditCommand)}
    gone = gone_in(world)
    return sum(len(one.edits) for one in mine.values() if one.user not in gone)


def _wishes(world: World, letters: Letters) -> dict[str, _Wishes]:
    """By user, in the order of the log: what was not set aside has been carried out, once."""
    wishes: dict[str, _Wishes] = {}
    for record in world.log.all(COMMANDS):
        if (reasons := letters.about(record)) & {Reason.INVALID, Reason.WRONG_KEY}:
            continue
        command = message_of(record)
        if not isinstance(command, EditCommand):
            continue
        mine = wishes.setdefault(command.user, _Wishes())
        mine.copies.setdefault(command.command_id, []).append(bool(reasons))
        was_lost = world.store.losses > 0
        if len(set(mine.copies[command.command_id])) > 1 or (
            was_lost and (reasons or _touched(command) & mine.doubtful)
        ):
            mine.doubtful |= _touched(command)
        if not reasons and command.command_id not in mine.done:
            mine.done.add(command.command_id)
            for edit in command.edits:
                mine.carry_out(edit)
    return wishes


def _touched(command: EditCommand) -> set[str]:
    texts = {interest_id(edit.text) for edit in command.edits if hasattr(edit, "text")}
    return texts | {edit.interest for edit in command.edits if hasattr(edit, "interest")}


def _is_granted(state: UserState, one: str, word: _Word) -> bool:
    interests = {held.id: held for held in state.interests}
    avoided = {held.id for held in state.avoid}
    if word.is_ == "avoid":
        return one in avoided and one not in interests
    if word.is_ == "removed":
        return one not in avoided and one not in interests
    held = interests.get(one)
    if held is None or one in avoided:
        return False
    return held.is_owned and (word.weight is None or held.held_weight == word.weight)
