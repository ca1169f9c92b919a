"""What became of a person's command: a command line waits for it, and says it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from infra.cli.output import emit, say
from infra.cli.waiting import Time
from workers.errors import AttuneError

if TYPE_CHECKING:
    from attune_client import AttuneClient, CommandOutcome

WAIT_SECONDS = 10.0
"""An agent takes up a command within a second, and a text that nobody has embedded yet takes another."""

FIRST_SECONDS = 0.05
LONGEST_SECONDS = 0.5
"""Between two questions: each waits twice as long as the one before. Ten seconds are 24 of them."""


class NotDone(AttuneError):
    """The command had no effect."""


def tell(
    client: "AttuneClient", user: str, accepted: Mapping[str, object], as_json: bool, clock: Time | None = None
) -> None:
    """Waits for what was accepted, and says what became of it. Raises `NotDone` where it was refused."""
    told = _outcome(client, user, str(accepted["command_id"]), clock or Time())
    if as_json:
        emit({**accepted, "state": told["state"], "why": told["why"], "version": told["version"]})
    if told["state"] == "refused":
        raise NotDone(f"nothing was changed: {told['why']}")
    if not as_json:
        say(_said(told))


def _outcome(client: "AttuneClient", user: str, command_id: str, clock: Time) -> "CommandOutcome":
    end, pause = clock.now() + WAIT_SECONDS, FIRST_SECONDS
    while True:
        told = client.outcome(user, command_id)
        if told["state"] in ("done", "refused") or clock.now() >= end:
            return told
        clock.sleep(pause)
        pause = min(2 * pause, LONGEST_SECONDS)


def _said(told: "CommandOutcome") -> str:
    if told["state"] == "done":
        return f"Done: it stands in the profile at version {told['version']}."
    return (
        f"Accepted as command {told['command_id']}, and not done after {WAIT_SECONDS:g} s: `attune profile show` shows "
        "it once it is, and `attune status` what the agents have before it."
    )
