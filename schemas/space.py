"""Which space the service is in, and on its way to."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.base import (
    MAX_DIMENSION,
    Contract,
    Count,
    Ordinal,
    ProviderId,
    SpaceId,
)

POINTER_KEY = b"pointer"


class SpaceEntry(Contract):
    """A space that is served. `model` is what ATTUNE_MODEL says for it: "minilm" or a folder, as the process that
    embeds in it sees it."""

    id: SpaceId
    dimension: Annotated[int, Field(ge=1, le=MAX_DIMENSION)]
    model: Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class OwnPhase(StrEnum):
    """Where a provider stands on the way to a space of its own (`streams.own_space`)."""

    EMBEDDING = "embedding"
    """The catalog is embedded there; the provider is served in the common space."""
    MOVING = "moving"
    """It is served there; of some persons it has an embedding in the common space yet."""
    SERVED = "served"
    RETURNING = "returning"
    """It is served in the common space again; of some persons it has an embedding in its own yet."""


class OwnSpace(Contract):
    """One provider and the space that it is served in by itself."""

    provider: ProviderId
    space: SpaceEntry
    phase: OwnPhase = OwnPhase.EMBEDDING
    changed_ms: Count = 0
    """When it began to be served in another space, in milliseconds since 1970; 0 before that."""

    @property
    def is_served(self) -> bool:
        """Whether people's embeddings for the provider are of this space."""
        return self.phase in (OwnPhase.MOVING, OwnPhase.SERVED)


class SpacePointer(Contract):
    """Topic `attune.spaces`, under one key: the last one counts. `next` is being embedded; `previous` is what a
    roll-back goes back to. Where there is none, the service is in the space of ATTUNE_MODEL."""

    schema_version: Literal[1] = 1
    revision: Ordinal
    """Rises by one with each change: it tells one move from the next."""
    current: SpaceEntry
    next: SpaceEntry | None = None
    previous: SpaceEntry | None = None
    switched_ms: Count = 0
    """When `current` became current, in milliseconds since 1970; 0 where it always was."""
    retired: tuple[SpaceId, ...] = ()
    """Spaces that were given up, in that order, each as often as it was."""
    leaving: tuple[SpaceId, ...] = ()
    """Those of them of which something may still be kept (`streams.sweeper`)."""
    own: tuple[OwnSpace, ...] = ()
    """Providers with a space of their own, each once."""

    @property
    def common(self) -> tuple[SpaceEntry, ...]:
        """Those of all providers that have none of their own, the current one first."""
        return tuple(entry for entry in (self.current, self.next, self.previous) if entry is not None)

    @property
    def entries(self) -> tuple[SpaceEntry, ...]:
        """All that are to be served, the current one first, each once."""
        return tuple({entry.id: entry for entry in (*self.common, *(one.space for one in self.own))}.values())

    def own_of(self, provider: str) -> OwnSpace | None:
        return next((one for one in self.own if one.provider == provider), None)

    def generation(self, space: str) -> int:
        """How often the space was given up: whoever embeds in it after that begins anew."""
        return self.retired.count(space)
