"""Pictures of what was measured, as PNG. Each says in its title what it shows; bars carry their 95 % intervals."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from infra.evaluation.judging import Judged
from infra.evaluation.setup import Setup
from workers.evaluation.resampling import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES = (8.0, 4.5)
_DPI = 120

_BINS = (0, 5, 10, 20, 40, 80, 160)
"""Interactions of a history; the last bin is open."""


def of_trial(folder: Path, name: str, judged: Judged, setup: Setup, figure: str) -> None:
    """Two pictures: all rankers, and the one figure by length of history."""
    seed, draws = setup.seed, setup.common.draws
    bars(folder / f"{name}.png", {ranker: judged.means(ranker, seed, draws) for ranker in judged.rows}, name)
    _by_history(folder / f"{name}-by-history.png", judged, figure, f"{name}: {figure} by length of history")


def bars(path: Path, means: Mapping[str, Mapping[str, Interval]], title: str) -> None:
    """A group of bars for each figure, one bar a ranker."""
    rankers = list(means)
    width = 0.8 / len(rankers)
    with _picture(path, title, "percent") as axes:
        for place, ranker in enumerate(rankers):
            intervals = list(means[ranker].values())
            at = np.arange(len(intervals)) + (place - (len(rankers) - 1) / 2) * width
            heights = [100 * one.mean for one in intervals]
            axes.bar(at, heights, width, yerr=_whiskers(intervals), label=ranker, capsize=2)
        axes.set_xticks(range(len(means[rankers[0]])), list(means[rankers[0]]))


def curve(path: Path, places: Sequence[float], lines: Mapping[str, Sequence[Interval]], title: str, along: str) -> None:
    """A line with its interval for each name."""
    with _picture(path, title, "percent") as axes:
        for name, intervals in lines.items():
            heights = [100 * one.mean for one in intervals]
            axes.errorbar(places, heights, yerr=_whiskers(intervals), label=name, capsize=2, marker="o")
        axes.set_xlabel(along)


def steps(path: Path, lines: Mapping[str, Sequence[float]], title: str) -> None:
    """A line, in percent already, for each name; the places are 0, 1, ..."""
    with _picture(path, title, "percent") as axes:
        for name, heights in lines.items():
            axes.plot(range(len(heights)), heights, "o-", label=name)


def _by_history(path: Path, judged: Judged, figure: str, title: str) -> None:
    column, lengths = judged.figures.index(figure), np.array(judged.histories)
    group = np.searchsorted(_BINS, lengths, side="right") - 1
    present = [number for number in range(len(_BINS)) if (group == number).any()]
    with _picture(path, title, "percent") as axes:
        for ranker, rows in judged.rows.items():
            values = np.array(rows)[:, column]
            axes.plot(range(len(present)), [100 * values[group == one].mean() for one in present], "o-", label=ranker)
        names = [f"{_BINS[one]}+\n({(group == one).sum()})" for one in present]
        axes.set_xticks(range(len(present)), names)
        axes.set_xlabel("interactions in the history (lists)")


def _whiskers(intervals: Sequence[Interval]) -> list[list[float]]:
    below = [100 * max(0.0, one.mean - one.low) for one in intervals]
    above = [100 * max(0.0, one.high - one.mean) for one in intervals]
    return [below, above]


@contextmanager
def _picture(path: Path, title: str, upwards: str) -> "Iterator[Axes]":
    """matplotlib without a screen, imported when a picture is drawn: it takes a second."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    path.parent.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title)
    axes.set_ylabel(upwards)
    axes.grid(axis="y", alpha=0.3)
    yield axes
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower center", ncols=4, frameon=False)
    figure.savefig(path)
