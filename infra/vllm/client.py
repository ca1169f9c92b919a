"""The client of an LLM server: one question, however many tries it takes, within one deadline.

A question goes through these steps, which the code names by number:
1. It takes its turn: a bounded number are in flight, the most urgent first.
2. It passes the breaker. An open one refuses at once, unless a probe is due: then this question probes first.
3. One try. What never reached the server or was turned away (503) costs nothing; what was lost in the middle, or broken
   off by a server that stops, may have cost all that was asked for.
4. The answer is read: it must have ended by itself, and validate.
5. Or the failure is judged: a 400 is never tried again, nor an answer that is not to be used. Otherwise a pause with
   jitter, and again from 2. At most five tries, two of which may cost something.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from infra.vllm.breaker import Breaker, BreakerState
from infra.vllm.effort import Effort
from infra.vllm.errors import LlmError, LlmRefused, LlmUnavailable
from infra.vllm.options import LlmOptions
from infra.vllm.probe import probe
from infra.vllm.transport import Transport
from infra.vllm.turns import Turns
from infra.vllm.wire import Question
from schemas.proposal import Cost
from streams.backoff import delays
from streams.deadline import Deadline
from workers.errors import ConfigurationError, Overloaded

log = logging.getLogger(__name__)

T = TypeVar("T")

PROBE_SECONDS = 15.0
"""A server's first answer may take some seconds; a good one's, a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """What the answer was read as, and what all tries cost together."""

    value: T
    cost: Cost


class LlmClient:
    """Nothing is asked before a probe has gone well: call `check` at the start, or the first question does it. `clock`,
    `sleep` (seconds) and `uniform` are for tests."""

    def __init__(
        self,
        options: LlmOptions,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._options = options
        self._clock = clock
        self._sleep = sleep
        self._uniform = uniform
        self._transport = Transport(options)
        self._turns = Turns(options.at_once, options.most_waiting)
        self._breaker = Breaker(clock)
        self._model = ""

    @property
    def breaker(self) -> BreakerState:
        """For a metric."""
        return self._breaker.state

    @property
    def running(self) -> int:
        """Questions that hold a turn."""
        return self._turns.running

    @property
    def waiting(self) -> int:
        """Questions that wait for a turn."""
        return self._turns.waiting

    async def check(self) -> None:
        """Probes now. Raises `ConfigurationError` with the cure where the server is not set up as it must be, and
        `LlmUnavailable` where it does not answer: then a later question probes again."""
        seconds = min(PROBE_SECONDS, self._options.deadline / 2)  # less than the question's that probes
        try:
            async with asyncio.timeout(seconds):
                served = await probe(self._transport, self._options)
        except TimeoutError as error:
            self._breaker.probed(well=False)
            raise LlmUnavailable("slow", f"the LLM server did not answer a probe in {seconds:g} s") from error
        except (LlmError, ConfigurationError):
            self._breaker.probed(well=False)
            raise
        except BaseException:  # cancelled: nothing was learned
            self._breaker.leave()
            raise
        self._model = served.name
        self._breaker.probed(well=True)

    async def ask(self, question: Question, read: Callable[[str], T], priority: int) -> Asked[T]:
        """The answer as `read` makes it of the text (it raises `LlmInvalid`). Raises `LlmError` with the cost of all
        tries. Cancelled, it closes its connection, by which the server stops writing."""
        effort = Effort(question)
        deadline = Deadline(self._options.deadline, self._clock)
        try:
            async with asyncio.timeout(self._options.deadline), self._turns.turn(priority):  # 1
                return await self._try(effort, read, priority, deadline)
        except TimeoutError as error:
            raise self._too_late(effort) from error
        except Overloaded as error:
            raise LlmUnavailable("busy", str(error)) from error

    async def close(self) -> None:
        await self._transport.close()

    async def _try(self, effort: Effort, read: Callable[[str], T], priority: int, deadline: Deadline) -> Asked[T]:
        effort.has_turn = True
        for pause in self._pauses():
            await self._admit(effort)  # 2
            effort.begin()
            try:
                reply = await self._transport.ask(effort.question, self._model, priority)  # 3
                effort.end(reply.cost)
                value = read(reply.text)  # 4
            except LlmError as error:
                wait = self._judge(effort, error, pause, deadline)  # 5
            else:
                self._breaker.succeeded()
                return Asked(value, effort.spent)
            await self._sleep(wait)
        raise AssertionError("pauses have no end")

    async def _admit(self, effort: Effort) -> None:
        if self._breaker.closed:
            return
        if not self._breaker.begin_probe():
            what = "the LLM failed too often, or was not probed yet: it is left alone for a while"
            raise LlmUnavailable("breaker_open", what, effort.spent)
        try:
            await self.check()
        except (ConfigurationError, LlmError) as error:
            log.warning("the LLM is left alone for a while: %s", error)
            raise LlmUnavailable("breaker_open", str(error), effort.spent) from error

    def _judge(self, effort: Effort, error: LlmError, pause: float, deadline: Deadline) -> float:
        """Seconds until the next try; raises `error`, with the cost of all tries, where there is none."""
        wait = max(pause, getattr(error, "retry_after", None) or 0.0)
        if effort.fail(error) and wait < deadline.remaining():
            return wait
        if not isinstance(error, LlmRefused):  # that says nothing about the server
            self._breaker.failed()
        raise error

    def _too_late(self, effort: Effort) -> LlmUnavailable:
        if not effort.has_turn:
            return LlmUnavailable("busy", "no turn at the LLM came within the deadline")
        self._breaker.failed()
        return LlmUnavailable("slow", f"no answer within {self._options.deadline:g} s", effort.give_up())

    def _pauses(self) -> Iterator[float]:
        for pause in delays(self._options.first_pause, self._options.longest_pause):
            yield self._uniform(pause / 2, pause)
