"""The guards of what is kept: an event counts exactly once, and nothing that was accepted is lost."""

from tests.mutants.mutation import Mutation

_ONCE = "tests/workers/test_agent_once.py"
_CRASHES = "tests/streams/test_agents_crashes.py"
_HAND = "tests/streams/test_hand_over.py"
_STORE = "tests/contract/test_store.py"


def _once(guard: str, file: str, old: str, new: str, tests: str) -> Mutation:
    return Mutation(1, guard, file, old, new, tests)


def _kept(guard: str, file: str, old: str, new: str, tests: str) -> Mutation:
    return Mutation(2, guard, file, old, new, tests)


KEEPING: tuple[Mutation, ...] = (
    _once(
        "an offset at or below the applied one is a redelivery",
        "workers/agent.py",
        "if record.offset <= self.state.offsets.get(place, -1):",
        "if False:",
        _ONCE,
    ),
    _once(
        "an event id that was seen is a repetition",
        "workers/agent.py",
        "if self.state.has_seen(identity(message)):",
        "if False:",
        _ONCE,
    ),
    _once(
        "an event does not pass for a command",
        "workers/mailbox.py",
        'return f"interaction {message.event_id}"',
        'return f"command {message.event_id}"',
        _ONCE,
    ),
    _once(
        "what was set aside may come again",
        "workers/effects.py",
        "self.state.unsee(identity(message))",
        "pass",
        _ONCE,
    ),
    _once(
        "a letter that was replayed is not replayed again",
        "streams/letter_book.py",
        "        if letter.settled is not None and not again:",
        "        if False:",
        "tests/streams/test_letter_book.py",
    ),
    _kept(
        "a crash before publishing leaves the outbox to the next batch",
        "streams/agents.py",
        "records[step.commit.user].outbox + step.commit.outbox",
        "step.commit.outbox",
        _CRASHES,
    ),
    _kept(
        "a batch that was not handled is not committed",
        "streams/hand_over.py",
        "            if handled:",
        "            if True:",
        _HAND,
    ),
    _kept(
        "what will pass is tried again",
        "streams/hand_over.py",
        "PASSING = (Unavailable, Overloaded)",
        "PASSING = (Overloaded,)",
        _HAND,
    ),
    _kept(
        "a batch from before the hand was settled is dropped",
        "streams/hand_over.py",
        "if self._settling.is_set() or turn != self.turn:",
        "if self._settling.is_set():",
        _HAND,
    ),
    _kept(
        "the embedder publishes what the store has also when nothing changed",
        "streams/embedder.py",
        "await self._producer.send([*published, *tombstones, *settled, *said.letters, *said.nulls])",
        "await self._producer.send([*(published if new else ()), *tombstones, *settled, *said.letters, *said.nulls])",
        "tests/streams/test_embedder.py",
    ),
    _kept(
        "what is due at the same moment again is another command",
        "streams/control.py",
        'return f"{what}:{due.due:.3f}:{now:.3f}"',
        'return f"{what}:{due.due:.3f}"',
        "tests/streams/test_control.py",
    ),
    _kept(
        "a re-fit by age that was sent twice is carried out once",
        "workers/agent.py",
        "if cause is RefreshCause.DEMAND or self._is_due(record, message):",
        "if True:",
        "tests/workers/test_agent_refits.py",
    ),
    _kept(
        "what a forgotten person brought goes from the topic though the store has lost who they were",
        "streams/erasure.py",
        "        await _null_brought(store, producer, mailbox)\n    place, wanted",
        "        pass\n    place, wanted",
        "tests/streams/test_brought.py",
    ),
    _kept(
        "a store that lost what it had confirmed is noticed",
        "streams/watermarks.py",
        "if lower := sum(stored.get(partition, 0) < mark for partition, mark in known.items()):",
        "if lower := 0:",
        "tests/streams/test_agents_loss.py",
    ),
    _kept(
        "the embedder's mark belongs to the life of the store in which its batch began",
        "streams/embedder.py",
        "await self._store.mark(marks, floors, life)",
        "await self._store.mark(marks, floors, await self._store.life())",
        "tests/streams/test_embedder_loss.py",
    ),
    _kept(
        "the embedder's mark is not written over an earlier hole",
        "streams/embedder.py",
        "await self._store.mark(marks, floors, life)",
        "await self._store.mark(marks, {}, life)",
        "tests/streams/test_embedder_loss.py",
    ),
    _kept(
        "a restarted Redis takes no mark for what came before",
        "infra/stores/lua/raise_marks.lua",
        "string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')",
        "string.match(ARGV[1], '%w+')",
        "tests/infra/test_redis_life.py",
    ),
    _kept(
        "a Redis that was wiped takes no mark for what came before",
        "infra/stores/lua/raise_marks.lua",
        "(redis.call('GET', KEYS[2]) or '')",
        "string.match(ARGV[1], ':(.*)')",
        "tests/infra/test_redis_life.py",
    ),
    _kept(
        "a provider with nothing but items that came too late is none (Redis)",
        "infra/stores/lua/put_items.lua",
        "too late to be an item of theirs.\n        if redis.call('HEXISTS', KEYS[1], provider) == 0 then",
        "too late to be an item of theirs.\n        if false then",
        "tests/contract/test_store_items.py",
    ),
    _kept(
        "a mark is not written over a hole (Redis)",
        "infra/stores/lua/raise_marks.lua",
        "mark >= tonumber(ARGV[i + 2]) and ",
        "",
        _STORE,
    ),
    _kept(
        "after a loss the gap is folded again",
        "streams/agents.py",
        "                await self.handle(self._part.batch)",
        "                pass",
        "tests/streams/test_recovery.py",
    ),
    _kept(
        "after a loss the agents wait for the catalog",
        "streams/recovery.py",
        "                await self._wait_for_the_embedder(lost)\n",
        "",
        "tests/streams/test_recovery.py",
    ),
    _kept(
        "what was folded again goes on behind what readers have seen",
        "streams/recovery.py",
        "        if number > state.version:",
        "        if False:",
        "tests/streams/test_recovery.py",
    ),
    _kept(
        "what was folded again is not sent to readers who hold a version as new",
        "streams/agents.py",
        "return self._part is None or not self._part.readers.hold(message)",
        "return True",
        "tests/streams/test_recovery.py",
    ),
    _kept(
        "what a worker had in hand when the store was lost is read again",
        "streams/recovery.py",
        "max(place, self._ends[partition])",
        "place",
        "tests/streams/test_recovery.py",
    ),
    _kept(
        "what was left for another round when the store was lost is read again",
        "streams/recovery.py",
        "Span(min(marks[partition], place), ",
        "Span(marks[partition], ",
        "tests/streams/test_recovery.py",
    ),
    _kept(
        "what a recovery committed and did not send is sent by the next",
        "streams/agents.py",
        "        await self._publish_what_is_left(await self._recovery.unpublished(assigned))\n",
        "",
        "tests/streams/test_recovery.py",
    ),
    _kept(
        "a rebuilt profile goes on behind what readers have seen",
        "streams/rebuild.py",
        "        state = replace(state, version=run.readers.number_for(user, state))\n",
        "",
        "tests/streams/test_rebuild.py",
    ),
    _kept(
        "a replay sends the original bytes",
        "streams/letter_book.py",
        'await self._producer.send([Outgoing(whole.topic, whole.key or b"", whole.value)])',
        "pass",
        "tests/streams/test_letter_book.py",
    ),
    _kept(
        "a log that is shorter than what was applied is not read (aiokafka)",
        "streams/kafka_member.py",
        "await refuse_a_shorter_log(self._stage.name, resume, self._ends, self._call_timeout)",
        "pass",
        "tests/streams/test_kafka_member.py",
    ),
    _kept(
        "a partition that goes on before what was read ends the runner",
        "streams/kafka_member.py",
        "if page and page[0].offset < self._next.get(at, 0):",
        "if False:",
        "tests/streams/test_kafka_member.py",
    ),
    _kept(
        "a log that is shorter than what was applied is not read (Faust)",
        "streams/faust_member.py",
        "await refuse_a_shorter_log(self._stage, resume, self._ends, self._patience)",
        "pass",
        "tests/streams/test_faust_member.py",
    ),
    _kept(
        "a schema does not change unseen",
        "schemas/interaction.py",
        "text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)] | None = None",
        "text: Annotated[str, StringConstraints(min_length=1, max_length=9)] | None = None",
        "tests/schemas/test_golden.py",
    ),
)
