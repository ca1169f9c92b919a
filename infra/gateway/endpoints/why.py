"""Why an interest stands in a profile."""

import asyncio

from fastapi import APIRouter

from infra.gateway.context import Gateway, GatewayHere
from infra.gateway.people import Person, read_person
from infra.gateway.problems import ProblemError
from schemas.base import InterestId, UserId
from schemas.person import InterestWhy
from streams.lookup import look_up
from workers.explaining import Effect, behind, effect, keys_behind, made
from workers.held import HeldInterest
from workers.knowledge import Knowledge, Missing
from workers.refinement.world import JUDGES, OTHERS, draw_negatives, items_needed
from workers.spaces import InSpace
from workers.versions import remembered

router = APIRouter(tags=["people"])


@router.get("/v1/users/{user:path}/interests/{interest}/why")
async def get_why(user: UserId, interest: InterestId, gateway: GatewayHere) -> InterestWhy:
    """The interactions behind an interest (or a text to avoid), when and by what it was made, and what it does to the
    reward."""
    person = await read_person(gateway, user)
    held = _find(person, interest)
    worth = await _effect(gateway, person, held)
    known = (await gateway.ports.store.read([], keys_behind(person.state, held), person.profile.space)).items
    return InterestWhy(
        id=held.id,
        text=held.text,
        weight=held.weight,
        pinned=held.pinned,
        held=held.held_weight is not None,
        source=held.source,
        made=made(remembered(person.state), held.id),
        evidence=behind(person.state, held, known),
        reward_with=worth and worth.reward_with,
        reward_without=worth and worth.reward_without,
    )


def _find(person: Person, interest: str) -> HeldInterest:
    for held in person.state.interests + person.state.avoid:
        if held.id == interest:
            return held
    detail = "The profile has no interest with that id: GET /v1/users/{user}/profile shows those that it has."
    raise ProblemError(404, "Unknown interest", detail)


async def _effect(gateway: Gateway, person: Person, held: HeldInterest) -> Effect | None:
    """Looks up what is missing until nothing is; each round learns what the one before has found to be missing."""
    ports, state, space = gateway.ports, person.state, person.profile.space
    here = InSpace(space, Knowledge(space=space), ports.fit(state))
    sample = await ports.store.sample_items(space, JUDGES + OTHERS + len(state.items_seen()))
    judges, _ = draw_negatives(sample, state, seed=0)
    missing = Missing(items_needed(state, judges), space=space)
    while True:
        await look_up(ports.store, [here], [missing])
        try:
            return await asyncio.to_thread(effect, state, held.id, judges, here.known, here.fit, ports.scoring)
        except Missing as more:
            missing = more
