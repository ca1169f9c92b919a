"""How good profiles are: histories replayed through the real agent, then ranked."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from infra.cli.evaluation_tables import show_platforms, show_portability, show_rankers
from infra.cli.options import Json
from infra.cli.output import emit, say
from infra.cli.outside import outside

if TYPE_CHECKING:
    from infra.evaluation.options import Asked, Common

app = typer.Typer(no_args_is_help=True)

Half = Literal["tune", "report", "all"]


def _file(name: str, what: str) -> Any:
    return typer.Option(name, help=what, show_default=False)


_CATALOG = _file("--catalog", "MIND news.tsv.")
_BEHAVIORS = _file("--behaviors", "MIND behaviors.tsv.")
People = Annotated[int, typer.Option("--people", min=1, help="Simulated people of the sample.")]
Events = Annotated[int, typer.Option("--events", min=1, help="Interactions of each, on average.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of everything that is drawn.")]
Plots = Annotated[Path | None, typer.Option("--plots", help="Folder for pictures.", show_default=False)]
Cache = Annotated[
    Path | None, typer.Option("--cache", help="Folder of vectors kept between runs. Default: in ATTUNE_DATA_DIR.")
]
Model = Annotated[str | None, typer.Option("--model", help="Instead of ATTUNE_MODEL.", show_default=False)]
Halves = Annotated[
    Half, typer.Option("--half", help="Of the users, by a hash of their ids: tune on one, report the other.")
]
Fit = Annotated[bool, typer.Option("--fit/--no-fit", help="Fit the space to the catalog, unless the model is fitted.")]
Peers = Annotated[bool, typer.Option("--peers", help="Also those that cost another pass: words alone, other texts.")]
Refine = Annotated[bool, typer.Option("--refine", help="Also with texts that phrase search has refined.")]
Show = Annotated[int, typer.Option("--show", min=0, help="So many profiles, drawn by seed, beside their titles.")]


@app.command(epilog="Example: attune eval impressions --catalog news.tsv --behaviors behaviors.tsv --json")
def impressions(
    ctx: typer.Context,
    catalog: Annotated[Path, _CATALOG],
    behaviors: Annotated[Path, _BEHAVIORS],
    evidence: Annotated[
        Literal["yes", "no"],
        typer.Option("--impressions-as-evidence", help="Whether a user's earlier lines count for later ones."),
    ] = "no",
    half: Halves = "all",
    peers: Peers = False,
    refine: Refine = False,
    show: Show = 0,
    seed: Seed = 0,
    plots: Plots = None,
    cache: Cache = None,
    model: Model = None,
    fit: Fit = True,
    as_json: Json = False,
) -> None:
    """Rank MIND's impressions with profiles made of each line's history: AUC, MRR, nDCG."""
    from infra.evaluation.options import Impressions

    common = _common(seed, plots, cache, fit)
    asked = Impressions(catalog, behaviors, half, evidence == "yes", peers, refine, show, common)
    _run(ctx, asked, model, as_json)


@app.command(epilog="Example: attune eval sequences --items X.item --history X.test.inter --candidates X.random --json")
def sequences(
    ctx: typer.Context,
    items: Annotated[Path, _file("--items", "RecBole .item.")],
    history: Annotated[Path, _file("--history", "RecBole .inter with lists: a history and the item that followed.")],
    candidates: Annotated[Path, _file("--candidates", "Lines of a user and items to rank it among.")],
    negatives: Annotated[int, typer.Option("--negatives", min=1, help="The first so many that are not it.")] = 9,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Orders of the candidates, drawn by seed.")] = 3,
    half: Halves = "all",
    peers: Peers = False,
    refine: Refine = False,
    show: Show = 0,
    seed: Seed = 0,
    plots: Plots = None,
    cache: Cache = None,
    model: Model = None,
    fit: Fit = True,
    as_json: Json = False,
) -> None:
    """Rank the item that followed a history among others: nDCG at 1, 5 and 10."""
    from infra.evaluation.options import Sequences

    common = _common(seed, plots, cache, fit)
    asked = Sequences(items, history, candidates, negatives, repeats, half, peers, refine, show, common)
    _run(ctx, asked, model, as_json)


@app.command(epilog="Example: attune eval ratings --books books.tsv --ratings ratings.csv --json")
def ratings(
    ctx: typer.Context,
    books: Annotated[Path, _file("--books", "A catalog with a header (item_id, title).")],
    ratings: Annotated[Path, _file("--ratings", "CSV with user_id, title, rating of 1 to 5.")],
    threes: Annotated[
        Literal["click", "ignore"], typer.Option("--threes", help="What a 3 in the history is.")
    ] = "click",
    half: Halves = "all",
    peers: Peers = False,
    refine: Refine = False,
    show: Show = 0,
    seed: Seed = 0,
    plots: Plots = None,
    cache: Cache = None,
    model: Model = None,
    fit: Fit = True,
    as_json: Json = False,
) -> None:
    """From half of a user's ratings, tell the liked from the disliked of the other half: AUC."""
    from infra.evaluation.options import Ratings

    common = _common(seed, plots, cache, fit)
    _run(ctx, Ratings(books, ratings, threes, half, peers, refine, show, common), model, as_json)


