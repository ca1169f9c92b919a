"""`attune eval`: what is asked of the evaluation, and how its answer is printed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.cli.outside import Outside
from infra.evaluation.options import Ablation, Asked, Common, Editability, Impressions, Ratings, Sequences
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


@pytest.mark.parametrize(
    "words",
    [
        ("impressions", "--catalog", "n"),
        ("impressions", "--catalog", "n", "--behaviors", "b", "--half", "third"),
        ("sequences", "--items", "i", "--history", "h", "--candidates", "c", "--negatives", "0"),
        ("editability", "--topics", "19"),
    ],
)
def test_what_makes_no_sense_is_refused(words: tuple[str, ...]) -> None:
    evaluations = Evaluations()
    assert run("eval", *words, outside=Outside(evaluate=evaluations)).exit_code == 2
    assert evaluations.asked == []


def test_without_json_the_figures_stand_in_a_table_with_their_intervals() -> None:
    words = ("eval", "impressions", "--catalog", "n", "--behaviors", "b")
    result = run(*words, outside=Outside(evaluate=Evaluations()))
    assert "66.5 (64.0 to 69.0)" in result.stdout
    assert "65.0 (63.0 to 67.0)" in result.stdout
    assert "impressions  12" in result.stdout


def test_a_known_error_is_one_line_and_no_traceback() -> None:
    def nothing(asked: Asked, settings: Settings) -> Mapping[str, Any]:
        raise NothingToJudge("no list can be judged: check the files")

    result = run("eval", "editability", outside=Outside(evaluate=nothing))
    assert result.exit_code == 1
    assert "Error: no list can be judged: check the files" in result.stderr
    assert "Traceback" not in result.stderr
