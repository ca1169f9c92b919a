"""Reading one person's record from the store, as the endpoints need it."""

from dataclasses import dataclass

from infra.gateway.context import Gateway
from infra.gateway.problems import ProblemError
from schemas.profile import Profile
from workers.state import UserState, decode_state


@dataclass(frozen=True)
class Person:
    user: str
    state: UserState
    profile: Profile
    providers: tuple[str, ...]
    """Every provider that has an item."""


async def find_person(gateway: Gateway, user: str) -> Person | None:
    """None where nothing was ever heard of them, or they were forgotten. Raises `StoreUnavailable`."""
    ports = gateway.ports
    snapshot = await ports.store.read([user], [], ports.space)
    record = snapshot.users.get(user)
    if record is None or record.state is None:
        return None
    state = decode_state(record.state)
    return Person(user, state, state.profile(user, state.space or ports.space), snapshot.providers)


async def read_person(gateway: Gateway, user: str) -> Person:
    """As `find_person`; raises the 404 problem where there is nobody."""
    person = await find_person(gateway, user)
    if person is None:
        detail = "Nothing is known of this user yet. POST an interaction of theirs to /v1/interactions, or what they "
        detail += "like to /v1/users/{user}/edits; their profile is there a moment later."
        raise ProblemError(404, "Unknown user", detail)
    return person
