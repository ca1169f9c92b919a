"""A space fitted to a catalog, from its contents alone; saved, read back, and told apart."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.catalog import CatalogItem
from tests.fakes import HashEncoder
from workers.errors import ConfigurationError
from workers.fitted_space import FittedEncoder, digest_of, is_fitted, load_fitted, read_description, save_fitted
from workers.fitting import LONGER, MIN_ITEMS, OWN_WORDS, Fitted, fit, ground, head_of
from workers.ports import Matrix
from workers.vectors import unit

D = 96


def world(
    groups: int = 40, each: int = 30, categories: bool = True
) -> tuple[list[CatalogItem], Matrix, NDArray[np.integer]]:
    """Items about as many topics, which differ in the first 20 directions; noise in all."""
    rng = np.random.default_rng(1)
    centres = np.zeros((groups, D))
    centres[:, :20] = rng.standard_normal((groups, 20))
    topic = np.repeat(np.arange(groups), each)
    vectors = unit((centres[topic] + 1.0 * rng.standard_normal((groups * each, D))).astype(np.float32))
    items = [
        CatalogItem(provider="p", item=str(n), title=f"about t{t}", category=f"c/{t}") for n, t in enumerate(topic)
    ]
    return items, vectors, topic


def apart(vectors: Matrix, topic: NDArray[np.integer]) -> float:
    """Mean cosine within topics less that between them, in standard deviations of the latter."""
    cosines = vectors @ vectors.T
    same = topic[:, None] == topic[None, :]
    np.fill_diagonal(cosines, np.nan)
    return float((np.nanmean(cosines[same]) - np.nanmean(cosines[~same])) / np.nanstd(cosines[~same]))


def test_the_head_makes_longer_what_tells_topics_apart() -> None:
    items, vectors, topic = world()
    head = head_of(items, vectors)
    assert apart(unit(vectors @ head), topic) > 1.15 * apart(vectors, topic)
    lengths = np.linalg.eigvalsh(head)
    np.testing.assert_allclose(sorted(set(lengths.round(3))), [1.0, 1.0 + LONGER], atol=1e-3)


def test_a_catalog_that_is_small_has_few_topics_or_none_says_too_little_for_a_head() -> None:
    items, vectors, _ = world()
    unsaid = [item.model_copy(update={"category": None}) for item in items]
    np.testing.assert_array_equal(head_of(unsaid, vectors), np.eye(D))
    for few in (MIN_ITEMS - 1, 29 * 30):
        np.testing.assert_array_equal(head_of(items[:few], vectors[:few]), np.eye(D))


def test_a_grounded_phrase_is_the_mean_of_its_items_and_three_times_its_words() -> None:
    rows = unit(np.random.default_rng(2).standard_normal((4, D)).astype(np.float32))
    words = unit(np.random.default_rng(3).standard_normal((1, D)).astype(np.float32))
    expected = unit((rows.sum(axis=0) + OWN_WORDS * words[0])[None, :])
    np.testing.assert_allclose(ground([rows], words), expected, atol=1e-6)


def hash_fitted(model: HashEncoder) -> tuple[Fitted, list[CatalogItem]]:
    titles = [f"{name} wins in college basketball" for name in ("Duke", "Kansas", "Kentucky", "Baylor")]
    titles += [f"{word} {word}ish {n}" for n, word in enumerate(("tea", "chess", "jazz", "rain", "soil", "wool") * 5)]
    items = [CatalogItem(provider="p", item=str(n), title=title) for n, title in enumerate(titles)]
    return fit(items, model.encode(titles), model.encode), items


def test_a_phrase_of_the_bank_is_grounded_and_any_other_text_has_the_vector_of_its_words() -> None:
    model = HashEncoder(D)
    fitted, items = hash_fitted(model)
    encoder = FittedEncoder(fitted, model, "fitted-1")
    assert encoder.phrases_of(items[0]) == ("college basketball",)
    shown = model.encode([one.title for one in items[:4]])
    expected = ground([shown], model.encode(["college basketball"]))
    np.testing.assert_allclose(encoder.encode_interests(["College basketball"]), expected, atol=1e-6)
    np.testing.assert_allclose(encoder.encode_interests(["chess"]), encoder.encode(["chess"]), atol=1e-6)
    assert (encoder.space, encoder.dimension) == ("fitted-1", D)


def test_its_bank_grows_unless_an_earlier_release_fitted_it() -> None:
    model = HashEncoder(D)
    fitted, _ = hash_fitted(model)
    growth = FittedEncoder(fitted, model, "fitted-1").growth
    assert growth is not None
    assert growth.bank is fitted.bank
    earlier = replace(fitted, bank=replace(fitted.bank, usage=None))
    assert FittedEncoder(earlier, model, "fitted-1").growth is None


def test_a_fitted_space_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    fitted, _ = hash_fitted(HashEncoder(D))
    save_fitted(fitted, tmp_path, "minilm", "minilm-8d193ad6")
    again = load_fitted(tmp_path)
    assert is_fitted(tmp_path)
    assert read_description(tmp_path) == ("minilm", "minilm-8d193ad6", D)
    assert (again.bank, again.texts) == (fitted.bank, fitted.texts)
    np.testing.assert_allclose(again.grounded, fitted.grounded, atol=1e-3)
    np.testing.assert_array_equal(again.head, fitted.head)


def test_its_digest_changes_with_anything_that_decides_a_vector(tmp_path: Path) -> None:
    fitted, _ = hash_fitted(HashEncoder(D))
    save_fitted(fitted, tmp_path, "minilm", "minilm-8d193ad6")
    before = digest_of(tmp_path)
    assert digest_of(tmp_path) == before
    head = np.load(tmp_path / "head.npy")
    np.save(tmp_path / "head.npy", head * 1.5)
    assert digest_of(tmp_path) != before


def test_a_broken_folder_is_told_with_the_cure(tmp_path: Path) -> None:
    fitted, _ = hash_fitted(HashEncoder(D))
    save_fitted(fitted, tmp_path, "minilm", "minilm-8d193ad6")
    (tmp_path / "bank.json").write_text("{")
    with pytest.raises(ConfigurationError, match="attune space fit"):
        load_fitted(tmp_path)
    (tmp_path / "attune-space.json").write_text(json.dumps({"format": 1}))
    with pytest.raises(ConfigurationError, match="attune space fit"):
        read_description(tmp_path)
