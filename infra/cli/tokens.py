"""Tokens for the gateway's doors, how one is called back, and the keys that sign them. No key is ever printed."""

import sys
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
_Token = Annotated[str, typer.Argument(help="Its id, or the token itself; - reads it from stdin.", show_default=False)]
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
    """Print a token: send it in the header Authorization, or set ATTUNE_TOKEN to it. Its id goes to stderr."""
    from infra.doors import tokens
    from infra.doors.roles import Role
    from infra.settings import read_settings

    subject = _subject(role, {"--user": user, "--provider": provider, "--name": name})
    now = time.time()
    ring = _ring(read_settings(), now)
    token = tokens.issue(ring, Role(role), subject, now, days)
    name = tokens.read(ring, token, now).token
    if as_json:
        expires = _when(now + days * tokens.DAY)
        emit({"token": token, "id": name, "role": role, "subject": subject, "expires": expires})
    else:
        say(f"Its id is {name}; `attune token revoke {name}` calls it back.")
        typer.echo(token)


@app.command(epilog="Example: attune token revoke - < leaked-token.txt")
def revoke(token: _Token, as_json: Json = False) -> None:
    """Call one token back before it expires. A running service refuses it from its next request on."""
    from infra.doors import key_file
    from infra.settings import read_settings

    settings, now = read_settings(), time.time()
    if settings.token_keys is not None:
        cure = "take the key that signed it out of there, start the roles again, and issue its other tokens anew"
        raise ConfigurationError(f"the keys come from ATTUNE_TOKEN_KEYS, which calls no single token back: {cure}")
    name, until = _named(sys.stdin.read().strip() if token == "-" else token, settings, now)
    _show(key_file.revoke(settings.token_file, name, now, until), as_json)


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
    """Show which keys there are, by their ids, until when tokens of each hold, and which tokens are called back."""
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


def _named(given: str, settings: "Settings", now: float) -> tuple[str, float]:
    """The id of the token that is meant, and until when it would hold: of an id alone, as long as the longest does.
    Raises `BadParameter` for what is neither, and for a token that holds no longer or has no id."""
    from infra.doors.key_file import read_ring
    from infra.doors.tokens import DAY, MAX_DAYS, TokenRefused, is_id, read

    if is_id(given):
        return given, now + MAX_DAYS * DAY
    try:
        holder = read(read_ring(settings.token_file), given, now)
    except (TokenRefused, OSError) as refusal:
        cure = "name the id that `attune token issue` told with it (24 letters and digits), or the whole token"
        raise typer.BadParameter(f"this names no token that holds: {cure}") from refusal
    if not holder.token:
        raise typer.BadParameter("a token of an earlier release has no id: `attune token rotate` ends all of them")
    return holder.token, holder.expires


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
    revoked = {token: _when(until) for token, until in ring.revoked.items() if until > time.time()}
    if as_json:
        keys = [dict(zip(("kid", "made", "until", "use"), map(_or_null, row), strict=True)) for row in rows]
        emit({"keys": keys, "revoked": [{"id": token, "until": until} for token, until in revoked.items()]})
        return
    show_table(("key", "made", "taken until", "use"), rows)
    if revoked:
        show_table(("called back", "remembered until"), list(revoked.items()))


def _row(ring: "KeyRing", key: "TokenKey") -> Sequence[str]:
    use = "signs" if key is ring.signing else "accepted" if key.holds_at(time.time()) else "over"
    return key.kid, _when(key.made) if key.made else "", "" if key.until is None else _when(key.until), use


def _or_null(text: str) -> str | None:
    return text or None


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
