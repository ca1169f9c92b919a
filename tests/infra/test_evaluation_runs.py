"""Whole evaluations on small files: the figures, what stands beside them, the same with the same seed."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.evaluation import ablation, impressions, ratings, sequences
from infra.evaluation.options import Ablation, Impressions, Ratings, Sequences
from infra.evaluation.report import NothingToJudge
from infra.evaluation.setup import Setup
from tests.infra import evaluation_files as files
from tests.infra.evaluation_files import Counted, setup, written

TIMES = ("seconds", "ms", "cpu_ms")


def without_times(document: Any) -> Any:
    if isinstance(document, dict):
        return {name: without_times(value) for name, value in document.items() if name not in TIMES}
    return document


def impressions_of(folder: Path, one: Setup, **changes: Any) -> dict[str, Any]:
    return impressions.run(Impressions(files.news(folder), files.behaviors(folder), **changes), one)


def sequences_of(folder: Path, one: Setup, **changes: Any) -> dict[str, Any]:
    return sequences.run(Sequences(*files.sequences(folder), **changes), one)


def ratings_of(folder: Path, one: Setup, **changes: Any) -> dict[str, Any]:
    return ratings.run(Ratings(*files.ratings(folder), **changes), one)


def test_impressions_tell_what_the_contract_asks_for(tmp_path: Path) -> None:
    told = impressions_of(tmp_path, setup(tmp_path))
    assert told["auc"] == told["mrr"] == told["ndcg@5"] == told["ndcg@10"] == 100.0  # one topic a person: easy
    assert told["ci"] == {name: [100.0, 100.0] for name in ("auc", "mrr", "ndcg@5", "ndcg@10")}
    assert (told["impressions"], told["users"], told["llm_calls"], told["items"]) == (12, 12, 0, 40)
    assert (told["space"], told["half"], told["seed"]) == ("hash-test", "all", 0)
    assert told["settings"]["scoring"] == "mixture"
    assert told["peers"]["raw"]["auc"] == 100.0
    assert told["peers"]["raw"]["gain"]["auc"] == 0.0
    assert told["profiles"]["true"] == 100.0
    assert json.loads(json.dumps(told)) == told


def test_peers_and_refined_profiles_stand_beside_them_where_asked_for(tmp_path: Path) -> None:
    told = impressions_of(tmp_path, setup(tmp_path), peers=True, refine=True)
    assert list(told["peers"]) == ["raw", "raw plain", "raw plain title and text", "words", "refined"]
    assert sum(told["refinements"].values()) == 12


def test_the_halves_together_are_everything(tmp_path: Path) -> None:
    parts = [impressions_of(tmp_path, setup(tmp_path), half=half)["impressions"] for half in ("tune", "report")]
    assert all(parts)
    assert sum(parts) == 12


def test_profiles_that_are_shown_are_drawn_by_seed(tmp_path: Path) -> None:
    first, again, other = (
        impressions_of(tmp_path, setup(tmp_path, seed=seed), show=3)["profiles"]["shown"] for seed in (0, 0, 1)
    )
    assert len(first) == 3
    assert first == again
    assert first != other
    assert set(first[0]) == {"interests", "titles"}
    assert len(first[0]["titles"]) == 5


def test_a_second_run_is_equal_and_loads_no_model(tmp_path: Path) -> None:
    load = Counted()
    first = impressions_of(tmp_path, setup(tmp_path))
    assert without_times(impressions_of(tmp_path, setup(tmp_path, load))) == without_times(first)
    assert load.loaded == 0


def test_a_space_fitted_to_the_catalog_is_used_unless_that_is_off(tmp_path: Path) -> None:
    told = impressions_of(tmp_path, setup(tmp_path, fit=True))
    assert told["space"].startswith("hash-test-fitted-")
    assert told["auc"] == 100.0


def test_files_with_nothing_to_judge_are_named_so(tmp_path: Path) -> None:
    path = written(tmp_path / "b.tsv", "1\tU\t\ttea-1\ttea-2-0 jazz-1-0")
    with pytest.raises(NothingToJudge, match="check the files"):
        impressions.run(Impressions(files.news(tmp_path), path), setup(tmp_path))


def test_sequences_tell_ndcg_beside_the_fading_mean(tmp_path: Path) -> None:
    told = sequences_of(tmp_path, setup(tmp_path), peers=True)
    assert (told["ndcg@1"], told["ndcg@5"], told["ndcg@10"]) == (100.0, 100.0, 100.0)
    assert list(told["peers"]) == ["raw fading mean", "raw", "raw plain fading mean", "words"]
    assert (told["sequences"], told["negatives"], told["repeats"], told["fading_mean_keeps"]) == (12, 9, 3, 0.8)


def test_ties_in_a_sequence_fall_by_seed_and_not_by_place() -> None:
    one = files.tied_case()
    few = [sequences.measure(one, files.zeros(one), seed=seed, repeats=1)[0] for seed in range(200)]
    assert 0.02 < sum(few) / len(few) < 0.25  # one in ten
    assert sequences.measure(one, files.zeros(one), seed=3, repeats=5) == sequences.measure(
        one, files.zeros(one), seed=3, repeats=5
    )


def test_ratings_tell_likes_from_dislikes_better_than_chance(tmp_path: Path) -> None:
    told = ratings_of(tmp_path, setup(tmp_path), peers=True)
    assert told["auc"] > 95
    assert list(told["peers"]) == ["raw", "raw mean of likes", "raw plain", "words"]
    assert (told["users"], told["threes"]) == (8, "click")


def test_an_ablation_sets_every_variant_beside_the_default(tmp_path: Path) -> None:
    asked = Ablation(files.news(tmp_path), files.behaviors(tmp_path), refine_users=4)
    told = ablation.run(asked, setup(tmp_path), files.settings(tmp_path))
    assert {"linear scoring", "equal weights", "paper weights", "sharpen 0", "sharpen 0.5", "sharpen 1"} <= set(
        told["variants"]
    )
    assert set(told["refinement"]) == {f"phrases, temperature {name}" for name in ("0", "1", "inf")}
    assert "spaces" not in told
    for refined in told["refinement"].values():
        assert len(refined["by_iteration"]) == 11
        assert refined["by_iteration"] == sorted(refined["by_iteration"])
        assert refined["lowered"] == 0.0
        assert refined["llm_calls"] == 0
    assert told["refit"]["weights_known"]["users"] == told["refit"]["half_held"]["users"]
    assert 0 <= told["refit"]["half_known"]["raised_or_kept"] <= 100


def test_an_ablation_compares_two_spaces_list_by_list(tmp_path: Path) -> None:
    asked = Ablation(files.news(tmp_path), files.behaviors(tmp_path), other_model="other", refine_users=0)
    told = ablation.run(asked, setup(tmp_path), files.settings(tmp_path), lambda model: setup(tmp_path))
    assert told["spaces"]["profile"]["gain"]["auc"] == 0.0
    assert told["spaces"]["before"] == told["spaces"]["after"] == "hash-test"
    assert told["refinement"] == {}


def test_plots_are_written_where_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "plots"
    one = setup(tmp_path, plots=folder)
    impressions_of(tmp_path, one)
    sequences_of(tmp_path, one)
    ratings_of(tmp_path, one)
    ablation.run(
        Ablation(files.news(tmp_path), files.behaviors(tmp_path), refine_users=2), one, files.settings(tmp_path)
    )
    names = sorted(path.stem for path in folder.iterdir())
    assert names == [
        "ablation",
        "ablation-refinement",
        "ablation-sharpen",
        "impressions",
        "impressions-by-history",
        "ratings",
        "ratings-by-history",
        "sequences",
        "sequences-by-history",
    ]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.iterdir())
