"""`attune space train`: from a file to a folder, and what is told about it."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from infra.cli.outside import Outside
from infra.settings import Settings
from schemas.catalog import CatalogItem
from tests.infra.cli_runs import document, run
from tests.infra.fake_gateway import FakeGateway, problem, serving
from tests.infra.loader_files import written
from tests.workers.training.catalogs import small_catalog, words
from workers.space import describe_space
from workers.training.described import DescribedPairs
from workers.training.pairs import Kind, Pair
from workers.training.pipeline import Say
from workers.training.plan import Course, Plan, Progress, Tell
from workers.training.recall import Recall
from workers.training.trained import Figures, Trained

CATALOG = '{"item": "a", "title": "Moon landing", "category": "science/space"}\n{"item": "b"}\n'
FIGURES = Figures(*(Recall(0.5, 0.1, 10, 20) for _ in range(4)))


class Trainer:
    """Trains nothing, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[CatalogItem], Sequence[Pair], Path, Plan, str]] = []
        self.described: list[Sequence[CatalogItem]] = []

    def train(
        self,
        items: Sequence[CatalogItem],
        described: Sequence[Pair],
        folder: Path,
        plan: Plan,
        model: str,
        say: Say,
        tell: Tell,
    ) -> Trained:
        self.asked.append((list(items), described, folder, plan, model))
        say("on its way")
        tell(Progress(10, 0.5, 1.25))
        tell(Progress(11, 0.6, 1.2, 0.75))
        counts = {"training": 8, "development": 1, "held out": 1}
        course = Course([1.25, 1.2], [(0, 0.5), (2, 0.75)], 2)
        return Trained(folder, "mine-12345678", "minilm-0", plan, {"phrase": 8}, counts, FIGURES, FIGURES, course, {})

    def describe(self, _: Settings, items: Sequence[CatalogItem]) -> DescribedPairs:
        self.described.append(items)
        return DescribedPairs((Pair("p:a", "moon missions", "text", Kind.DESCRIBED),), len(items), 0)

    @property
    def outside(self) -> Outside:
        return Outside(train_space=self.train, describe_items=self.describe)


@pytest.fixture
def trainer() -> Trainer:
    return Trainer()


def train(trainer: Trainer, tmp_path: Path, *more: str) -> Any:
    file = written(tmp_path, CATALOG)
    words = ("space", "train", "--catalog", str(file), "--provider", "p", "--out", str(tmp_path / "mine"), *more)
    return run(*words, outside=trainer.outside)


def test_the_catalog_s_items_are_trained_on(trainer: Trainer, tmp_path: Path) -> None:
    result = train(trainer, tmp_path, "--seed", "3", "--minutes", "2", "--pairs", "100", "--head")
    assert result.exit_code == 0
    ((items, described, folder, plan, model),) = trainer.asked
    assert items == [CatalogItem(provider="p", item="a", title="Moon landing", category="science/space")]
    assert (described, folder, model) == ((), tmp_path / "mine", "minilm")
    assert plan == Plan(head=True, seed=3, minutes=2, max_pairs=100)
    assert "read 1 items" in result.stderr
    assert "1 lines not taken" in result.stderr


def test_progress_is_told_on_stderr_and_figures_as_json(trainer: Trainer, tmp_path: Path) -> None:
    result = train(trainer, tmp_path, "--json")
    figures = document(result)
    assert result.stdout.count("\n") == 1
    assert figures["space"] == "mine-12345678"
    assert figures["recall@10"]["interests"] == {
        "before": 0.5,
        "after": 0.5,
        "margin": 0.1,
        "interests": 10,
        "contents": 20,
    }
    for told in ("on its way", "step 10: loss 1.250, 50% done", "step 11: loss 1.200, recall", "ATTUNE_MODEL="):
        assert told in result.stderr


def test_without_out_the_space_goes_to_the_data_folder(trainer: Trainer, tmp_path: Path) -> None:
    file = written(tmp_path, CATALOG)
    env = {"ATTUNE_DATA_DIR": str(tmp_path / "data"), "ATTUNE_MODEL": "/models/mine"}
    words = ("space", "train", "--catalog", str(file), "--provider", "p")
    assert run(*words, env=env, outside=trainer.outside).exit_code == 0
    assert trainer.asked[0][2] == tmp_path / "data" / "spaces" / "p"
    assert trainer.asked[0][4] == "/models/mine"


