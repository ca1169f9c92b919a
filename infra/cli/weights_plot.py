"""A picture of a profile's weights over its versions."""

from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attune_client import Version

LINES = 10
"""Of the texts with the greatest weights: as many as there are colours."""

_INCHES = (10.0, 5.5)
_DPI = 120


def draw(path: Path, versions: "Sequence[Version]") -> None:
    """Of versions newest first, as the gateway gives them. Where a text is not in a version, its line has a gap; a
    version that a person made stands on a dotted line. Raises `OSError`, or `ValueError` for an unknown kind of
    picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    ordered = list(reversed(versions))
    figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    places = [one["version"] for one in ordered]
    for text, weights in lines(ordered).items():
        # A dollar would begin a formula.
        axes.plot(places, weights, "o-", markersize=3, label=text.replace("$", r"\$"))
    for one in ordered:
        if one["cause"] in {"edit", "rollback", "import"}:
            axes.axvline(one["version"], color="grey", linestyle=":", linewidth=0.8)
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set(xlabel="version", ylabel="weight", title="Weights of the interests, version by version")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    figure.savefig(path)


def lines(ordered: "Sequence[Version]") -> dict[str, list[float]]:
    """Text to its weight in each version, NaN where it is not in it; the greatest weights first."""
    texts = {one["id"]: one["text"] for version in ordered for one in version["interests"]}
    rows = {one: [_weight(version, one) for version in ordered] for one in texts}
    greatest = {one: max(abs(weight) for weight in rows[one] if not isnan(weight)) for one in rows}
    ranked = sorted(rows, key=lambda one: -greatest[one])
    return {texts[one]: rows[one] for one in ranked[:LINES]}


def _weight(version: "Version", interest: str) -> float:
    return next((one["weight"] for one in version["interests"] if one["id"] == interest), float("nan"))
