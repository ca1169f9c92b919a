"""Vectors kept between runs, and the catalog as agents know it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from infra.evaluation.cached_encoder import CachedEncoder
from infra.evaluation.world import build_world
from streams.contract import Record
from streams.embedder import EmbedderStage
from streams.metrics import Metrics
from streams.topics import CATALOG
from tests.fakes import HashEncoder, MemoryStore, RecordingProducer
from tests.infra.evaluation_files import DIMENSION, Counted, describe, items, setup
from workers.errors import ConfigurationError
from workers.knowledge import Missing
from workers.space import SpaceInfo


def encoder(folder: Path | None, load: Counted, space: str = "hash-test") -> CachedEncoder:
    return CachedEncoder(SpaceInfo(space, DIMENSION), lambda: load("hash"), folder)


def test_a_second_run_does_not_load_the_model(tmp_path: Path) -> None:
    first, second = Counted(), Counted()
    vectors = encoder(tmp_path, first).encode(["tea", "chess", "tea"])
    again = encoder(tmp_path, second).encode(["chess", "tea"])
    assert (first.loaded, second.loaded) == (1, 0)
    assert np.array_equal(vectors[[1, 0]], again)
    assert vectors.tobytes() == HashEncoder(DIMENSION).encode(["tea", "chess", "tea"]).tobytes()


def test_each_text_is_embedded_once(tmp_path: Path) -> None:
    load = Counted()
    one = encoder(tmp_path, load)
    one.encode(["tea", "tea", "chess"])
    one.encode(["chess", "jazz"])
    assert [text for call in load.encoder.encoded for text in call] == ["tea", "chess", "jazz"]
    assert one.embedded == 3


def test_a_space_does_not_take_the_vectors_of_another(tmp_path: Path) -> None:
    load = Counted()
    encoder(tmp_path, load).encode(["tea"])
    encoder(tmp_path, load, "other").encode(["tea"])
    assert load.loaded == 2


def test_two_runs_at_once_keep_what_either_embedded(tmp_path: Path) -> None:
    here, there = encoder(tmp_path, Counted()), encoder(tmp_path, Counted())
    here.encode(["tea"])
    there.encode(["jazz"])
    last = Counted()
    encoder(tmp_path, last).encode(["tea", "jazz"])
    assert last.loaded == 0
    assert [path.name for path in tmp_path.iterdir()] == ["hash-test.npz"]


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert encoder(None, Counted()).encode([]).shape == (0, DIMENSION)
    encoder(None, Counted()).encode(["tea"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_named_with_its_cure(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "hash-test.npz").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"hash-test\.npz .*delete it"):
        encoder(tmp_path, Counted())


def test_vectors_of_another_length_are_refused(tmp_path: Path) -> None:
    encoder(tmp_path, Counted()).encode(["tea"])
    with pytest.raises(ConfigurationError, match="delete it"):
        CachedEncoder(SpaceInfo("hash-test", DIMENSION + 1), HashEncoder, tmp_path)


async def test_the_records_are_those_that_the_embedder_makes(tmp_path: Path) -> None:
    store = MemoryStore()
    embedder = EmbedderStage(store, HashEncoder(DIMENSION), RecordingProducer(), Metrics())
    catalog = items()
    await embedder.handle([Record(CATALOG, 0, n, one.key.encode(), one.to_bytes(), 0) for n, one in enumerate(catalog)])
    world = setup(tmp_path).world(catalog)
    stored = await store.read((), [one.key for one in catalog], "hash-test")
    assert dict(world.records) == {key: replace(one, standing="") for key, one in stored.items.items()}
    phrases = {phrase for record in world.records.values() for phrase in record.phrases}
    words = await store.read_phrases("hash-test", phrases)
    assert {text: vector.astype("<f2").tobytes() for text, vector in world.words(phrases).items()} == words


def test_a_world_fetches_what_an_agent_lacks(tmp_path: Path) -> None:
    world = setup(tmp_path).world(items())
    with pytest.raises(Missing) as missing:
        world.known.require(["mind:nobody"], ["a typed text"])
    world.fetch(missing.value)
    assert world.known.items(["mind:nobody"]) == {}
    assert world.words(["a typed text"]).keys() == {"a typed text"}


def test_of_two_entries_of_an_item_the_last_counts(tmp_path: Path) -> None:
    first, *_ = items()
    again = first.model_copy(update={"title": "tea in the afternoon"})
    world = build_world([first, again], HashEncoder(DIMENSION), setup(tmp_path).rules)
    assert [record.title for record in world.records.values()] == ["tea in the afternoon"]
    assert world.catalog.keys == (first.key,)


def test_a_space_is_fitted_to_the_catalog_once_and_found_again(tmp_path: Path) -> None:
    first, second = Counted(), Counted()
    fitted = setup(tmp_path, first, fit=True).world(items())
    again = setup(tmp_path, second, fit=True).world(items())
    assert fitted.space.startswith("hash-test-fitted-")
    assert (fitted.space, dict(fitted.records)) == (again.space, dict(again.records))
    assert second.loaded == 0
    other = setup(tmp_path, Counted(), fit=True).world(items()[:-1])
    assert other.space != fitted.space


def test_a_plain_space_is_described_by_its_model(tmp_path: Path) -> None:
    assert setup(tmp_path).world(items()).space == describe("").id
