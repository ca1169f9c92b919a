"""A catalog as the embedder leaves it in the store and as agents know it: in memory, and made by the same functions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from infra.evaluation.catalog_vectors import CatalogVectors
from schemas.catalog import CatalogItem
from workers.described import describe
from workers.knowledge import Knowledge, Missing
from workers.mailbox import AgentRules
from workers.ports import Encoder, ItemRecord, Matrix
from workers.retrieval import ItemIndex
from workers.vectors import pack


@dataclass(frozen=True)
class World:
    """One catalog in one space, and what its agents go by. `known` is filled as they ask, and never emptied."""

    encoder: Encoder
    rules: AgentRules
    items: Mapping[str, CatalogItem]
    """By key, like `records`."""
    records: Mapping[str, ItemRecord]
    catalog: CatalogVectors
    known: Knowledge

    @property
    def space(self) -> str:
        return self.encoder.space

    @property
    def dimension(self) -> int:
        return self.encoder.dimension

    @cached_property
    def index(self) -> ItemIndex:
        """The catalog as a provider holds it: one for all that it has."""
        index = ItemIndex(self.dimension, self.space)
        index.put(self.catalog.keys, self.catalog.matrix)
        return index

    def fetch(self, missing: Missing) -> None:
        """What an agent lacked: as the agents stage fetches it from the store."""
        self.known.learn_items(missing.items, self.records)
        if missing.phrases:
            self.known.learn_phrases(missing.phrases, words_of(missing.phrases, self.encoder))

    def words(self, texts: Collection[str]) -> dict[str, Matrix]:
        """(d,) of each text, as the agents have it."""
        try:
            return self.known.phrases(texts)
        except Missing as missing:
            self.fetch(missing)
            return self.known.phrases(texts)


def build_world(items: Iterable[CatalogItem], encoder: Encoder, rules: AgentRules) -> World:
    """Of equal keys the last item counts, as on the compacted topic."""
    entries = {item.key: item for item in items}
    described = {key: describe(item, encoder.space, encoder.phrases_of) for key, item in entries.items()}
    vectors = contents_of([one.text for one in described.values()], encoder)
    words = words_of({phrase for one in described.values() for phrase in one.phrases}, encoder)
    records = {key: one.record(encoder.space, vectors[one.text], words) for key, one in described.items()}
    known = Knowledge(space=encoder.space)
    known.learn_phrases(words, words)
    known.learn_items(records, records)
    return World(encoder, rules, entries, records, CatalogVectors.of(records, encoder.dimension), known)


def contents_of(texts: Sequence[str], encoder: Encoder) -> dict[str, bytes]:
    """Float16, as `streams.embedder` puts them into the store."""
    return dict(zip(texts, pack(encoder.encode(texts)), strict=True))


def words_of(texts: Collection[str], encoder: Encoder) -> dict[str, bytes]:
    """The same of phrases."""
    ordered = sorted(texts)
    return dict(zip(ordered, pack(encoder.encode_interests(ordered)), strict=True))
