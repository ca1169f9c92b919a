"""The pure fold of what the store has applied: one record at a time, from nothing, against every state it ever kept.

For each user, in the order of the commits that the store carried out:

1. The records that a commit applied are those of the batch in its writer's hand that lie between the offsets of the
   state before and after it.
2. They are folded one by one, with what the store had told that writer by then, and with nothing older than an agents
   process may believe (`workers.knowledge.MAX_AGE`) unless its clock jumped.
3. The result is what was committed, to the byte. In the end every record of the mailbox has been applied. (What was
   folded again after a loss may go on under the number after one that readers had by then.)
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

from schemas.profile import ProfileEmbedding
from streams.messages import parse_message
from streams.topics import MAILBOX, PROFILE_EMBEDDINGS
from tests.simulation.agents import KEY
from tests.simulation.encoder import SPACE
from tests.simulation.gone import gone_in
from tests.simulation.inputs import EPOCH, PROVIDERS
from tests.simulation.process import Sight
from tests.simulation.reading import event_of
from tests.simulation.store import Applied
from tests.simulation.world import World
from workers.agent import fold
from workers.knowledge import MAX_AGE, Knowledge, Missing
from workers.mailbox import Event
from workers.state import decode_state, encode_state
from workers.subjects import subject_of

_BATCH = 30.0
"""Virtual seconds between the first read of a batch and its commit at most, retries of the batch's own included."""

_Place = tuple[str, int, int]


def check_replay(world: World) -> Iterator[str]:
    """What is wrong, in words."""
    known = _Knowing(world)
    states: dict[str, bytes] = {}
    done: set[_Place] = set()
    for applied in world.store.history:
        user = applied.commit.user
        before = states.get(user)
        new = _applied_by(applied, before)
        try:
            state = _folded(before, new, known.of(applied), world)
        except Missing as missing:
            names = sorted(missing.items | missing.phrases)
            yield f"{user} at {applied.at:.3f}: {applied.writer} used what it was not told of late: {names}"
            return
        if state != applied.commit.state and not _is_renumbered(applied, state, world):
            yield f"{user} at {applied.at:.3f}: {applied.writer} committed another state: {_difference(applied, state)}"
            return
        states[user] = applied.commit.state
        done |= {(one.record.topic, one.record.partition, one.record.offset) for one in new}
    gone = gone_in(world)
    for record in (record for topic in MAILBOX for record in world.log.all(topic)):
        place = (record.topic, record.partition, record.offset)
        if place not in done and (event := event_of(record)) is not None and event.message.user not in gone:
            yield f"{place} was never applied"


def _applied_by(applied: Applied, before: bytes | None) -> list[Event]:
    """Step 1, in the order in which a batch is folded: as the broker took the messages, and never two of one partition
    in another order than there."""
    start, end = decode_state(before).offsets, decode_state(applied.commit.state).offsets
    user = applied.commit.user.encode()
    records = (record for record in applied.batch if record.key == user)
    places = ((record, f"{record.topic}/{record.partition}") for record in records)
    new = [one for one, place in places if start.get(place, -1) < one.offset <= end.get(place, -1)]
    queues: dict[int, list[Event]] = {}
    for record in new:
        if (event := event_of(record)) is not None:
            queues.setdefault(MAILBOX.index(record.topic), []).append(event)
    merged: list[Event] = []
    while left := [(queue[0].record.timestamp_ms, rank) for rank, queue in queues.items() if queue]:
        merged.append(queues[min(left)[1]].pop(0))
    return merged


def _folded(raw: bytes | None, events: Sequence[Event], known: Knowledge, world: World) -> bytes:
    """Step 2."""
    for event in events:
        raw = encode_state(fold(raw, [event], known, world.rules, parse_message).state)
    return raw if raw is not None else encode_state(decode_state(None))


def _is_renumbered(applied: Applied, state: bytes, world: World) -> bool:
    """Step 3, after a loss."""
    committed, folded = decode_state(applied.commit.state), decode_state(state)
    renumbered = encode_state(replace(folded, version=committed.version))
    if not world.store.losses or committed.version <= folded.version or renumbered != applied.commit.state:
        return False
    own = {subject_of(KEY, provider, applied.commit.user).encode() for provider in PROVIDERS}
    seen = (one for one in world.log.written if one.topic == PROFILE_EMBEDDINGS and one.key in own)
    before = (one.value for one in seen if one.value is not None and one.timestamp_ms <= (EPOCH + applied.at) * 1000)
    return committed.version - 1 in {ProfileEmbedding.model_validate_json(one).version for one in before}


class _Knowing:
    """Knowledge as a writer had it; users of one commit share it."""

    def __init__(self, world: World) -> None:
        self._oldest = float("inf") if world.trace.faults["clock"] else MAX_AGE + _BATCH
        self._last: tuple[Sight, Knowledge] | None = None

    def of(self, applied: Applied) -> Knowledge:
        sight = applied.sight
        if self._last is None or self._last[0] is not sight:
            self._last = (sight, self._made(sight, applied.at))
        return self._last[1]

    def _made(self, sight: Sight, at: float) -> Knowledge:
        known = Knowledge(space=SPACE)
        items = {key: told.value for key, told in sight.items.items() if at - told.at <= self._oldest}
        words = {text: told.value for text, told in sight.words.items()}
        known.learn_items(items, {key: record for key, record in items.items() if record is not None})
        known.learn_phrases(words, {text: vector for text, vector in words.items() if vector is not None})
        return known


def _difference(applied: Applied, state: bytes) -> str:
    """The fields that are not equal; no more of either than helps."""
    committed, folded = decode_state(applied.commit.state), decode_state(state)
    pairs = ((one.name, getattr(committed, one.name), getattr(folded, one.name)) for one in fields(committed))
    return "; ".join(f"{name}: {a!r:.200} for {b!r:.200}" for name, a, b in pairs if repr(a) != repr(b))
