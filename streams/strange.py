"""What a provider passes over: vectors of a space that it does not serve, or of another length; and, without a word,
items in a space in which others are served and it is not."""

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.catalog import ItemEmbedding
from schemas.profile import ProfileEmbedding
from streams.metrics import Metrics

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Strange:
    """Of a batch: how much was passed over, by provider, and its spaces; and in which space items of which provider
    were, those of others' spaces too."""

    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    spaces: set[str] = field(default_factory=set)
    items: set[tuple[str, str]] = field(default_factory=set)

    def fits(self, message: ItemEmbedding | ProfileEmbedding, served: Mapping[str, int]) -> bool:
        """Its vectors are of a space that is served, and of its length; else it is passed over."""
        rows = (message.vector,) if isinstance(message, ItemEmbedding) else message.vectors + message.avoid
        dimension = served.get(message.space)
        fits = dimension is not None and all(len(row) == 2 * dimension for row in rows)
        if not fits:
            self._pass_over(message.provider, message.space)
            if isinstance(message, ItemEmbedding):
                self.is_of_others(message)
        return fits

    def is_of_others(self, item: ItemEmbedding) -> None:
        self.items.add((item.provider, item.space))

    def _pass_over(self, provider: str, space: str) -> None:
        self.counts[provider] += 1
        self.spaces.add(space)


class StrangeReport:
    """Counts each, and says it once: after a roll-out the topics are full of them for a while."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._told = False

    def tell(self, strange: Strange, served: Mapping[str, int]) -> None:
        for provider, count in strange.counts.items():
            self._metrics.other_space.labels(provider).inc(count)
        if strange.spaces and not self._told:
            self._told = True
            _LOG.warning(
                "vectors of space %s are passed over, this process serves %s: let ATTUNE_MODEL name one model for "
                "every role, and `attune space roll-out` change it",
                ", ".join(sorted(strange.spaces)),
                ", ".join(f"{space} with {dimension} components" for space, dimension in served.items()),
            )
