"""Bounded concurrency: at most so many inside at once, and whoever comes beyond is told to come again."""

from collections.abc import Iterator
from contextlib import contextmanager

from infra.gateway.problems import ProblemError


class Gate:
    """Never waits: a queue in front of a queue would only hide that the inner one is full."""

    def __init__(self, limit: int, detail: str, retry_after: int) -> None:
        self._limit = limit
        self._detail = detail
        self._retry_after = retry_after
        self.inside = 0

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Raises the 503 problem when `limit` are inside."""
        if self.inside >= self._limit:
            raise ProblemError(503, "Busy", self._detail, retry_after=self._retry_after)
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1
