"""How profiles that go along compare with one a platform, as tables."""

from collections.abc import Mapping
from typing import Any

from infra.cli.output import show_fields, show_table


def show_platforms(result: Mapping[str, Any]) -> None:
    """One table for each way the items were split, of the whole lists and of each platform's own."""
    for split, section in result["sections"].items():
        for lists in ("whole", "there"):
            _show(f"{split}, {'whole lists' if lists == 'whole' else 'the lists of each platform'}", section[lists])
    show_fields({name: str(value) for name, value in result.items() if name != "sections"})


def _show(title: str, figures: Mapping[str, Any]) -> None:
    names = list(next(iter(figures["profiles"].values()))["ci"])
    rows = [[profile, *(_cell(one, name) for name in names)] for profile, one in figures["profiles"].items()]
    rows += [
        [f"both over {profile}", *(_cell(one, name) for name in names)] for profile, one in figures["gain"].items()
    ]
    counted = f"{figures['lists']:,} lists of {figures['users']:,} people"
    show_table(("percent (95 % interval)", *names), rows, f"{title}: {counted}")


def _cell(figures: Mapping[str, Any], name: str) -> str:
    low, high = figures["ci"][name]
    return f"{figures[name]} ({low} to {high})"
