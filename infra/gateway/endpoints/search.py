"""Retrieval at one provider: vectors or a subject in, items out. No user id passes here."""

from fastapi import APIRouter, Request
from pydantic import ValidationError

from infra.gateway.body import JsonBody
from infra.gateway.openapi import takes
from infra.gateway.ports import Search
from infra.gateway.problems import ProblemError
from infra.gateway.reasons import reason_of
from schemas.api import Providers, SearchAnswer, SearchBody
from schemas.base import ProviderId

router = APIRouter(tags=["retrieval"])


@router.post("/v1/providers/{provider}/search", openapi_extra=takes(SearchBody))
async def search(provider: ProviderId, body: JsonBody, request: Request) -> SearchAnswer:
    """The items nearest to the vectors, or to the embedding published for a subject, best first."""
    searcher: Search = request.app.state.search
    return await searcher.search(provider, _checked(body.parsed()))


@router.get("/v1/providers")
async def get_providers(request: Request) -> Providers:
    """How many items each provider has searchable."""
    searcher: Search = request.app.state.search
    return Providers(providers=await searcher.providers())


def _checked(body: object) -> SearchBody:
    try:
        return SearchBody.model_validate(body)
    except ValidationError as error:
        raise ProblemError(422, "Invalid request", f"The search is not valid: {reason_of(error.errors())}.") from error
