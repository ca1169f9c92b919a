"""What became of a person's command."""

from fastapi import APIRouter

from infra.gateway.context import GatewayHere
from infra.gateway.people import find_person
from schemas.base import EventId, UserId
from schemas.person import CommandOutcome
from streams.messages import parse_message
from workers.outcomes import outcome
from workers.state import UserState

router = APIRouter(tags=["people"])


@router.get("/v1/users/{user:path}/commands/{command:path}")
async def get_command(user: UserId, command: EventId, gateway: GatewayHere) -> CommandOutcome:
    """Whether an edit, a rollback or an import stands in the profile by now, or why it does not. It is "pending" until
    the agent has read it, also for somebody nobody has heard of, whose first edit it may be; ask again then."""
    person = await find_person(gateway, user)
    return outcome(UserState() if person is None else person.state, command, parse_message)
