"""What happened, step by step: what a failure is read from, and what must be equal where the seed is."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass
class Trace:
    """`clock` gives virtual seconds."""

    clock: Callable[[], float]
    entries: list[tuple[float, str, str, str]] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    """Injected so far, by kind."""

    def note(self, who: str, what: str, detail: str = "") -> None:
        self.entries.append((self.clock(), who, what, detail))

    def fault(self, who: str, kind: str, detail: str = "") -> None:
        self.faults[kind] += 1
        self.note(who, f"! {kind}", detail)

    def lines(self) -> Iterator[str]:
        for at, who, what, detail in self.entries:
            yield f"{at:10.4f} {who:<12} {what} {detail}".rstrip()

    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.lines()).encode()).hexdigest()
