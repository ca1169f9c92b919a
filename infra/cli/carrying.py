"""`attune profile export` and `import`: the profile as a document."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.client import open_client
from infra.cli.options import Json, User
from infra.cli.outcomes import tell
from infra.cli.output import emit, say
from workers.errors import ConfigurationError

if TYPE_CHECKING:
    from attune_client import ProfileDocument


def export(
    user: User,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A new file.", show_default="stdout")] = None,
) -> None:
    """Write the profile as a document that another installation imports. It holds no history."""
    with open_client() as client:
        document = client.export(user)
    if out is None:
        emit(document)
    else:
        write_document(out, document)


def import_document(
    user: User,
    file: Annotated[Path, typer.Argument(help="A document that `export` wrote.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Put a document in the place of what stands in the profile. `rollback` takes it back."""
    document = _read(file)
    with open_client() as client:
        tell(client, user, client.import_profile(user, document), as_json)


def write_document(path: Path, document: "ProfileDocument") -> None:
    """Into a file that is not there yet, for its owner's eyes. Raises `ConfigurationError` where that cannot be."""
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    except FileExistsError as error:
        raise ConfigurationError(f"{path} is there already: choose another name") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written ({error.strerror}): choose another place") from error
    say(f"{path}: version {document['version']}, {len(document['interests'])} interests")


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is no JSON: name what `attune profile export` wrote") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path} holds no profile document: name what `attune profile export` wrote")
    return document
