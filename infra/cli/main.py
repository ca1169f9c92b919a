"""The command `attune`: every command and where it is found. The work is in the files beside this one."""

import os

# Before numpy is loaded. A re-fit multiplies matrices of a few dozen rows: BLAS threads only wait for each other there
# (with two of them the agents took twice the CPU on long histories).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import typer

from infra.cli import (
    audit,
    bench,
    catalog,
    config,
    dead_letters,
    evaluate,
    importing,
    ingest,
    people,
    profile,
    rebuild,
    roles,
    space,
    status,
    tokens,
    topics,
    version,
    why,
)
from infra.cli.errors import Commands

app = typer.Typer(
    cls=Commands,
    name="attune",
    help="Keeps people's interest profiles up to date while they live, on event streams.",
    epilog="Example: attune up --sample, then http://127.0.0.1:8080 in a browser",
    no_args_is_help=True,
    add_completion=False,
    # Plain help is there in 0.15 s. Drawn by rich it takes twice that, most of it for a Markdown parser.
    rich_markup_mode=None,
    # Known errors never get that far; of the others the plain traceback is what helps, and without local variables.
    pretty_exceptions_enable=False,
)

app.command(epilog="Example: attune up --sample")(roles.up)
app.command(epilog="Example: attune gateway")(roles.gateway)
app.command(epilog="Example: attune worker agents")(roles.worker)
app.add_typer(catalog.app, name="catalog", help="Load a provider's catalog.")
app.command(epilog="Example: attune ingest behaviors.tsv --provider news")(ingest.ingest)
app.command("import", epilog="Example: attune import netflix-report.zip --user ada")(importing.bring)
app.add_typer(profile.app, name="profile", help="A person's profile: read it, change it, carry it, erase it.")
app.command(epilog="Example: attune recommend ada -k 5 --provider books")(people.recommend)
app.command(epilog="Example: attune explain ada books b-17")(why.explain)
app.command(epilog="Example: attune refresh ada")(people.refresh)
app.command(epilog="Example: attune status --json")(status.status)
app.command(epilog="Example: attune doctor")(status.doctor)
app.add_typer(topics.app, name="topics", help="Create and list the topics on Kafka.")
app.add_typer(dead_letters.app, name="dlq", help="See what could not be applied, send it again, give it up.")
app.command(epilog="Example: attune rebuild --all --check")(rebuild.rebuild)
app.add_typer(audit.app, name="audit", help="Look for what must not be there.")
app.add_typer(tokens.app, name="token", help="Say who may do what at the gateway.")
app.add_typer(config.app, name="config", help="See the settings.")
app.add_typer(space.app, name="space", help="Train a space of one's own, and move to it.")
app.add_typer(evaluate.app, name="eval", help="Measure how good profiles are.")
app.add_typer(bench.app, name="bench", help="Measure what is claimed.")
app.command(epilog="Example: attune version")(version.version)


def main() -> None:
    """The entry point `attune`."""
    app()


if __name__ == "__main__":
    main()
