"""What became of a file: counted while it is read, whatever its size."""

from dataclasses import dataclass, field

from infra.loaders.rows import Refusal

MAX_SHOWN = 20
"""Refusals kept with their lines. All are counted; who has mended twenty runs it again."""

_GENERATION = 250_000
"""Rows that `Seen` remembers at least, twice as many at most: 57 MB for a file of any size. A repetition from further
back is sent again, and recognised by the agents (interactions) or without effect (items)."""


@dataclass(frozen=True, slots=True)
class Summary:
    """read = accepted + duplicates + rejected, in rows; a line of a history gives several, an empty one none."""

    lines: int
    """Lines that gave a row or a refusal."""
    read: int
    accepted: int
    duplicates: int
    """Repeated within the file: not sent."""
    rejected: int
    rejections: tuple[Refusal, ...]
    """The first `MAX_SHOWN`, by line."""


class Seen:
    """Remembers rows by 64-bit hashes in bounded memory: in two generations, the older of which is dropped whole."""

    def __init__(self, generation: int = _GENERATION) -> None:
        self._generation = generation
        self._young: dict[int, int] = {}
        self._old: dict[int, int] = {}

    @property
    def size(self) -> int:
        """Rows it remembers."""
        return len(self._young) + len(self._old)

    def repeats(self, key: int, content: int) -> bool:
        """Whether the last row of this key had this content; the row becomes the last one of its key."""
        last = self._young.get(key, self._old.get(key))
        if len(self._young) >= self._generation and key not in self._young:
            self._old, self._young = self._young, {}
        self._young[key] = content
        return last == content


@dataclass
class Tally:
    """The count in progress."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    lines: int = 0
    _last_line: int = 0
    _shown: list[Refusal] = field(default_factory=list)

    def met(self, line: int) -> None:
        """For every row as it comes; rows of one line come one after the other."""
        self.lines += line != self._last_line
        self._last_line = line

    def reject(self, refusal: Refusal) -> None:
        self.rejected += 1
        if len(self._shown) < MAX_SHOWN:
            self._shown.append(refusal)

    def summary(self) -> Summary:
        read = self.accepted + self.duplicates + self.rejected
        shown = tuple(sorted(self._shown, key=lambda refusal: refusal.line))
        return Summary(self.lines, read, self.accepted, self.duplicates, self.rejected, shown)
