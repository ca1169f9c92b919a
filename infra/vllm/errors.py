"""What can go wrong with an LLM server. Each error says in one plain word (`detail`) what it was, fit for a metric's
label, and what it cost. None carries what was asked or answered.

LlmError
+-- LlmUnavailable     will pass: unreachable, overloaded, lost, slow, aborted, busy, breaker_open, misconfigured
+-- LlmRefused         this request is wrong (400) and would be again: refused
+-- LlmInvalid         an answer that may not be used, and was paid for: garbage, cut_off, invalid, unusable
"""

from schemas.proposal import Cost
from workers.errors import AttuneError, Unavailable
from workers.refinement.asks import FREE


class LlmError(AttuneError):
    """Base of all here. `cost` is what was spent until then, by all tries together."""

    def __init__(self, detail: str, message: str, cost: Cost = FREE) -> None:
        super().__init__(message)
        self.detail = detail
        self.cost = cost


class LlmUnavailable(LlmError, Unavailable):
    """No answer now. `retry_after` in seconds where the server named it."""

    def __init__(self, detail: str, message: str, cost: Cost = FREE, retry_after: float | None = None) -> None:
        super().__init__(detail, message, cost)
        self.retry_after = retry_after


class LlmRefused(LlmError):
    """The server will not take this request."""


class LlmInvalid(LlmError):
    """The server answered, and the answer is not to be used."""