def test_the_llm_describes_as_many_items_as_asked(trainer: Trainer, tmp_path: Path) -> None:
    result = train(trainer, tmp_path, "--describe", "5")
    assert [len(items) for items in trainer.described] == [1]
    assert [pair.interest for pair in trainer.asked[0][1]] == ["moon missions"]
    assert "1 described; 0 not answered" in result.stderr


def test_describing_without_an_llm_is_refused_with_the_cure(trainer: Trainer, tmp_path: Path) -> None:
    file = written(tmp_path, CATALOG)
    words = ("space", "train", "--catalog", str(file), "--provider", "p", "--describe", "1")
    result = run(*words, outside=Outside(train_space=trainer.train))
    assert result.exit_code == 1
    assert "set ATTUNE_LLM_URL" in result.stderr
    assert not trainer.asked


def test_a_file_that_is_no_catalog_is_refused(trainer: Trainer, tmp_path: Path) -> None:
    result = run("space", "train", "--catalog", str(tmp_path), "--provider", "p", outside=trainer.outside)
    assert result.exit_code == 1
    assert "is a folder" in result.stderr


@pytest.mark.timeout(240)
def test_a_real_training_from_a_file_makes_a_space(tmp_path: Path) -> None:
    from tests.workers.training.tiny_model import write_tiny_model

    rows = [item.model_dump(include={"item", "title", "text", "category"}) for item in small_catalog(500)]
    file = written(tmp_path, "".join(json.dumps(row) + "\n" for row in rows))
    env = {"ATTUNE_MODEL": str(write_tiny_model(tmp_path / "tiny", words()))}
    out = tmp_path / "mine"
    command = ("space", "train", "--catalog", str(file), "--provider", "p", "--out", str(out), "--head", "--json")
    result = run(*command, env=env)
    assert result.exit_code == 0, result.stderr
    assert document(result)["folder"] == str(out)
    assert (out / "modules.json").is_file()
    assert "recall at 10" in result.stderr


class TestMoving:
    """The commands that move a running service, against a gateway's answers."""

    STATUS: ClassVar = {"current": {"id": "new-2", "dimension": 6, "model": "/m"}, "phase": "moving", "left": 7}

    @pytest.fixture
    def gateway(self) -> Iterator[FakeGateway]:
        with serving(FakeGateway()) as fake:
            yield fake

    @pytest.mark.parametrize(
        ("command", "method", "path"),
        [
            ("status", "GET", "/v1/space"),
            ("roll-back", "POST", "/v1/space/roll-back"),
            ("retire", "POST", "/v1/space/retire"),
        ],
    )
    def test_ask_the_gateway(self, gateway: FakeGateway, command: str, method: str, path: str) -> None:
        gateway.answers[f"{method} {path}"] = (200, self.STATUS)
        result = run("space", command, env={"ATTUNE_GATEWAY_URL": gateway.url})
        assert result.exit_code == 0, result.stderr
        assert [one.split() for one in result.stdout.splitlines()] == [
            ["current", "new-2"],
            ["phase", "moving"],
            ["profiles", "left", "to", "move", "7"],
        ]

    def test_a_roll_out_names_the_space_of_the_folder(self, gateway: FakeGateway) -> None:
        gateway.answers["POST /v1/space/roll-out"] = (202, self.STATUS)
        result = run("space", "roll-out", "minilm", "--json", env={"ATTUNE_GATEWAY_URL": gateway.url})
        assert document(result) == self.STATUS
        info = describe_space("minilm")
        assert gateway.requests[-1].body == {"id": info.id, "dimension": info.dimension, "model": "minilm"}

    def test_what_the_gateway_refuses_is_said(self, gateway: FakeGateway) -> None:
        gateway.answers["POST /v1/space/retire"] = problem(409, "Not now", "there is no previous space to retire.")
        result = run("space", "retire", env={"ATTUNE_GATEWAY_URL": gateway.url})
        assert result.exit_code == 1
        assert "no previous space" in result.stderr
