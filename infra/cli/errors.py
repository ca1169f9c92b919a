"""What a person sees of an error: one clear message on stderr and an exit code (`infra.exits`), never a traceback for
what is known."""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from infra.exits import Exit, exit_of

_ROLES = {"up", "gateway", "worker"}
"""What is started again when it ends: for whoever does that, the code says whether it helps."""


class Commands(TyperGroup):
    """The outermost group: known errors of every command below it end here."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(Exit.INTERRUPTED) from None
        except Exception as error:
            message = message_of(error)
            if message is None:
                raise
            typer.echo(f"Error: {message}", err=True)
            raise typer.Exit(exit_of(error) if ctx.invoked_subcommand in _ROLES else Exit.FAILED) from None


def message_of(error: Exception) -> str | None:
    """What is wrong and its cure. None for an error that nobody foresaw: its traceback is what helps then."""
    from workers.errors import AttuneError

    if isinstance(error, AttuneError):
        return str(error)
    # What was never imported cannot have raised this: and importing it to ask would slow down every usage error.
    if (processes := sys.modules.get("infra.processes")) and isinstance(error, processes.ProcessError):
        return str(error)
    if (client := sys.modules.get("attune_client")) and isinstance(error, client.AttuneClientError):
        return f"the gateway answers {error.status}, {error}" if error.status else str(error)
    return None
