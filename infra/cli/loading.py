"""A file into the gateway, from opening it to the summary: what `catalog load` and `ingest` share."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

from infra.cli.output import emit, say

if TYPE_CHECKING:
    from infra.cli.sending import Post
    from infra.loaders.opening import Opened
    from infra.loaders.rows import Body
    from infra.loaders.summary import Summary


def load(
    opened: "Opened[Body]", post: "Post", batch_rows: int, settle: Callable[[], float] | None, as_json: bool
) -> None:
    """Sends all rows, shows the summary, waits with `settle`. Exits with 1 where there were rows and none was taken.
    What stops it halfway is raised, after a word on how far it came."""
    summary = _send(opened, post, batch_rows)
    _tell(summary, as_json)
    waited = settle() if settle is not None and summary.accepted else None
    if waited is not None:
        say(f"all of it worked off after {waited:.1f} s more")
    if as_json:
        emit({"file": str(opened.source.path), "format": str(opened.format), **_fields(summary), "waited": waited})
    if summary.rejected and not summary.accepted + summary.duplicates:
        raise typer.Exit(1)


def _send(opened: "Opened[Body]", post: "Post", batch_rows: int) -> "Summary":
    from infra.cli.progress import progress_bar
    from infra.cli.sending import Sender

    sender = Sender[Any](post, batch_rows)
    say(f"reading {opened.source.path} as {opened.format}")
    try:
        with progress_bar("sending", opened.source.size) as advance:
            sender.send(opened.rows, lambda: advance(opened.source.position))
    except Exception:
        taken = sender.tally.accepted
        say(f"stopped after {taken:,} rows. They stand: run the same command again, none will count twice.")
        raise
    return sender.tally.summary()


def _fields(summary: "Summary") -> dict[str, Any]:
    return {
        "lines": summary.lines,
        "read": summary.read,
        "accepted": summary.accepted,
        "duplicates": summary.duplicates,
        "rejected": summary.rejected,
        "rejections": [{"line": one.line, "reason": one.reason} for one in summary.rejections],
    }


def _tell(summary: "Summary", as_json: bool) -> None:
    counts = {
        "read": summary.read,
        "accepted": summary.accepted,
        "repeated in the file": summary.duplicates,
        "rejected": summary.rejected,
    }
    words = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    typer.echo(words, err=as_json)
    for one in summary.rejections:
        say(f"  line {one.line}: {one.reason}")
    if summary.rejected > len(summary.rejections):
        say(f"  ... and {summary.rejected - len(summary.rejections):,} more")
