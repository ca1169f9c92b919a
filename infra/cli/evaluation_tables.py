"""What an evaluation found, as tables: every figure with where it lies with a probability of 95 %."""

from collections.abc import Mapping
from typing import Any

from infra.cli.output import show_fields, show_table

Figures = Mapping[str, Any]


def show_rankers(result: Figures) -> None:
    """The service's own figures and, one row each, what stands beside them; then the rest."""
    beside = {**result.get("peers", {}), **result.get("variants", {})}
    _show({"attune": result, **beside}, list(result.get("ci", {})))
    _show_rest(result, {*result.get("ci", {}), "ci", "peers", "variants"})


def show_platforms(result: Figures) -> None:
    """One table for each way the items were split, of the whole lists and of each platform's own; then the rest."""
    for split, section in result["sections"].items():
        for lists, words in (("whole", "whole lists"), ("there", "the lists of each platform")):
            told = section[lists]
            gains = {f"both over {profile}": one for profile, one in told["gain"].items()}
            _show_profiles({**told["profiles"], **gains}, f"{split}, {words}: {_counted(told)}")
    _show_rest(result, {"sections"})


def show_portability(result: Figures) -> None:
    """One table for each catalog and manner, and what changes in a space of the provider's own: every ranker's figures,
    then the gains; then the rest."""
    for catalog, section in result["sections"].items():
        for beside, where in (("manners", ""), ("own_space", ", in a space of its own and in the common one")):
            for manner, told in section.get(beside, {}).items():
                title = f"{catalog}, described by {manner}{where}: {_counted(told)}, {told['items']:,} items"
                _show_profiles({**told["profiles"], **told["gain"]}, title)
    _show_rest(result, {"sections"})


def _show_profiles(rows: Mapping[str, Figures], title: str) -> None:
    _show(rows, list(next(iter(rows.values()))["ci"]), title)


def _show(rows: Mapping[str, Figures], names: list[str], title: str | None = None) -> None:
    cells = [[row, *(_cell(figures, name) for name in names)] for row, figures in rows.items()]
    show_table(("percent (95 % interval)", *names), cells, title)


def _show_rest(result: Figures, shown: set[str]) -> None:
    show_fields({name: str(value) for name, value in result.items() if name not in shown})


def _cell(figures: Figures, name: str) -> str:
    low, high = figures["ci"][name]
    return f"{figures[name]} ({low} to {high})"


def _counted(told: Figures) -> str:
    return f"{told['lists']:,} lists of {told['users']:,} people"
