"""`attune space fit`: from a file to a folder that ATTUNE_MODEL takes, with the model itself."""

import json
from pathlib import Path

import pytest

from infra.sample.catalog import sample_items
from tests.infra.cli_runs import document, run
from workers.fitted_space import load_fitted
from workers.space import describe_space, open_encoder

ITEMS = [item for item in sample_items("news") if item["category"] in {"astronomy", "climate policy"}]


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    path = tmp_path / "news.jsonl"
    lines = [json.dumps({key: value for key, value in item.items() if key != "provider"}) for item in ITEMS]
    path.write_text("\n".join(lines))
    return path


def fit(catalog: Path, out: Path, *more: str) -> tuple[str, ...]:
    return ("space", "fit", "--catalog", str(catalog), "--provider", "news", "--out", str(out), *more)


def test_a_fitted_space_is_one_that_every_role_can_open(catalog: Path, tmp_path: Path) -> None:
    found = document(run(*fit(catalog, tmp_path / "mine", "--json")))
    folder = tmp_path / "mine"
    assert found["folder"] == str(folder)
    assert found["space"] == describe_space(str(folder)).id
    assert found["space"].startswith("mine-")
    assert found["texts"] == len(load_fitted(folder).texts) >= 2
    encoder = open_encoder(str(folder))
    assert encoder.space == found["space"]
    grounded, words = encoder.encode_interests(["Astronomy"]), encoder.encode(["astronomy"])
    assert 0.3 < float((grounded * words).sum()) < 0.99


def test_a_folder_that_holds_something_is_left_alone(catalog: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "note").write_text("mine")
    result = run(*fit(catalog, tmp_path / "theirs"))
    assert result.exit_code == 1
    assert "name a new folder with --out" in result.stderr
    assert [path.name for path in (tmp_path / "theirs").iterdir()] == ["note"]


def test_a_catalog_without_items_is_told(tmp_path: Path) -> None:
    (tmp_path / "none.jsonl").write_text('{"item": "1", "title": "Gone", "deleted": true}\n')
    result = run(*fit(tmp_path / "none.jsonl", tmp_path / "mine"))
    assert result.exit_code == 1
    assert "holds no items" in result.stderr
