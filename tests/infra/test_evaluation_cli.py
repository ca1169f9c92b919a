"""`attune eval`: what is asked of the evaluation, and how its answer is printed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.cli.outside import Outside
from infra.evaluation.options import (
    Ablation,
    Asked,
    Common,
    Editability,
    Impressions,
    Platforms,
    Portability,
    Ratings,
    Sequences,
)
from infra.evaluation.report import NothingToJudge
from infra.settings import Settings
from tests.infra.cli_runs import document, run

FIGURES = {"auc": 66.5, "ci": {"auc": [64.0, 69.0]}}
ANSWER = {**FIGURES, "peers": {"raw": {"auc": 65.0, "ci": {"auc": [63.0, 67.0]}}}, "impressions": 12, "llm_calls": 0}


class Evaluations:
    """Answers, and keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Asked, Settings]] = []

    def __call__(self, asked: Asked, settings: Settings) -> Mapping[str, Any]:
        self.asked.append((asked, settings))
        return ANSWER


def asked(*words: str) -> tuple[Asked, Settings]:
    evaluations = Evaluations()
    result = run("eval", *words, "--json", outside=Outside(evaluate=evaluations))
    assert result.exit_code == 0, result.output
    assert document(result) == ANSWER
    (one,) = evaluations.asked
    return one


def test_impressions_as_the_contract_has_them() -> None:
    one, settings = asked("impressions", "--catalog", "news.tsv", "--behaviors", "behaviors.tsv")
    assert one == Impressions(Path("news.tsv"), Path("behaviors.tsv"))
    assert settings.model == "minilm"


def test_every_option_of_impressions_arrives() -> None:
    words = "--half tune --impressions-as-evidence yes --peers --refine --show 5 --seed 7 --no-fit"
    files = ("--plots", "p", "--cache", "c", "--model", "m")
    one, settings = asked("impressions", "--catalog", "n", "--behaviors", "b", *words.split(), *files)
    common = Common(7, Path("c"), Path("p"), fit=False)
    assert one == Impressions(Path("n"), Path("b"), "tune", True, True, True, 5, common)
    assert settings.model == "m"


def test_sequences_as_the_contract_has_them() -> None:
    files = ("--items", "x.item", "--history", "x.inter", "--candidates", "x.random")
    one, _ = asked("sequences", *files, "--negatives", "9", "--repeats", "3")
    assert one == Sequences(Path("x.item"), Path("x.inter"), Path("x.random"))


def test_ratings_editability_and_ablation() -> None:
    assert asked("ratings", "--books", "b", "--ratings", "r", "--threes", "ignore")[0] == Ratings(
        Path("b"), Path("r"), "ignore"
    )
    assert asked("editability", "--people", "9", "--topics", "2")[0] == Editability(people=9, topics=2)
    words = ("--catalog", "n", "--behaviors", "b", "--half", "report", "--other-model", "m", "--refine-users", "3")
    assert asked("ablation", *words)[0] == Ablation(Path("n"), Path("b"), "report", "m", 3)


def test_platforms_and_portability_with_files_and_without() -> None:
    assert asked("platforms")[0] == Platforms()
    assert asked("portability")[0] == Portability()
    words = "--catalog n --behaviors b --people 5 --events 70 --half tune --seed 7 --cache c --no-fit"
    files, common = (Path("n"), Path("b")), Common(7, Path("c"), fit=False)
    assert asked("platforms", *words.split())[0] == Platforms(*files, "tune", 5, 70, common)
    assert asked("portability", *words.split(), "--users", "9")[0] == Portability(*files, "tune", 9, 5, 70, common)


@pytest.mark.parametrize(
    "words",
    [
        ("impressions", "--catalog", "n"),
        ("impressions", "--catalog", "n", "--behaviors", "b", "--half", "third"),
        ("sequences", "--items", "i", "--history", "h", "--candidates", "c", "--negatives", "0"),
        ("editability", "--topics", "19"),
        ("platforms", "--catalog", "n"),
        ("platforms", "--behaviors", "b"),
        ("portability", "--catalog", "n"),
        ("portability", "--behaviors", "b"),
    ],
)
def test_what_makes_no_sense_is_refused(words: tuple[str, ...]) -> None:
    evaluations = Evaluations()
    assert run("eval", *words, outside=Outside(evaluate=evaluations)).exit_code == 2
    assert evaluations.asked == []


def printed(command: str, answer: Mapping[str, Any]) -> str:
    """Without --json, in one line."""
    files = ("--catalog", "n", "--behaviors", "b")
    outside = Outside(evaluate=lambda asked, settings: answer)
    return " ".join(run("eval", command, *files, outside=outside).stdout.split())


def test_without_json_the_figures_stand_in_a_table_with_their_intervals() -> None:
    shown = printed("impressions", ANSWER)
    assert "66.5 (64.0 to 69.0)" in shown
    assert "65.0 (63.0 to 67.0)" in shown
    assert "impressions 12" in shown


def test_platforms_in_a_table_for_the_whole_lists_and_one_for_each_platforms_own() -> None:
    lists = {"lists": 12, "users": 11, "profiles": {"a": FIGURES, "both": FIGURES}, "gain": {"a": FIGURES}}
    section = {"items": {"a": 3}, "left_out": 1, "whole": lists, "there": lists}
    shown = printed("platforms", {"sections": {"items": section}, "llm_calls": 0})
    assert "items, whole lists: 12 lists of 11 people" in shown
    assert "items, the lists of each platform: 12 lists of 11 people" in shown
    assert shown.count("66.5 (64.0 to 69.0)") == 6
    assert shown.count("both over a") == 2
    assert "llm_calls 0" in shown


def test_portability_in_a_table_for_each_manner() -> None:
    gain = {"brought over own": FIGURES}
    told = {"items": 7, "lists": 12, "users": 11, "profiles": {"brought": FIGURES}, "gain": gain}
    section = {"left_out": 0, "manners": {"titles": told}, "own_space": {"in full": told}}
    shown = printed("portability", {"sections": {"mind": section}, "llm_calls": 0})
    assert "mind, described by titles: 12 lists of 11 people, 7 items" in shown
    assert "mind, described by in full, in a space of its own and in the common one" in shown
    assert shown.count("66.5 (64.0 to 69.0)") == 4
    assert "brought over own" in shown
    assert "llm_calls 0" in shown


def test_a_known_error_is_one_line_and_no_traceback() -> None:
    def nothing(asked: Asked, settings: Settings) -> Mapping[str, Any]:
        raise NothingToJudge("no list can be judged: check the files")

    result = run("eval", "editability", outside=Outside(evaluate=nothing))
    assert result.exit_code == 1
    assert "Error: no list can be judged: check the files" in result.stderr
    assert "Traceback" not in result.stderr
