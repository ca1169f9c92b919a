"""A store that loses what it had confirmed, in the middle of what somebody does with it."""

from tests.contract.store_model import StoreModel
from tests.fakes import MemoryStore


class FallsBack(MemoryStore):
    """Once `falls_back` was called it becomes what it was then before the calls of these numbers, counted from there.
    The same number twice is two losses around one call."""

    def __init__(self) -> None:
        super().__init__()
        self.copy: StoreModel | None = None
        self.at: list[int] = []

    def falls_back(self, *at: int) -> None:
        """To what it is now."""
        self.copy, self.at, self.calls = self.copied(), list(at), []

    def _enter(self, call: str) -> StoreModel:
        while self.at and self.at[0] <= len(self.calls) and self.copy is not None:
            del self.at[0]
            self.become(self.copy)
        return super()._enter(call)
