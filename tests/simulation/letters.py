"""What must stand in the dead-letters, predicted from what came in: which messages, why, with what bytes."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import ValidationError

from schemas.catalog import CatalogItem
from schemas.dead_letter import DeadLetter, Reason
from schemas.interaction import Interaction, Signal
from streams.topics import CATALOG, DEAD_LETTERS, MAILBOX
from tests.simulation.gone import gone_in
from tests.simulation.inputs import LATE, NEVER, OWN_WORDS, STABLE
from tests.simulation.plan import WIDE
from tests.simulation.reading import message_of
from tests.simulation.world import World
from workers.mine import is_mine
from workers.ports import Record
from workers.state import UserState

WAITED = frozenset({Reason.UNKNOWN_ITEM, Reason.TOO_MANY_WAITING})

_Place = tuple[str, int, int]
_Prospects = tuple[bool | None, frozenset[Reason]]


@dataclass
class Letters:
    """All letters by the place of their message."""

    reasons: dict[_Place, set[Reason]] = field(default_factory=lambda: defaultdict(set))
    wrong: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, world: World) -> "Letters":
        letters = cls()
        sources = {_place(one): one for topic in (*MAILBOX, CATALOG) for one in world.log.all(topic)}
        for record in world.log.all(DEAD_LETTERS):
            letter = DeadLetter.model_validate_json(record.value or b"")
            place = (letter.topic, letter.partition, letter.offset)
            if letter.settled is not None:  # without its content
                continue
            letters.reasons[place].add(letter.reason)
            source = sources.get(place)
            if source is None:
                if letter.topic != CATALOG:  # compaction may have taken it
                    letters.wrong.append(f"a letter for {place}, which does not exist")
            elif (letter.key, letter.value) != (source.key, source.value):
                letters.wrong.append(f"the letter for {place} holds other bytes")
        return letters

    def about(self, record: Record) -> set[Reason]:
        return self.reasons.get(_place(record), set())


def check_letters(world: World, letters: Letters, states: dict[str, UserState]) -> Iterator[str]:
    """What is wrong, in words."""
    yield from letters.wrong
    if not world.store.losses:  # What is folded once more may find another reason.
        yield from (f"{place} has letters of {sorted(r)}" for place, r in letters.reasons.items() if len(r) > 1)
    events: dict[tuple[str, str], list[tuple[Record, Interaction]]] = defaultdict(list)
    gone = {user.encode() for user in gone_in(world)}  # what they still had coming was dropped
    for record in (one for topic in MAILBOX for one in world.log.all(topic) if one.key not in gone):
        expected, message = _sorted_out(record)
        if expected is not None:
            if letters.about(record) != {expected}:
                yield f"{_place(record)} is {expected} and has letters of {letters.about(record)}"
        elif isinstance(message, Interaction):
            events[message.user, message.event_id].append((record, message))
    for (user, event), copies in events.items():
        yield from _check_event(world, letters, states[user], event, copies)
    for record in world.log.all(CATALOG):
        if (wrong := _catalog_reason(record)) is not None and letters.about(record) != {wrong}:
            yield f"{_place(record)} is {wrong} and has letters of {letters.about(record)}"


def _check_event(
    world: World, letters: Letters, state: UserState, event: str, copies: list[tuple[Record, Interaction]]
) -> Iterator[str]:
    """Applied once, or in the dead-letters, as its kind demands."""
    reasons = set[Reason]().union(*(letters.about(record) for record, _ in copies))
    applied = state.has_seen(f"interaction {event}")
    remembered = [entry for entry in state.window if entry.event == event]
    if len(remembered) > 1 or (remembered and not applied):
        yield f"{event} stands {len(remembered)} times in the window"
    if world.plan.window == WIDE and applied and not remembered:
        yield f"{event} was seen and has had no effect"
    if not applied and not reasons:
        yield f"{event} is neither applied nor in the dead-letters"
    message = copies[0][1]
    if message.time.timestamp() * 1000 > copies[0][0].timestamp_ms + 1000 * world.rules.clock_skew:
        prospects: _Prospects = (False, frozenset({Reason.FUTURE}))
    else:
        prospects = _prospects(world, message)
    must_apply, allowed = prospects
    if must_apply is not None and applied is not must_apply:
        yield f"{event} must {'be' if must_apply else 'not be'} applied"
    if not reasons <= allowed:
        yield f"{event} has letters of {reasons}, of which only {sorted(allowed)} make sense"


def _prospects(world: World, message: Interaction) -> _Prospects:
    """Whether it must be applied (None: it depends on when its item came), and reasons it may be set aside for. After a
    loss the items are embedded again, which may take longer than an event waits."""
    if message.signal is Signal.RETRACT:
        return True, frozenset()
    if message.item in STABLE and not world.plan.cold and not world.store.losses:
        return True, frozenset()
    if message.item == NEVER:
        return False, WAITED
    if world.plan.calm and (message.item in OWN_WORDS or is_mine(message.provider)):
        return None, frozenset({Reason.TOO_MANY_WAITING})
    if is_mine(message.provider):
        return None, WAITED
    assert message.item.startswith(("changing", "late", "told")) or message.item in (*LATE, *STABLE)
    return None, WAITED


def _sorted_out(record: Record) -> tuple[Reason | None, object]:
    """Why it must be set aside unread; the message, where it must not."""
    message = message_of(record)
    if message is None:
        return Reason.INVALID, None
    return (None if record.key == message.user.encode() else Reason.WRONG_KEY), message


def _catalog_reason(record: Record) -> Reason | None:
    key = (record.key or b"").decode()
    is_description, item = key.startswith("~"), key.removeprefix("~")
    if record.value is None:
        return None if ":" in item else Reason.WRONG_KEY
    try:
        entry = CatalogItem.model_validate_json(record.value)
        right = entry.key == item and is_description is (entry.described_ms is not None)
        return None if right else Reason.WRONG_KEY
    except ValidationError:
        return Reason.INVALID


def _place(record: Record) -> _Place:
    return (record.topic, record.partition, record.offset)