@app.command(epilog="Example: attune eval editability --json")
def editability(
    ctx: typer.Context,
    people: People = 60,
    events: Events = 60,
    topics: Annotated[int, typer.Option("--topics", min=1, max=18, help="Topics, drawn by seed.")] = 5,
    seed: Seed = 0,
    plots: Plots = None,
    cache: Cache = None,
    model: Model = None,
    fit: Fit = True,
    as_json: Json = False,
) -> None:
    """On the sample: do recommendations follow an interest that is inserted, and one that is deleted?"""
    from infra.evaluation.options import Editability

    asked = Editability(people, events, topics, common=_common(seed, plots, cache, fit))
    _run(ctx, asked, model, as_json)


@app.command(epilog="Example: attune eval ablation --catalog news.tsv --behaviors behaviors.tsv --half tune --json")
def ablation(
    ctx: typer.Context,
    catalog: Annotated[Path, _CATALOG],
    behaviors: Annotated[Path, _BEHAVIORS],
    other_model: Annotated[
        str | None, typer.Option("--other-model", help="A second space: a trained one.", show_default=False)
    ] = None,
    refine_users: Annotated[int, typer.Option("--refine-users", min=0, help="Whose texts are refined, drawn.")] = 100,
    half: Halves = "all",
    seed: Seed = 0,
    plots: Plots = None,
    cache: Cache = None,
    model: Model = None,
    fit: Fit = True,
    as_json: Json = False,
) -> None:
    """What each part is worth: scoring, weights, sharpened vectors, re-fits, refinements, the space."""
    from infra.evaluation.options import Ablation

    asked = Ablation(catalog, behaviors, half, other_model, refine_users, _common(seed, plots, cache, fit))
    _run(ctx, asked, model, as_json)


@app.command(epilog="Example: attune eval platforms --catalog news.tsv --behaviors behaviors.tsv --json")
def platforms(
    ctx: typer.Context,
    catalog: Annotated[Path | None, _CATALOG] = None,
    behaviors: Annotated[Path | None, _BEHAVIORS] = None,
    people: People = 60,
    events: Events = 150,
    half: Halves = "all",
    seed: Seed = 0,
    cache: Cache = None,
    model: Model = None,
    fit: Fit = True,
    as_json: Json = False,
) -> None:
    """A profile that goes with its person, against one for each platform: on the sample, and on MIND's files."""
    from infra.evaluation.options import Platforms

    _together(catalog, behaviors)
    asked = Platforms(catalog, behaviors, half, people, events, _common(seed, None, cache, fit))
    _run(ctx, asked, model, as_json, show_platforms)


@app.command(epilog="Example: attune eval portability --catalog news.tsv --behaviors behaviors.tsv --users 300 --json")
def portability(
    ctx: typer.Context,
    catalog: Annotated[Path | None, _CATALOG] = None,
    behaviors: Annotated[Path | None, _BEHAVIORS] = None,
    users: Annotated[int, typer.Option("--users", min=0, help="So many of MIND's, drawn by seed; 0: all.")] = 0,
    people: People = 60,
    events: Events = 150,
    half: Halves = "all",
    seed: Seed = 0,
    cache: Cache = None,
    model: Model = None,
    fit: Fit = True,
    as_json: Json = False,
) -> None:
    """A profile brought to providers that describe other items in other words: titles, keywords, categories."""
    from infra.evaluation.options import Portability

    _together(catalog, behaviors)
    asked = Portability(catalog, behaviors, half, users, people, events, _common(seed, None, cache, fit))
    _run(ctx, asked, model, as_json, show_portability)


def _together(catalog: Path | None, behaviors: Path | None) -> None:
    if (catalog is None) != (behaviors is None):
        raise typer.BadParameter("give --catalog and --behaviors together, or neither")


def _common(seed: int, plots: Path | None, cache: Path | None, fit: bool) -> "Common":
    from infra.evaluation.options import Common

    return Common(seed, cache, plots, fit=fit)


def _run(
    ctx: typer.Context,
    asked: "Asked",
    model: str | None,
    as_json: bool,
    show: Callable[[Mapping[str, Any]], None] = show_rankers,
) -> None:
    from infra.settings import read_settings

    settings = read_settings() if model is None else read_settings(model=model)
    say("vectors that are not kept yet take minutes: about 40 items a second on one core")
    result = outside(ctx).evaluate(asked, settings)
    if as_json:
        emit(result)
    else:
        show(result)
