"""What could not be applied."""

import base64
from typing import Annotated, Any

import typer

from infra.cli.options import Json
from infra.cli.output import emit, say, show_table

app = typer.Typer(no_args_is_help=True)

_SECONDS = 30.0


@app.command("list", epilog="Example: attune dlq list --limit 50")
def list_letters(
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many, the newest first.")] = 20,
    show_content: Annotated[bool, typer.Option("--show-content", help="Show key and value: they hold ids.")] = False,
    as_json: Json = False,
) -> None:
    """Show the newest dead letters: when, where from, why."""
    letters = _fetch(limit, show_content)
    if as_json:
        emit({"dead_letters": letters})
    elif not letters:
        say("No dead letters: everything that was accepted has been applied, or waits.")
    else:
        columns = ["when", "from", "stage", "reason", "detail", *(["key", "value"] if show_content else [])]
        show_table(columns, [_row(letter, show_content) for letter in letters])


def _row(letter: dict[str, Any], show_content: bool) -> list[str]:
    source = f"{letter['topic']}/{letter['partition']}/{letter['offset']}"
    row = [letter["last_time"], source, letter["stage"], letter["reason"], letter["detail"]]
    return [*row, _text(letter.get("key")), _text(letter.get("value"))] if show_content else row


def _text(encoded: str | None) -> str:
    return "" if encoded is None else base64.b64decode(encoded).decode("utf-8", errors="replace")


def _fetch(limit: int, content: bool) -> list[dict[str, Any]]:
    """Asked for with plain HTTP: the client library is for applications, and this is for operators. Raises
    `Unavailable` where the gateway does not answer, or not with letters."""
    import httpx

    from infra.settings import read_settings
    from workers.errors import Unavailable

    url = read_settings().url
    query = {"limit": limit, "content": content}
    try:
        answer = httpx.get(f"{url}/v1/dead-letters", params=query, timeout=_SECONDS)
        answer.raise_for_status()
        letters: list[dict[str, Any]] = answer.json()["dead_letters"]
    except httpx.HTTPStatusError as error:
        raise Unavailable(f"the gateway at {url} answers {error.response.status_code}: see its log") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        cure = "start it with `attune up`, or name its address in ATTUNE_GATEWAY_URL"
        raise Unavailable(f"the gateway at {url} does not answer: {cure}") from error
    except (ValueError, KeyError, TypeError) as error:
        cure = "something else listens there; name Attune's address in ATTUNE_GATEWAY_URL"
        raise Unavailable(f"what answers at {url} is no Attune gateway: {cure}") from error
    return letters
