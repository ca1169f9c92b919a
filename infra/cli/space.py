"""The shared space: training one of one's own, and moving to it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.client import open_client
from infra.cli.options import Json, RequiredProvider
from infra.cli.output import emit, say, show_fields
from infra.cli.outside import outside
from infra.cli.space_catalog import read_catalog
from infra.cli.space_fit import fit
from infra.loaders.formats import CatalogFormat

if TYPE_CHECKING:
    from infra.settings import Settings
    from schemas.catalog import CatalogItem
    from workers.training.pairs import Pair
    from workers.training.plan import Progress
    from workers.training.trained import Trained

app = typer.Typer(no_args_is_help=True)
app.command(epilog="Example: attune space fit --catalog news.tsv --provider news --out news-fitted")(fit)


@app.command(epilog="Example: attune space train --catalog news.tsv --provider news --out news-space --minutes 10")
def train(
    ctx: typer.Context,
    catalog: Annotated[Path, typer.Option("--catalog", help="The file, plain or .gz.", show_default=False)],
    provider: RequiredProvider,
    form: Annotated[
        CatalogFormat | None, typer.Option("--format", help="Unless the file shows it by itself.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A new folder. Default: spaces/PROVIDER in ATTUNE_DATA_DIR.")
    ] = None,
    head: Annotated[bool, typer.Option("--head", help="Only a linear map behind the frozen model: minutes.")] = False,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Times that each pair is used.")] = 1,
    batch: Annotated[int, typer.Option("--batch", min=2, help="Pairs that are told from each other.")] = 128,
    micro: Annotated[int, typer.Option("--micro", min=1, help="Texts in memory at once.")] = 16,
    pairs: Annotated[
        int | None, typer.Option("--pairs", min=64, help="To train on at most, drawn by the seed.", show_default=False)
    ] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", min=0.01, help="Of training at most.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same gives the same weights.")] = 0,
    describe: Annotated[
        int, typer.Option("--describe", min=0, help="Items that the LLM at ATTUNE_LLM_URL shall describe too.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Fine-tune the model on a catalog, from content alone."""
    from infra.settings import read_settings
    from workers.training.card import document
    from workers.training.plan import Plan

    settings = read_settings()
    items = read_catalog(catalog, provider, form)
    plan = Plan(head=head, batch=batch, micro=micro, epochs=epochs, minutes=minutes, max_pairs=pairs, seed=seed)
    described = _described(ctx, settings, items[:describe]) if describe else ()
    folder = out or settings.data_dir / "spaces" / provider
    trained = outside(ctx).train_space(items, described, folder, plan, settings.model, say, _tell)
    _show(trained)
    if as_json:
        emit(document(trained))


@app.command("roll-out", epilog="Example: attune space roll-out spaces/news")
def roll_out(
    model: Annotated[str, typer.Argument(help="'minilm' or a folder, as every role sees it.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Move the running service to another space, without a stop."""
    entry = _entry(model)
    with open_client() as client:
        _show_space(client.change_space("roll-out", entry), as_json)


@app.command("roll-back", epilog="Example: attune space roll-back")
def roll_back(as_json: Json = False) -> None:
    """Go back to the space before, or call off a roll-out."""
    with open_client() as client:
        _show_space(client.change_space("roll-back"), as_json)


@app.command(epilog="Example: attune space retire")
def retire(as_json: Json = False) -> None:
    """Give up the space before and delete what is kept of it: there is no way back then. Stop its embedder first."""
    with open_client() as client:
        _show_space(client.change_space("retire"), as_json)


@app.command(epilog="Example: attune space own shop spaces/shop")
def own(
    provider: Annotated[str, typer.Argument(help="Whose space it is.", show_default=False)],
    model: Annotated[str | None, typer.Argument(help="A folder, as every role sees it.", show_default=False)] = None,
    none: Annotated[bool, typer.Option("--none", help="Back to the space of all others.")] = False,
    as_json: Json = False,
) -> None:
    """Serve one provider in a space of its own, beside the common one; or, with --none, no more."""
    if none == (model is not None):
        raise typer.BadParameter("name the folder of the provider's space, or --none, and not both")
    body = {"provider": provider} if model is None else {"provider": provider, "space": _entry(model)}
    with open_client() as client:
        _show_space(client.change_space("own", body), as_json)


@app.command(epilog="Example: attune space status")
def status(as_json: Json = False) -> None:
    """Show which space the service is in, and where a roll-out stands."""
    with open_client() as client:
        _show_space(client.space(), as_json)


def _show_space(answer: "dict[str, Any]", as_json: bool) -> None:
    if as_json:
        emit(answer)
        return
    named: dict[str, str] = {one: answer[one]["id"] for one in ("current", "next", "previous") if one in answer}
    own = {
        f"own space of {one['provider']}": f"{one['space']['id']} ({one['phase']}, {one['left']} profiles left)"
        for one in answer.get("own", ())
    }
    show_fields({**named, "phase": answer["phase"], "profiles left to move": str(answer["left"]), **own})


def _entry(model: str) -> "dict[str, Any]":
    """Raises `ConfigurationError` for what is no model."""
    from workers.space import describe_space

    info = describe_space(model)
    seen = model if not Path(model).is_dir() else str(Path(model).resolve())
    return {"id": info.id, "dimension": info.dimension, "model": seen}


def _described(ctx: typer.Context, settings: "Settings", items: "Sequence[CatalogItem]") -> "tuple[Pair, ...]":
    say(f"asking the LLM to describe {len(items):,} items")
    found = outside(ctx).describe_items(settings, items)
    say(f"{len(found.pairs):,} described; {found.failed:,} not answered")
    return found.pairs


def _tell(progress: "Progress") -> None:
    """A line a look and one every ten steps: a log of it can be read too."""
    if progress.recall is not None:
        say(f"step {progress.step}: loss {progress.loss:.3f}, recall at 10 of development pairs {progress.recall:.3f}")
    elif progress.step % 10 == 0:
        say(f"step {progress.step}: loss {progress.loss:.3f}, {progress.done:.0%} done")


def _show(trained: "Trained") -> None:
    """For people: on stderr, since stdout's last line may be asked for as JSON."""
    from workers.training.card import figures_in_words

    say(f"{trained.folder} holds the space {trained.space}. To use it: ATTUNE_MODEL={trained.folder}")
    for line in figures_in_words(trained):
        say(f"  {line}")
