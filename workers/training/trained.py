"""What a training gave, as figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workers.training.plan import Course, Plan
from workers.training.recall import Recall


@dataclass(frozen=True, slots=True)
class Figures:
    """Recall at 10 by task, on held-out items."""

    interests: Recall
    new_interests: Recall
    """Those in no training pair."""
    unsaid: Recall
    """Contents without the interest's words: one interest of each, so fewer of both."""
    titles: Recall


@dataclass(frozen=True, slots=True)
class Trained:
    """A training and what came of it. `folder` is for ATTUNE_MODEL."""

    folder: Path
    space: str
    base: str
    plan: Plan
    kinds: Mapping[str, int]
    """Training pairs by kind."""
    pairs: Mapping[str, int]
    """By part."""
    before: Figures
    after: Figures
    course: Course
    seconds: Mapping[str, float]
