"""Bounded concurrency: at most so many inside at once, and whoever comes beyond is told to come again."""

from collections.abc import Iterator
from contextlib import contextmanager

from infra.gateway.problems import ProblemError
from streams.metrics import Metrics


class Gate:
    """Never waits: a queue in front of a queue would only hide that the inner one is full. `what` is what passes, as
    the metrics `attune_gateway_*` name it."""

    def __init__(self, what: str, limit: int, detail: str, retry_after: int, metrics: Metrics) -> None:
        self._limit = limit
        self._detail = detail
        self._retry_after = retry_after
        self._held = metrics.gateway_held.labels(what)
        self._refused = metrics.gateway_refused.labels(what)
        self.inside = 0
        metrics.gateway_limit.labels(what).set(limit)

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Raises the 503 problem when `limit` are inside."""
        self.take(1, self._limit)
        try:
            yield
        finally:
            self.give_back(1)

    def take(self, count: int, limit: int) -> None:
        """So many more inside. Raises the 503 problem where that were over `limit`, of which some callers may have less
        than others; to be given back."""
        if self.inside + count > limit:
            self._refused.inc()
            raise ProblemError(503, "Busy", self._detail, retry_after=self._retry_after)
        self.inside += count
        self._held.set(self.inside)

    def give_back(self, count: int) -> None:
        self.inside -= count
        self._held.set(self.inside)
