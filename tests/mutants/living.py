"""The guards of a service that goes on: alive, bounded, degrading in steps, and measured without people."""

from tests.mutants.mutation import Mutation

_STAGE = "tests/streams/test_agents.py"
_HAND = "tests/streams/test_hand_over.py"


def _alive(guard: str, file: str, old: str, new: str, tests: str) -> Mutation:
    return Mutation(9, guard, file, old, new, tests)


def _bounded(guard: str, file: str, old: str, new: str, tests: str) -> Mutation:
    return Mutation(10, guard, file, old, new, tests)


def _degrading(guard: str, file: str, old: str, new: str, tests: str) -> Mutation:
    return Mutation(11, guard, file, old, new, tests)


def _metric(guard: str, file: str, old: str, new: str, tests: str) -> Mutation:
    return Mutation(12, guard, file, old, new, tests)


LIVING: tuple[Mutation, ...] = (
    _alive(
        "a stage that hangs ends its runner",
        "streams/stage_runner.py",
        "elif time.monotonic() - since > self._stall_timeout:",
        "elif False:",
        "tests/contract/test_runner.py::TestErrors::test_a_handler_that_hangs_ends_the_runner",
    ),
    _alive(
        "a topic that a broker does not know yet is looked for again",
        "streams/kafka_clients.py",
        "if not settled.remaining():",
        "if True:",
        "tests/contract/test_runner_broker.py::test_a_topic_that_comes_while_it_is_looked_for",
    ),
    _alive(
        "a broker that its controller does not count yet is asked again for topics",
        "streams/kafka_admin.py",
        "for _, error, _ in refusals) and settled.remaining():",
        "for _, error, _ in refusals) and False:",
        "tests/streams/test_kafka_admin.py::test_a_broker_that_is_not_counted_yet_is_asked_again",
    ),
    _alive(
        "a producer that neither sends nor fails is made anew",
        "streams/kafka_producer.py",
        "elif self._settled == settled:",
        "elif False:",
        "tests/streams/test_kafka_producer.py::test_a_client_that_neither_sends_nor_fails_is_replaced",
    ),
    _alive(
        "a member that is thrown out again and again ends",
        "streams/kafka_evictions.py",
        "if len(self._times) >= self._limit and now - self._times[-self._limit] < WITHIN:",
        "if False:",
        "tests/streams/test_kafka_evictions.py",
    ),
    _alive(
        "a batch that takes longer than the deadline is given up",
        "streams/hand_over.py",
        "        self._given_up.set()\n",
        "",
        _HAND,
    ),
    _alive(
        "a part that ended although nobody asked is an error",
        "infra/supervise.py",
        "            raise failed[0]",
        "            return",
        "tests/infra/test_supervise.py",
    ),
    _alive(
        "an event loop that stands still ends the process",
        "infra/ending.py",
        "            if self._missed > self._still:",
        "            if False:",
        "tests/infra/test_ending.py",
    ),
    _alive(
        "shutdown has one deadline",
        "infra/ending.py",
        "        self._timer.start()",
        "        pass",
        "tests/infra/test_ending.py",
    ),
    _bounded(
        "of a file from a platform what is read in one piece is bounded",
        "infra/platforms/texts.py",
        "if len(content) > MAX_WHOLE:",
        "if False:",
        "tests/infra/platforms/test_texts.py",
    ),
    _bounded(
        "only so many messages of a user wait",
        "workers/agent.py",
        "return len(waiting) < self.rules.max_waiting and size <= self.rules.max_waiting_bytes",
        "return True",
        "tests/workers/test_agent_waiting.py",
    ),
    _bounded(
        "the slowest group holds the senders back",
        "streams/embedded_log.py",
        "            self._refuse_when_full(topic)\n",
        "            pass\n",
        "tests/streams/test_embedded_log.py",
    ),
    _bounded(
        "what one account refuses the others are given back",
        "streams/budgets.py",
        "await self._store.settle(given_back, self._day, -calls, -tokens)",
        "pass",
        "tests/streams/test_budgets.py",
    ),
    _bounded(
        "event ids are remembered up to a cap",
        "workers/state.py",
        '(self.seen + _hash(event_id).to_bytes(8, "little"))[-8 * MAX_SEEN :]',
        'self.seen + _hash(event_id).to_bytes(8, "little")',
        "tests/workers/test_state.py tests/workers/test_agent_once.py",
    ),
    _bounded(
        "a busy key takes a turn and no more",
        "streams/turns.py",
        "if taken[record.key] >= per_key:",
        "if False:",
        "tests/streams/test_turns.py",
    ),
    _bounded(
        "only so many bodies are read at once",
        "infra/gateway/bodies.py",
        "        with self._reading.enter():\n            yield",
        "        yield",
        "tests/infra/test_gateway_pressure.py",
    ),
    _bounded(
        "only so many requests are answered at once",
        "infra/gateway/admission.py",
        "            with self._gate.enter():\n                await self._app(scope, receive, send)",
        "            await self._app(scope, receive, send)",
        "tests/infra/test_gateway_pressure.py",
    ),
    _bounded(
        "a job that kills its process is given up",
        "streams/leases.py",
        "        if self._tries > MAX_LEASES:",
        "        if False:",
        "tests/streams/test_leases.py",
    ),
    _bounded(
        "in a rush re-fits are rarer",
        "workers/triggers.py",
        "return Cause.COUNT if pending >= RUSH_RARER * self.refit_after else None",
        "return Cause.COUNT if pending >= self.refit_after else None",
        "tests/workers/test_triggers.py",
    ),
    _degrading(
        "where the LLM fails, phrases answer",
        "infra/vllm/fallback.py",
        "if answer.outcome is not Outcome.FAILED:",
        "if True:",
        "tests/infra/vllm/test_fallback.py",
    ),
    _degrading(
        "garbage is set aside and the next event served",
        "streams/mailboxes.py",
        "return Letter(record, Reason.INVALID, summarize(error))",
        "raise",
        _STAGE,
    ),
    _degrading(
        "a Redis that does not keep what it is given is refused",
        "infra/stores/check.py",
        'if info.get("aof_enabled") == 1:',
        "if True:",
        "tests/infra/test_redis_check.py",
    ),
    _degrading(
        "a Redis that evicts is refused",
        "infra/stores/check.py",
        'if policy == "noeviction":',
        "if True:",
        "tests/infra/test_redis_check.py",
    ),
    _degrading(
        "a request with two lengths is refused",
        "infra/gateway/guard.py",
        'return "content-length" in headers and "transfer-encoding" in headers',
        "return False",
        "tests/infra/test_gateway_errors.py",
    ),
    _metric(
        "no metric has a label of a person",
        "streams/metrics.py",
        '"Re-fits of a profile\'s weights", ("cause",))',
        '"Re-fits of a profile\'s weights", ("cause", "user"))',
        "tests/streams/test_metrics.py",
    ),
)
