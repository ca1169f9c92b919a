"""A provider's catalog in: entries and tombstones, keyed by item."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError

from infra.gateway.body import JsonBody
from infra.gateway.context import GatewayHere
from infra.gateway.entries import charged, id_of, refuse_if_none
from infra.gateway.openapi import takes
from infra.gateway.problems import ProblemError
from infra.gateway.reasons import reason_of
from schemas.api import Accepted, ItemBody, Rejected
from schemas.base import ProviderId, item_key
from schemas.catalog import CatalogItem
from streams.contract import Outgoing
from streams.topics import CATALOG
from workers.mine import PREFIX, is_mine

router = APIRouter(tags=["catalog"])


@router.post(
    "/v1/providers/{provider}/items", status_code=202, openapi_extra=takes(ItemBody, many="items", single=False)
)
async def post_items(provider: ProviderId, body: JsonBody, gateway: GatewayHere, request: Request) -> Accepted:
    """Takes up to 1,000 items. An item sent again replaces the former one; "deleted" takes it out of the catalog."""
    if is_mine(provider):
        detail = f"Names with '{PREFIX}' are for what persons bring from platforms; choose another name."
        raise ProblemError(422, "Invalid request", detail)
    accepted, rejected = _sort(charged(body, "items", request, single=False))
    refuse_if_none(accepted, rejected)
    with gateway.writes.enter():
        await gateway.ports.producer.send([_message(provider, item) for item in accepted])
    return Accepted(accepted=len(accepted), rejected=tuple(rejected))


def _message(provider: str, item: ItemBody) -> Outgoing:
    key = item_key(provider, item.item).encode()
    if item.deleted or item.title is None:
        return Outgoing(CATALOG, key, None)
    entry = CatalogItem(
        provider=provider,
        item=item.item,
        title=item.title,
        text=item.text,
        category=item.category,
        tags=item.tags,
        time=item.time,
    )
    return Outgoing(CATALOG, key, entry.to_bytes())


def _sort(entries: Sequence[Any]) -> tuple[list[ItemBody], list[Rejected]]:
    accepted: list[ItemBody] = []
    rejected: list[Rejected] = []
    for index, entry in enumerate(entries):
        try:
            accepted.append(ItemBody.model_validate(entry))
        except ValidationError as error:
            reason = reason_of(error.errors())
            rejected.append(Rejected(index=index, item=id_of(entry, "item"), reason=reason))
    return accepted, rejected
