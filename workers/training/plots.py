"""Two plots of a training: the loss of each step, and the recall at each look."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workers.training.plan import Course

SMOOTH = 10
"""Steps in the mean that is drawn through the losses: one batch more or less hard is noise."""


def draw_loss(course: Course, file: Path) -> None:
    """A PNG. matplotlib is imported here: only a training pays for it."""
    figure, axes = _figure("step", "loss")
    steps = range(1, len(course.losses) + 1)
    axes.plot(steps, course.losses, color="0.75", label="each step")
    axes.plot(steps, smoothed(course.losses), color="tab:blue", label=f"mean of the last {SMOOTH}")
    axes.legend()
    figure.savefig(file)


def draw_recall(course: Course, file: Path) -> None:
    """A PNG."""
    figure, axes = _figure("step", "recall at 10, development pairs")
    axes.plot(*zip(*course.recalls, strict=True), marker="o", color="tab:green")
    axes.axvline(course.best_step, linestyle=":", color="0.5", label="kept")
    axes.legend()
    figure.savefig(file)


def smoothed(losses: Sequence[float]) -> list[float]:
    """Each with the mean of those up to it, `SMOOTH` at most."""
    return [float(np.mean(losses[max(0, at + 1 - SMOOTH) : at + 1])) for at in range(len(losses))]


def _figure(across: str, up: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.5), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(alpha=0.3)
    return figure, axes
