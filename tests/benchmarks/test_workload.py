"""What the benchmarks feed in: the same in every run, and of the sample's shape."""

import numpy as np

from benchmarks.workload import catalog, interactions
from schemas.catalog import ItemEmbedding
from schemas.interaction import Interaction
from streams.topics import INTERACTIONS, ITEM_EMBEDDINGS
from tests.fakes import MemoryStore
from workers.phrases import MAX_PHRASES
from workers.space import SpaceInfo
from workers.vectors import unpack

SPACE = SpaceInfo("test-space", 64)


def test_interactions_are_the_same_every_time_and_keyed_by_their_user() -> None:
    messages = interactions(20, 300)
    assert messages == interactions(20, 300)
    assert {message.topic for message in messages} == {INTERACTIONS}
    read = [Interaction.model_validate_json(message.value or b"") for message in messages]
    assert [message.key.decode() for message in messages] == [one.user for one in read]
    assert len({one.event_id for one in read}) == 300
    assert len({one.user for one in read}) > 10


def test_the_catalog_is_the_whole_sample_with_unit_vectors() -> None:
    made = catalog(SPACE)
    vectors = unpack([record.vector for record in made.records], SPACE.dimension)
    assert vectors.shape == (480, 64)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=2e-3)
    assert catalog(SPACE).records == made.records


def test_an_item_is_near_its_own_phrases_and_to_no_others() -> None:
    made = catalog(SPACE)
    texts = list(made.phrases)
    words = unpack([made.phrases[text] for text in texts], SPACE.dimension)
    similar = unpack([record.vector for record in made.records], SPACE.dimension) @ words.T
    own = np.array([[text in record.phrases for text in texts] for record in made.records])
    assert 0.25 < similar[own].mean() < 0.6
    assert abs(similar[~own].mean()) < 0.05
    assert own.sum(axis=1).max() <= MAX_PHRASES


def test_what_the_provider_reads_is_what_the_store_holds() -> None:
    made = catalog(SPACE)
    read = [ItemEmbedding.model_validate_json(message.value or b"") for message in made.messages]
    assert {message.topic for message in made.messages} == {ITEM_EMBEDDINGS}
    assert [(one.key, one.vector) for one in read] == [(record.key, record.vector) for record in made.records]


async def test_a_filled_store_knows_items_phrases_and_providers() -> None:
    made, store = catalog(SPACE), MemoryStore()
    await made.fill(store)
    snapshot = await store.read((), [record.key for record in made.records], SPACE.id)
    assert len(snapshot.items) == 480
    assert snapshot.providers == ("books", "music", "news")
    assert len(await store.read_phrases(SPACE.id, list(made.phrases))) == len(made.phrases)
