"""`attune profile versions`, `rollback` and `plot`: what a profile has been, and back to it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.client import open_client
from infra.cli.options import Json, User
from infra.cli.outcomes import tell
from infra.cli.output import emit, moment, say, show_table

if TYPE_CHECKING:
    from attune_client import Difference, Version

FEW = 6
"""Changes of a version that are listed without --full: a re-fit moves every weight."""

_SENTENCES = {
    "added": "added {text} ({after:+.3f})",
    "removed": "removed {text}",
    "restored": "restored {text} ({after:+.3f})",
    "rewritten": "{text_before} is now called {text}",
    "reweighted": "{text} {before:+.3f} -> {after:+.3f}",
    "pinned": "pinned {text}",
    "unpinned": "unpinned {text}",
    "avoided": "avoids {text}",
    "allowed": "no longer bars {text}",
    "let_go": "learns the weight of {text} again: {before:+.3f} -> {after:+.3f}",
}


def show(
    user: User,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many, the newest first.")] = 10,
    full: Annotated[bool, typer.Option("--full", help="Every change of each version.")] = False,
    as_json: Json = False,
) -> None:
    """Show what made each version of a profile, and what it changed, newest first."""
    with open_client() as client:
        answer = client.versions(user)
    if as_json:
        emit(answer)
    elif not answer["versions"]:
        say("No versions yet: the profile has not changed since it is remembered what it was.")
    else:
        oldest = answer["versions"][-1]["version"]
        rows = [_row(version, full, oldest) for version in answer["versions"][:limit]]
        show_table(("version", "when", "made by", "reward", "what changed"), rows)


def rollback(
    user: User,
    version: Annotated[
        int, typer.Argument(min=0, help="As `versions` lists it; 0 is before the first.", show_default=False)
    ],
    as_json: Json = False,
) -> None:
    """Put an earlier version in the place of today's profile. That is a new version, so it can be taken back too.
    Version 0 takes back all that the person ever changed; what is learned from what they did stays."""
    with open_client() as client:
        tell(client, user, client.rollback(user, version), as_json)


def plot(
    user: User,
    out: Annotated[Path, typer.Option("--out", help="The picture, .png or .svg.")] = Path("weights.png"),
) -> None:
    """Draw how the weights of a profile have changed, version by version."""
    from infra.cli.weights_plot import draw
    from workers.errors import ConfigurationError

    with open_client() as client:
        versions = client.versions(user)["versions"]
    if not versions:
        raise ConfigurationError("there is nothing to draw yet: the profile has no version that is remembered")
    try:
        draw(out, versions)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{out} cannot be drawn ({error}): name a .png or .svg in a folder of yours"
        ) from error
    say(f"{out}: {len(versions)} versions")


def sentence(difference: "Difference") -> str:
    """One change, for the person whose profile it is."""
    if difference["what"] == "keep_away":
        before, after = (difference["before"], difference["after"])
        return f"keeps away from what is avoided: {_distance(before)} -> {_distance(after)}"
    return _SENTENCES.get(difference["what"], "{what} {text}").format_map(difference)


def _distance(cosine: float | None) -> str:
    return "default" if cosine is None else f"{cosine:g}"


def _row(version: "Version", full: bool, oldest: int) -> list[str]:
    changes = _changes(version["differences"], full)
    if not changes:
        changes = "the oldest that is remembered" if version["version"] == oldest else "little: no weight by 0.01"
    return [str(version["version"]), moment(version["time"]), version["cause"], _reward(version), changes]


def _reward(version: "Version") -> str:
    before, after = version["reward_before"], version["reward_after"]
    return "" if before is None or after is None else f"{before:.3f} -> {after:.3f}"


def _changes(differences: "Sequence[Difference]", full: bool) -> str:
    shown = differences if full else differences[:FEW]
    lines = [sentence(one) for one in shown]
    if left := len(differences) - len(shown):
        lines.append(f"and {left} more")
    return "\n".join(lines)
