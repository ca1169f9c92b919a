"""How a profile fares that is brought to providers of other manners, as tables."""

from collections.abc import Mapping
from typing import Any

from infra.cli.output import show_fields, show_table


def show_portability(result: Mapping[str, Any]) -> None:
    """One table for each catalog and manner: every ranker's figures, then the gains."""
    for catalog, section in result["sections"].items():
        for manner, told in section["manners"].items():
            _show(f"{catalog}, described by {manner}", told)
    show_fields({name: str(value) for name, value in result.items() if name != "sections"})


def _show(title: str, told: Mapping[str, Any]) -> None:
    names = list(next(iter(told["profiles"].values()))["ci"])
    rows = [
        [name, *(_cell(one, figure) for figure in names)] for name, one in {**told["profiles"], **told["gain"]}.items()
    ]
    counted = f"{told['lists']:,} lists of {told['users']:,} people, {told['items']:,} items"
    show_table(("percent (95 % interval)", *names), rows, f"{title}: {counted}")


def _cell(figures: Mapping[str, Any], name: str) -> str:
    low, high = figures["ci"][name]
    return f"{figures[name]} ({low} to {high})"
