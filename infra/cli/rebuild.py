"""Folding profiles again from the log."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.options import Json
from infra.cli.output import emit, say
from infra.cli.outside import outside

if TYPE_CHECKING:
    from streams.rebuilt import Report

_MEANING = {
    "equal": "as the log has it, byte for byte",
    "same_profile": "as the log has it, but for the bookkeeping",
    "different": "the log says something else",
    "missing": "not in the store",
    "unreadable": "no record that this release can read",
    "forgotten": "forgotten, and stays so",
    "unknown": "neither the store nor the log has heard of the user",
    "shortened": "the log does not go back as far: kept as it is (--force replaces it)",
}
_WELL = {"equal", "same_profile", "forgotten", "shortened"}


def rebuild(
    ctx: typer.Context,
    users: Annotated[list[str] | None, typer.Argument(help="Their ids.", show_default=False)] = None,
    every: Annotated[bool, typer.Option("--all", help="Everyone in the log.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only compare, write nothing.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace also what may hold more than the log still does.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Fold profiles again from the log, and replace what is lost, damaged or different.

    In a cluster the service runs meanwhile. The embedded service must be stopped: it alone writes its file. Exit code 1
    where --check finds something to rebuild, or where there is nothing to rebuild from.
    """
    from infra.cli.logs import silence_libraries
    from infra.settings import read_settings

    if bool(users) is every:
        raise typer.BadParameter("name users, or --all of them")
    settings = read_settings()
    silence_libraries()
    reports = outside(ctx).rebuild(settings, users or [], check, force, _tell)
    _summarize(reports)
    if as_json:
        emit({"check": check, "users": [_document(report) for report in reports]})
    if any(report.found.value not in _WELL and not report.written for report in reports):
        raise typer.Exit(1)


def _tell(report: "Report") -> None:
    """A line for each that is not as it should be."""
    if report.found.value in _WELL and not report.skipped:
        return
    done = f": rebuilt, version {report.version}" if report.written else ""
    skipped = f" ({report.skipped} messages passed over: no agent takes them)" if report.skipped else ""
    short = "; the log does not go back to the beginning" if report.shortened else ""
    say(f"{report.user}: {_MEANING[report.found.value]}{done}{short}{skipped}")


def _summarize(reports: "list[Report]") -> None:
    counts = Counter((report.found.value, report.written) for report in reports)
    for (found, written), count in sorted(counts.items()):
        say(f"{count:,} {_MEANING[found]}{', and rebuilt' if written else ''}")
    if not reports:
        say("The log holds no messages of anybody.")


def _document(report: "Report") -> dict[str, object]:
    return {
        "user": report.user,
        "found": report.found.value,
        "written": report.written,
        "version": report.version,
        "skipped": report.skipped,
        "shortened": report.shortened,
    }
