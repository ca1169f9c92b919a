"""`attune eval platforms`: what is asked, and the tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.cli.outside import Outside
from infra.evaluation.options import Asked, Common, Platforms
from infra.settings import Settings
from tests.infra.cli_runs import document, run

FIGURES = {"auc": 66.5, "ci": {"auc": [64.0, 69.0]}}
LISTS = {"lists": 12, "users": 11, "profiles": {"a": FIGURES, "both": FIGURES}, "gain": {"a": FIGURES}}
ANSWER = {"sections": {"items": {"items": {"a": 3}, "left_out": 1, "whole": LISTS, "there": LISTS}}, "llm_calls": 0}


def evaluated(*words: str) -> tuple[Any, list[Asked]]:
    asked: list[Asked] = []

    def evaluate(one: Asked, settings: Settings) -> Mapping[str, Any]:
        asked.append(one)
        return ANSWER

    return run("eval", "platforms", *words, outside=Outside(evaluate=evaluate)), asked


def test_every_option_arrives() -> None:
    assert evaluated()[1] == [Platforms()]
    words = "--catalog n --behaviors b --people 5 --events 70 --half tune --seed 7 --cache c --no-fit"
    common = Common(7, Path("c"), fit=False)
    assert evaluated(*words.split())[1] == [Platforms(Path("n"), Path("b"), "tune", 5, 70, common)]


def test_files_come_together_or_not_at_all() -> None:
    for one in (("--catalog", "n"), ("--behaviors", "b")):
        result, asked = evaluated(*one)
        assert (result.exit_code, asked) == (2, [])


def test_json_is_the_whole_answer() -> None:
    assert document(evaluated("--json")[0]) == ANSWER


def test_tables_tell_every_profile_with_its_interval_and_the_gain() -> None:
    shown = evaluated()[0].stdout
    assert "items, whole lists: 12 lists of 11 people" in shown
    assert shown.count("66.5 (64.0 to 69.0)") == 6
    assert shown.count("both over a") == 2
    assert "llm_calls" in shown
