"""What a provider has passed over, read from the topic of item embeddings once more: as long as it was not served in a
space, the items of that space have gone by.

1. Remember of which providers items have gone by, in which spaces. (Also what was dropped with its index.)
2. Once such a provider is served in such a space, read the topic to where it ends now. What comes after that is taken
   from the stage's own reading.
3. Hand on what has one of these spaces and providers in its key. Both readings may hand over the same, in either order:
   an item's standing and its tombstone's date say which counts (`streams.provider`).
4. Forget them. A reading that ends in the middle is begun again the next time.

Without a history nothing is read.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence, Set

from schemas.catalog import split_embedding_key
from streams.contract import History, Record
from streams.replay import Span, pages
from streams.serving import Serving
from streams.topics import ITEM_EMBEDDINGS

Place = tuple[str, str]
"""A provider and a space."""


class SecondReading:
    """Of one provider stage."""

    def __init__(self, history: History | None) -> None:
        self._history = history
        self._passed: set[Place] = set()

    def passed_over(self, places: Iterable[Place]) -> None:
        """Step 1."""
        self._passed.update(places)

    async def read(self, serving: Serving, take: Callable[[Sequence[Record]], Awaitable[None]]) -> None:
        """Steps 2 to 4, a page at a time. Raises as `History` does."""
        wanted = {(provider, space) for provider, space in self._passed if space in serving.at(provider)}
        if self._history is None or not wanted:
            return
        # 2. Read
        for source, end in (await self._history.ends([ITEM_EMBEDDINGS])).items():
            async for page in pages(self._history, source, Span(0, end)):
                # 3. Hand on
                if chosen := [record for record in page if _is_of(record, wanted)]:
                    await take(chosen)
        # 4. Forget
        self._passed -= wanted


def _is_of(record: Record, wanted: Set[Place]) -> bool:
    """Whose key names no space, it is of an earlier release, and may be of any."""
    named, key = split_embedding_key((record.key or b"").decode(errors="replace"))
    return any(provider == key.partition(":")[0] and named in (None, space) for provider, space in wanted)
