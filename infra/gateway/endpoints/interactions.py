"""Events in: each is checked alone, those that pass stand in the log before the answer goes out."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError

from infra.doors.entering import refuse_others
from infra.gateway.body import JsonBody
from infra.gateway.context import Gateway, GatewayHere
from infra.gateway.entries import charged, id_of, refuse_if_none
from infra.gateway.openapi import takes
from infra.gateway.reasons import reason_of
from schemas.api import Accepted, Rejected
from schemas.interaction import Interaction
from streams.contract import Outgoing
from streams.sealing import is_theirs
from streams.topics import INTERACTIONS
from workers.mine import PREFIX

router = APIRouter(tags=["events"])


@router.post("/v1/interactions", status_code=202, openapi_extra=takes(Interaction, many="interactions"))
async def post_interactions(body: JsonBody, gateway: GatewayHere, request: Request) -> Accepted:
    """Takes one interaction, or up to 1,000 as {"interactions": [...]}. Those accepted are durable when the answer
    comes. After a 503 send the same again: events with the same event_id count once. A person sends their own only: one
    of somebody else, and none is taken."""
    accepted, rejected = _sort(charged(body, "interactions", request), gateway)
    refuse_others(request, {one.user for one in accepted})
    refuse_if_none(accepted, rejected)
    await _send(accepted, gateway)
    return Accepted(accepted=len(accepted), rejected=tuple(rejected))


async def _send(accepted: Sequence[Interaction], gateway: Gateway) -> None:
    messages = [Outgoing(INTERACTIONS, one.user.encode(), one.to_bytes()) for one in accepted]
    with gateway.writes.enter():
        await gateway.ports.producer.send(messages)
    for source, count in Counter(one.source for one in accepted).items():
        gateway.ports.metrics.accepted.labels(source).inc(count)


def _sort(entries: Sequence[Any], gateway: Gateway) -> tuple[list[Interaction], list[Rejected]]:
    latest = gateway.ports.clock() + gateway.ports.clock_skew
    accepted: list[Interaction] = []
    rejected: list[Rejected] = []
    for index, entry in enumerate(entries):
        checked = _check(entry, latest, gateway.ports.pseudonym_key)
        if isinstance(checked, Interaction):
            accepted.append(checked)
        else:
            rejected.append(Rejected(index=index, event_id=id_of(entry, "event_id"), reason=checked))
    return accepted, rejected


def _check(entry: Any, latest: float, secret: bytes) -> Interaction | str:
    """The interaction, or why it is none."""
    try:
        interaction = Interaction.model_validate(entry)
    except ValidationError as error:
        return reason_of(error.errors())
    if not is_theirs(secret, interaction):
        return (
            f"names with '{PREFIX}' are for what this very person brought: send the file to /v1/users/{{user}}/history"
        )
    if interaction.time.timestamp() > latest:
        limit = datetime.fromtimestamp(latest, UTC).isoformat(timespec="seconds")
        return f"'time' lies too far in the future: send when it happened, at most {limit} by this server's clock"
    return interaction
