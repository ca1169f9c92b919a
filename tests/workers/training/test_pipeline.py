"""A whole training, on a tiny model and a small catalog: what it writes is a space, and finds more than before."""

from pathlib import Path
from typing import Any

import pytest

from tests.workers.training.catalogs import small_catalog, words
from tests.workers.training.tiny_model import write_tiny_model
from workers.errors import ConfigurationError
from workers.space import SentenceEncoder, describe_space
from workers.training.card import document
from workers.training.pipeline import train_space
from workers.training.plan import Plan
from workers.training.trained import Trained

pytestmark = pytest.mark.timeout(240)

PLAN: dict[str, Any] = {"batch": 32, "epochs": 8, "learning_rate": 2e-3, "head_rate": 1e-2, "held_out": 60}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny", words())


def train(model: Path, out: Path, items: int = 500, **plan: Any) -> Trained:
    return train_space(
        small_catalog(items),
        out,
        Plan(**(PLAN | plan)),
        clock=lambda: 0.0,
        say=lambda _: None,
        tell=lambda _: None,
        model=str(model),
    )


@pytest.fixture(scope="module", params=[False, True], ids=["whole", "head"])
def trained(request: pytest.FixtureRequest, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(model, tmp_path_factory.mktemp("out") / "mine", head=request.param)


def test_the_folder_is_a_space_of_its_own(trained: Trained, model: Path) -> None:
    assert trained.base == describe_space(str(model)).id
    assert trained.space == describe_space(str(trained.folder)).id != trained.base
    encoder = SentenceEncoder(str(trained.folder))
    assert (encoder.encode(["jazz", "a trumpet"]) ** 2).sum(axis=1) == pytest.approx([1, 1])


def test_held_out_contents_are_found_better_than_before(trained: Trained) -> None:
    # The whole model can learn that "trumpet" is jazz; a map of random vectors cannot do much, but must not spoil.
    gain = -0.02 if trained.plan.head else 0.1
    assert trained.after.titles.mean > trained.before.titles.mean + gain
    assert trained.after.interests.mean > trained.before.interests.mean + gain
    assert trained.after.interests.contents > 20


def test_no_held_out_item_is_trained_on(trained: Trained) -> None:
    assert trained.pairs["training"] > trained.pairs["held out"] > trained.pairs["development"] > 0
    assert sum(trained.kinds.values()) == trained.pairs["training"]


def test_the_card_says_what_was_done_and_what_it_gives(trained: Trained) -> None:
    card = (trained.folder / "README.md").read_text()
    figures = document(trained)
    assert f"# {trained.space}" in card
    assert "attune space train --catalog FILE --provider P --seed 0 --epochs 8 --batch 32" in card
    assert f"{100 * trained.after.titles.mean:.1f} ±" in card
    assert figures["recall@10"]["titles"]["after"] == pytest.approx(trained.after.titles.mean, abs=1e-3)
    assert figures["steps"] == len(trained.course.losses)


def test_the_plots_are_pictures(trained: Trained) -> None:
    for name in ("loss.png", "recall.png"):
        assert (trained.folder / name).read_bytes().startswith(b"\x89PNG")


def test_the_card_may_be_mended_without_making_another_space(trained: Trained) -> None:
    card = trained.folder / "README.md"
    card.write_text(card.read_text() + "Made for the reading room.\n")
    assert describe_space(str(trained.folder)).id == trained.space


def test_the_same_seed_gives_the_same_weights(model: Path, tmp_path: Path) -> None:
    spaces = [train(model, tmp_path / str(n) / "mine", epochs=1, seed=seed).space for n, seed in enumerate((1, 1, 2))]
    assert spaces[0] == spaces[1] != spaces[2]


def test_pairs_can_be_bounded(model: Path, tmp_path: Path) -> None:
    assert train(model, tmp_path / "mine", epochs=1, max_pairs=64).pairs["training"] == 64


class TestRefusals:
    def test_a_folder_that_is_there_is_not_written_into(self, model: Path, tmp_path: Path) -> None:
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "model.safetensors").write_bytes(b"dear")
        with pytest.raises(ConfigurationError, match="--out"):
            train(model, tmp_path / "mine")
        assert (tmp_path / "mine" / "model.safetensors").read_bytes() == b"dear"

    def test_too_small_a_catalog_is_told(self, model: Path, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="load more items"):
            train(model, tmp_path / "mine", items=30)

    @pytest.mark.parametrize("plan", [{"batch": 1}, {"micro": 0}, {"epochs": 0}])
    def test_a_plan_that_cannot_be_followed(self, plan: dict[str, int]) -> None:
        with pytest.raises(ConfigurationError, match="or more"):
            Plan(**plan)  # type: ignore[arg-type]
