"""Tokens for the gateway's doors, and the keys that sign them. No key is ever printed."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from infra.cli.options import Json
from infra.cli.output import emit, say, show_table
from workers.errors import ConfigurationError

if TYPE_CHECKING:
    from infra.doors.keys import KeyRing, TokenKey
    from infra.settings import Settings

app = typer.Typer(no_args_is_help=True)

RoleName = Literal["person", "provider", "ingester", "operator"]

_Days = Annotated[float, typer.Option("--days", min=0.001, max=366, help="How long it holds.")]
_KeepDays = Annotated[
    float, typer.Option("--keep-days", min=0, max=366, help="How long tokens of the old keys hold; 0: not any more.")
]
_OPTION = {"person": "--user", "provider": "--provider"}
"""What names the holder; --name for the others."""


@app.command(epilog="Example: attune token issue --role person --user ada --days 30")
def issue(
    role: Annotated[RoleName, typer.Option("--role", help="What the holder may do.", show_default=False)],
    user: Annotated[str | None, typer.Option("--user", help="Of a person.", show_default=False)] = None,
    provider: Annotated[str | None, typer.Option("--provider", help="Of a provider.", show_default=False)] = None,
    name: Annotated[str | None, typer.Option("--name", help="Of an ingester or operator.", show_default=False)] = None,
    days: _Days = 30.0,
    as_json: Json = False,
) -> None:
    """Print a token: send it in the header Authorization, or set ATTUNE_TOKEN to it."""
    from infra.doors import tokens
    from infra.doors.roles import Role
    from infra.settings import read_settings

    subject = _subject(role, {"--user": user, "--provider": provider, "--name": name})
    now = time.time()
    token = tokens.issue(_ring(read_settings(), now), Role(role), subject, now, days)
    if as_json:
        emit({"token": token, "role": role, "subject": subject, "expires": _when(now + days * tokens.DAY)})
    else:
        typer.echo(token)


@app.command(epilog="Example: attune token rotate --keep-days 30")
def rotate(keep_days: _KeepDays = 30.0, as_json: Json = False) -> None:
    """Make a new key that signs from now on (or the first one). A running service takes it up at once."""
    from infra.doors import key_file
    from infra.doors.tokens import DAY
    from infra.settings import read_settings

    settings = read_settings()
    if settings.token_keys is not None:
        cure = "put a new one before the others there (`openssl rand -hex 32`), and start the roles again"
        raise ConfigurationError(f"the keys come from ATTUNE_TOKEN_KEYS: {cure}")
    _show(key_file.rotate(settings.token_file, time.time(), keep_days * DAY), as_json)


@app.command(epilog="Example: attune token show")
def show(as_json: Json = False) -> None:
    """Show which keys there are, by their ids, and until when tokens of each are taken."""
    from infra.doors.opening import keys_of
    from infra.settings import read_settings

    keys = keys_of(read_settings())
    if keys is None:
        raise ConfigurationError("there are no keys yet: `attune token rotate` makes the first")
    _show(keys(), as_json)


def _subject(role: RoleName, given: dict[str, str | None]) -> str:
    """Whose token it is. Raises `BadParameter` where nobody or somebody of another kind is named."""
    wanted = _OPTION.get(role, "--name")
    others = [option for option, value in given.items() if value is not None and option != wanted]
    subject = given[wanted] or (role if wanted == "--name" else None)
    if others or subject is None:
        raise typer.BadParameter(f"a token of the role {role} takes {wanted}")
    return subject


def _ring(settings: "Settings", now: float) -> "KeyRing":
    """The keys of the settings; the first key is made where there is none."""
    from infra.doors.key_file import made_once
    from infra.doors.opening import keys_of

    if settings.token_keys is not None and (keys := keys_of(settings)) is not None:
        return keys()
    ring, first = made_once(settings.token_file, now)
    if first:
        say(f"Made the first key in {settings.token_file}: from its next start the service asks everybody for a token.")
    return ring


def _show(ring: "KeyRing", as_json: bool) -> None:
    rows = [_row(ring, key) for key in ring.keys]
    if as_json:
        emit({"keys": [dict(zip(("kid", "made", "until", "use"), map(_or_null, row), strict=True)) for row in rows]})
    else:
        show_table(("key", "made", "taken until", "use"), rows)


def _row(ring: "KeyRing", key: "TokenKey") -> Sequence[str]:
    use = "signs" if key is ring.signing else "accepted" if key.holds_at(time.time()) else "over"
    return key.kid, _when(key.made) if key.made else "", "" if key.until is None else _when(key.until), use


def _or_null(text: str) -> str | None:
    return text or None


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
