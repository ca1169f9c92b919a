"""The topics on Kafka."""

from typing import Any

import typer

from infra.cli.options import Json
from infra.cli.output import emit, say, show_table
from infra.cli.outside import outside

app = typer.Typer(no_args_is_help=True)

_HOUR_MS = 60 * 60 * 1000


@app.command(epilog="Example: ATTUNE_BROKER=kafka://localhost:9092 attune topics create")
def create(ctx: typer.Context, as_json: Json = False) -> None:
    """Create what is missing, and check what is there."""
    from infra.cli.logs import silence_libraries
    from infra.settings import read_settings

    settings = read_settings()
    created: tuple[str, ...] = ()
    existing: tuple[str, ...] = ()
    if settings.embedded:
        say("ATTUNE_BROKER is 'embedded': the embedded log needs no topics to be created.")
    else:
        silence_libraries()
        report = outside(ctx).create_topics(settings)
        created, existing = report.created, report.existing
        say(f"created {len(created)} topics, found {len(existing)} as they should be")
    if as_json:
        emit({"broker": "embedded" if settings.embedded else "kafka", "created": created, "existing": existing})


@app.command("list", epilog="Example: attune topics list")
def list_topics(as_json: Json = False) -> None:
    """Show the table of topics, as `create` makes them and `doctor` expects them."""
    from infra.settings import read_settings

    topics = _topics(read_settings())
    if as_json:
        emit({"topics": topics})
        return
    rows = [[topic["name"], str(topic["partitions"]), topic["cleanup"], _hours(topic)] for topic in topics]
    show_table(("topic", "partitions", "cleanup", "kept"), rows)


def _topics(settings: Any) -> list[dict[str, Any]]:
    from streams.topics import TOPICS

    return [
        {
            "name": topic.name,
            "partitions": settings.partitions,
            "replication": settings.replication,
            "cleanup": topic.config()["cleanup.policy"],
            "retention_ms": None if topic.compacted else topic.retention_ms,
        }
        for topic in TOPICS
    ]


def _hours(topic: dict[str, Any]) -> str:
    return "the newest of a key" if topic["retention_ms"] is None else f"{topic['retention_ms'] // _HOUR_MS} h"
