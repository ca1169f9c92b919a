"""Which space the service is in, and on its way to."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.base import (
    MAX_DIMENSION,
    Contract,
    Count,
    Ordinal,
    SpaceId,
)

POINTER_KEY = b"pointer"


class SpaceEntry(Contract):
    """A space that is served. `model` is what ATTUNE_MODEL says for it: "minilm" or a folder, as the process that
    embeds in it sees it."""

    id: SpaceId
    dimension: Annotated[int, Field(ge=1, le=MAX_DIMENSION)]
    model: Annotated[str, StringConstraints(min_length=1, max_length=1024)]


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

    @property
    def entries(self) -> tuple[SpaceEntry, ...]:
        """All that are to be served, the current one first."""
        return tuple(entry for entry in (self.current, self.next, self.previous) if entry is not None)

    def generation(self, space: str) -> int:
        """How often the space was given up: whoever embeds in it after that begins anew."""
        return self.retired.count(space)
