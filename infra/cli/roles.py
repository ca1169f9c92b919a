"""Starting Attune: everything in one process, or one role of a cluster."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from infra.cli.outside import outside

if TYPE_CHECKING:
    from infra.settings import Settings


Role = Literal["agents", "embedder", "provider", "control", "refiner"]


def up(
    ctx: typer.Context,
    sample: Annotated[bool, typer.Option("--sample", help="Load the sample catalog and play its people live.")] = False,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Instead of ATTUNE_DATA_DIR.", show_default=False)
    ] = None,
) -> None:
    """Run every role in this process, until Ctrl-C."""
    outside(ctx).run_up(_start({} if data_dir is None else {"data_dir": data_dir}), sample)


def gateway(ctx: typer.Context) -> None:
    """Run the HTTP gateway of a cluster."""
    outside(ctx).run_gateway(_start({}))


def worker(ctx: typer.Context, role: Annotated[Role, typer.Argument(show_default=False)]) -> None:
    """Run one role of a cluster."""
    outside(ctx).run_worker(_start({}), role)


def _start(overrides: dict[str, Any]) -> "Settings":
    from infra.cli.logs import start_logging
    from infra.settings import read_settings

    settings = read_settings(**overrides)
    start_logging(settings.log_level)
    return settings
