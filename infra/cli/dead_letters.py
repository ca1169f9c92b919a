"""What could not be applied: shown, sent again, given up. All of it through the gateway."""

import base64
from typing import Annotated, Any

import typer

from infra.cli.options import Json
from infra.cli.output import emit, say, show_fields, show_table

app = typer.Typer(no_args_is_help=True)

_SECONDS = 60.0
"""Of one request: 200 letters, each sent and settled by itself, take a second or two."""

_REQUEST = 200
"""Letters named in one request, as many as the gateway takes."""

Ids = Annotated[list[str], typer.Argument(help="As `attune dlq list` shows them: TOPIC/PARTITION/OFFSET.")]
OnlyReason = Annotated[str | None, typer.Option("--reason", help="Only those with this reason.", show_default=False)]


@app.command("list", epilog="Example: attune dlq list --limit 50 --reason unknown_item")
def list_letters(
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many, the newest first.")] = 20,
    show_content: Annotated[bool, typer.Option("--show-content", help="Show key and value: they hold ids.")] = False,
    settled: Annotated[bool, typer.Option("--settled", help="Also those that were replayed or dropped.")] = False,
    reason: OnlyReason = None,
    as_json: Json = False,
) -> None:
    """Show the newest dead letters that are open: when, where from, why."""
    query = {"limit": limit, "content": show_content, "settled": settled} | ({"reason": reason} if reason else {})
    letters = _letters(query)
    if as_json:
        emit({"dead_letters": letters})
    elif not letters:
        say("No dead letters: everything that was accepted has been applied, or waits.")
    else:
        columns = ["when", "id", "stage", "reason", "detail", *(["settled"] if settled else [])]
        columns += ["key", "value"] if show_content else []
        show_table(columns, [_row(letter, settled, show_content) for letter in letters])


@app.command("show", epilog="Example: attune dlq show attune.interactions/2/7")
def show_letter(
    letter_id: Annotated[str, typer.Argument(help="TOPIC/PARTITION/OFFSET.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Show one dead letter whole. Its content holds ids."""
    from workers.errors import ConfigurationError

    letters = _letters({"id": letter_id, "content": True})
    if not letters:
        raise ConfigurationError(f"there is no dead letter {letter_id}: `attune dlq list --settled` names them")
    (letter,) = letters
    if as_json:
        emit(letter)
    else:
        texts = {name: _text(letter.get(name)) for name in ("key", "value")}
        show_fields({"id": _id(letter)} | {name: str(value) for name, value in (letter | texts).items()})


@app.command(epilog="Example: attune dlq replay --all --reason unknown_item")
def replay(
    ids: Annotated[list[str] | None, typer.Argument(help="TOPIC/PARTITION/OFFSET.", show_default=False)] = None,
    every: Annotated[bool, typer.Option("--all", help="Every one that is open, the oldest first.")] = False,
    reason: OnlyReason = None,
    again: Annotated[bool, typer.Option("--again", help="Also what was replayed or dropped already.")] = False,
    as_json: Json = False,
) -> None:
    """Send the original messages again, once what was wrong is mended. Safe to repeat."""
    if bool(ids) is every or (reason and not every):
        raise typer.BadParameter("name letters, or --all of them (--reason goes with --all)")
    _tell(_replay_all(reason) if every else _settle("replay", ids or [], {"again": again}), as_json)


@app.command(epilog="Example: attune dlq drop attune.interactions/2/7")
def drop(ids: Ids, as_json: Json = False) -> None:
    """Give messages up: they are not listed any more."""
    _tell(_settle("drop", ids, {}), as_json)


def _replay_all(reason: str | None) -> list[dict[str, Any]]:
    """Round by round, until nothing is left that can be replayed."""
    results: list[dict[str, Any]] = []
    while True:
        answer = _ask("POST", "/replay", body={"all": True} | ({"reason": reason} if reason else {}))
        results += answer["results"]
        if not answer.get("left") or not any(one["outcome"] == "replayed" for one in answer["results"]):
            return results
        say(f"{len(results):,} done, {answer['left']:,} left")


def _settle(how: str, ids: list[str], more: dict[str, Any]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    for start in range(0, len(ids), _REQUEST):
        results += _ask("POST", f"/{how}", body={"ids": ids[start : start + _REQUEST]} | more)["results"]
    return results


def _tell(results: list[dict[str, Any]], as_json: bool) -> None:
    """Exit code 1 where a letter was named that there is not."""
    for one in results:
        say(f"{one['id']}: {one['outcome']}{', ' + one['note'] if one.get('note') else ''}")
    if not results:
        say("No dead letters are open that could be replayed.")
    if as_json:
        emit({"results": results})
    if any(one["outcome"] == "unknown" for one in results):
        raise typer.Exit(1)


def _row(letter: dict[str, Any], settled: bool, show_content: bool) -> list[str]:
    row = [letter["last_time"], _id(letter), letter["stage"], letter["reason"], letter["detail"]]
    row += [letter.get("settled", "")] if settled else []
    return [*row, _text(letter.get("key")), _text(letter.get("value"))] if show_content else row


def _id(letter: dict[str, Any]) -> str:
    return f"{letter['topic']}/{letter['partition']}/{letter['offset']}"


def _text(encoded: str | None) -> str:
    return "" if encoded is None else base64.b64decode(encoded).decode("utf-8", errors="replace")


def _letters(query: dict[str, Any]) -> list[dict[str, Any]]:
    letters: list[dict[str, Any]] = _ask("GET", "", query=query, answers="dead_letters")["dead_letters"]
    return letters


def _ask(
    method: str, path: str, query: dict[str, Any] | None = None, body: object = None, answers: str = "results"
) -> dict[str, Any]:
    """Asked for with plain HTTP: the client library is for applications, and this is for operators. Raises
    `Unavailable` where the gateway does not answer, or with something else, and `ConfigurationError` where it refuses
    what was asked."""
    import httpx

    from infra.settings import read_settings
    from streams.tls import distrust
    from workers.errors import ConfigurationError, Unavailable

    settings = read_settings()
    url, shown, trust = settings.url, settings.authorization, settings.http_trust
    try:
        address = f"{url}/v1/dead-letters{path}"
        answer = httpx.request(method, address, params=query, json=body, headers=shown, timeout=_SECONDS, verify=trust)
        document: Any = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        if (why := distrust(error)) is not None:
            cure = "let ATTUNE_HTTP_CA name the CA that signed it"
            raise ConfigurationError(
                f"the gateway at {url} shows a certificate that is not trusted ({why}): {cure}"
            ) from error
        cure = "start it with `attune up`, or name its address in ATTUNE_GATEWAY_URL"
        raise Unavailable(f"the gateway at {url} does not answer: {cure}") from error
    except ValueError:
        document = None
    if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY and isinstance(document, dict):
        raise ConfigurationError(f"the gateway refuses that: {document.get('detail', '')}")
    if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        cure = "let ATTUNE_TOKEN hold an operator's (`attune token issue --role operator`)"
        raise ConfigurationError(f"the gateway at {url} does not open this to the token it was shown: {cure}")
    if answer.is_error:
        raise Unavailable(f"the gateway at {url} answers {answer.status_code}: see its log")
    if not isinstance(document, dict) or not isinstance(document.get(answers), list):
        cure = "something else listens there; name Attune's address in ATTUNE_GATEWAY_URL"
        raise Unavailable(f"what answers at {url} is no Attune gateway: {cure}")
    return document
