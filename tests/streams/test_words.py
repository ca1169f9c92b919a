"""Vectors of texts: from the store, or of a model where there is one, and then stored for who reads the text next."""

import numpy as np

from streams.words import StoredWords
from tests.fakes import HashEncoder, MemoryStore
from workers.vectors import pack

ENCODER = HashEncoder()


async def a_store(*texts: str) -> MemoryStore:
    store = MemoryStore()
    await store.put_phrases(ENCODER.space, dict(zip(texts, pack(ENCODER.encode(texts)), strict=True)))
    store.calls.clear()
    return store


async def test_known_texts_are_read_in_one_round_trip() -> None:
    store = await a_store("jazz", "women's football")
    vectors = await StoredWords(store, ENCODER.space).vectors(["jazz", "women's football", "jazz"])
    assert set(vectors) == {"jazz", "women's football"}
    assert vectors["jazz"].dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors["jazz"]), 1, atol=1e-3)
    assert store.calls == ["read_phrases"]


async def test_without_a_model_a_new_text_has_no_vector() -> None:
    store = await a_store("jazz")
    assert set(await StoredWords(store, ENCODER.space).vectors(["jazz", "bebop"])) == {"jazz"}


async def test_a_new_text_is_embedded_once_and_stored_as_the_embedder_would_have() -> None:
    store, encoder = await a_store("jazz"), HashEncoder()
    words = StoredWords(store, encoder.space, encoder)
    first = await words.vectors(["jazz", "bebop", "swing"])
    again = await words.vectors(["bebop"])
    assert encoder.encoded == [("bebop", "swing")]
    assert np.array_equal(first["bebop"], again["bebop"])
    (raw,) = pack(HashEncoder().encode(["bebop"]))
    assert await store.read_phrases(encoder.space, ["bebop"]) == {"bebop": raw}


async def test_of_nothing_there_is_nothing() -> None:
    assert await StoredWords(await a_store(), ENCODER.space, HashEncoder()).vectors([]) == {}
