"""What a training goes by, and what it tells while it goes."""

from collections.abc import Callable
from dataclasses import dataclass, field

from workers.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Plan:
    """Of the whole model (`head` False) or of a linear map behind it."""

    head: bool = False
    batch: int = 128
    """Pairs: the paper's."""
    micro: int = 16
    """Texts embedded at once: 128 need 2 GB and are slower on a CPU (11 texts a second against 16)."""
    epochs: int = 1
    learning_rate: float = 5e-5
    """Of the whole model, with AdamW: sentence-transformers' default, for batches of 8 to 128; all-MiniLM's own was
    2e-5 over 100,000 steps of 1,024, and a catalog gives a few hundred."""
    head_rate: float = 1e-3
    """Of the map, with AdamW: each step may move an entry by 1e-3, so 300 steps turn a row of the identity by no more
    than it takes to reach any other direction (0.3 in each of 384 entries has length 5.9)."""
    weight_decay: float = 0.01
    """AdamW's default. The map's decay draws it back to the identity, the model that was there."""
    warm_up: float = 0.1
    """Share of the training while the rate rises."""
    checks: int = 10
    """Looks at the recall of held-out pairs in the whole training, evenly spread."""
    patience: int = 3
    """Looks in a row without a better recall that end it."""
    minutes: float | None = None
    """After which it ends, within one step."""
    max_pairs: int | None = None
    """To train on, drawn by the seed."""
    held_out: int = 2_000
    """Contents to find the right ones among, before and after."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.batch < 2:
            raise ConfigurationError(
                "--batch must be 2 or more: the other pairs of a batch are what a pair is told from"
            )
        if self.micro < 1 or self.epochs < 1:
            raise ConfigurationError("--micro and --epochs must be 1 or more")


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training stands. `done` is its share, 0..1; `recall` is there where it was measured at this step."""

    step: int
    done: float
    loss: float
    recall: float | None = None


@dataclass(slots=True)
class Course:
    """What happened, step by step: what the plots show."""

    losses: list[float] = field(default_factory=list)
    recalls: list[tuple[int, float]] = field(default_factory=list)
    """(step, recall) at each look, the first before any step."""
    best_step: int = 0
    ended: str = "all epochs done"


Tell = Callable[[Progress], None]
Clock = Callable[[], float]
"""Seconds, of any clock that only goes forwards."""
