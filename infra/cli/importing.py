"""A person's own history from a platform into their profile."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.client import lags, open_client
from infra.cli.options import Json, Wait
from infra.cli.output import emit, plain, say
from workers.errors import AttuneError

if TYPE_CHECKING:
    from attune_client import HistoryTaken

STAGE = "agents"

ANSWER_SECONDS = 300.0
"""The answer comes when every item has its vector: a few seconds, or minutes where others' catalogs come before."""


class FileUnreadable(AttuneError):
    """There is no file to send, or too much of it."""


def bring(
    file: Annotated[Path, typer.Argument(help="The zip or the file, as the platform gave it.", show_default=False)],
    user: Annotated[str, typer.Option("--user", "-u", help="Whose history it is.", show_default=False)],
    platform: Annotated[
        str, typer.Option("--platform", help="netflix, spotify, youtube, goodreads, letterboxd, reddit, x, movielens.")
    ] = "auto",
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="Whose rows, where the file has several people's.", show_default=False),
    ] = None,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Bring what you did elsewhere: Netflix, Spotify, YouTube, Goodreads, Letterboxd, Reddit, X, MovieLens.

    It feeds this person's profile and nothing else. The same file a second time has no effect.
    """
    from infra.cli import waiting

    content = _read(file)
    with open_client(ANSWER_SECONDS) as client:
        taken = client.send_history(user, content, platform, profile=profile)
        _tell(taken, as_json)
        waited = waiting.wait_for(STAGE, lambda: lags(client)) if wait and taken["interactions"] else None
    if as_json:
        emit({**taken, "waited": waited})


def _read(file: Path) -> bytes:
    from infra.gateway.histories import MAX_FILE_BYTES

    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise FileUnreadable(f"{file} has more than {MAX_FILE_BYTES >> 20} MiB: take out of it what is no history")
        return file.read_bytes()
    except OSError as error:
        raise FileUnreadable(f"{file} cannot be read: {error.strerror}") from error


def _tell(taken: "HistoryTaken", as_json: bool) -> None:
    counts = {
        "taken": taken["interactions"],
        "there already": taken["repeated"],
        "too old to matter": taken["older"],
        "refused": taken["refused"],
    }
    words = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    typer.echo(plain(f"{taken['platform']}: {words}"), err=as_json)
    if taken["first"]:
        say(f"from {taken['first']} to {taken['last']}")
    for one in taken["rows_refused"]:
        say(f"  {one['file']}, line {one['line']}: {one['reason']}")
    if taken["refused"] > len(taken["rows_refused"]):
        say(f"  ... and {taken['refused'] - len(taken['rows_refused']):,} more")
    if taken["dropped_fields"]:
        say(f"not read, since nobody needs it: {', '.join(taken['dropped_fields'])}")
