"""Files as cases: what makes the profile, what is ranked, and what never gets into either."""

from pathlib import Path

import pytest

from infra.evaluation.behaviors import Behaviors
from infra.evaluation.cases import Case
from infra.evaluation.catalog_file import read_catalog
from infra.evaluation.leave_one_out import LeaveOneOut
from infra.evaluation.options import Threes
from infra.evaluation.rated import RatedCases, read_ratings
from infra.evaluation.ratings import with_titles
from infra.loaders.reading import FileRefused
from schemas.catalog import CatalogItem
from schemas.interaction import Signal
from tests.infra.evaluation_files import behaviors, items, keys, news, ratings, sequences, written

KNOWN = {item.key for item in items()}


def read(path: Path, evidence: bool = False) -> tuple[Behaviors, list[Case]]:
    found = Behaviors(path, "mind", KNOWN, "all", evidence)
    return found, list(found)


def line(history: str, shown: str, user: str = "U", number: int = 1, time: str = "") -> str:
    return f"{number}\t{user}\t{time}\t{history}\t{shown}"


def test_a_line_gives_its_history_and_its_candidates(tmp_path: Path) -> None:
    _, (case,) = read(written(tmp_path / "b", line("tea-1 tea-2", "tea-3-1 jazz-1-0 jazz-2-0")))
    assert (case.user, keys(case.history)) == ("U", ["mind:tea-1", "mind:tea-2"])
    assert case.candidates == ("mind:tea-3", "mind:jazz-1", "mind:jazz-2")
    assert case.liked.tolist() == [True, False, False]
    assert {one.signal for one in case.history} == {Signal.CLICK}
    assert case.history[0].time < case.history[1].time


def test_no_item_of_the_impression_is_in_the_history(tmp_path: Path) -> None:
    shown = "tea-3-1 jazz-1-0"
    found, (case,) = read(written(tmp_path / "b", line("tea-3 tea-2 jazz-1 tea-3", shown)))
    assert keys(case.history) == ["mind:tea-2"]
    assert found.skipped.history_in_test == 3


def test_what_the_catalog_lacks_is_left_out_of_the_candidates_and_counted(tmp_path: Path) -> None:
    found, (case,) = read(written(tmp_path / "b", line("nowhere tea-2", "tea-3-1 unknown-0 jazz-1-0 jazz-2")))
    assert case.candidates == ("mind:tea-3", "mind:jazz-1")
    assert found.skipped.candidates == 2
    assert keys(case.history) == ["mind:nowhere", "mind:tea-2"]  # the agent sees to that


@pytest.mark.parametrize("shown", ["tea-1-0 tea-2-0", "tea-1-1", "unknown-1 tea-1-0", ""])
def test_an_impression_without_a_click_or_of_clicks_only_is_skipped(tmp_path: Path, shown: str) -> None:
    found, cases = read(written(tmp_path / "b", line("tea-5", shown)))
    assert cases == []
    assert found.skipped.one_sided == 1


def test_what_is_no_line_of_behaviors_is_counted(tmp_path: Path) -> None:
    found, cases = read(
        written(tmp_path / "b", "no columns", line("tea-1", "tea-2-1 jazz-1-0"), line("", "", time="x"))
    )
    assert (len(cases), found.skipped.lines) == (1, 2)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"PK\x03\x04")
    with pytest.raises(FileRefused):
        read(tmp_path / "b")


def test_the_halves_share_no_user_and_leave_nobody_out(tmp_path: Path) -> None:
    path = behaviors(tmp_path, people=40)
    halves = [[case.user for case in Behaviors(path, "mind", KNOWN, half)] for half in ("tune", "report")]
    assert all(halves)
    assert not set(halves[0]) & set(halves[1])
    assert len(halves[0]) + len(halves[1]) == 40


LATER = "11/15/2019 9:00:00 AM"
EARLIER = "11/15/2019 8:00:00 AM"


def test_earlier_impressions_count_only_where_that_is_asked_for(tmp_path: Path) -> None:
    path = written(
        tmp_path / "b",
        line("tea-1", "tea-2-1 jazz-1-0", number=1, time=EARLIER),
        line("tea-1", "tea-3-1 jazz-2-0", number=2, time=LATER),
        line("tea-1", "tea-4-1 jazz-3-0", user="V", number=3, time=LATER),
    )
    assert [keys(case.history) for case in read(path)[1]] == [["mind:tea-1"]] * 3
    first, second, other = read(path, evidence=True)[1]
    assert keys(first.history) == ["mind:tea-1"]
    assert sorted(keys(second.history)) == ["mind:jazz-1", "mind:tea-1", "mind:tea-2"]
    assert {one.item: one.signal for one in second.history if one.item != "tea-1"} == {
        "tea-2": Signal.CLICK,
        "jazz-1": Signal.IMPRESSION,
    }
    assert keys(other.history) == ["mind:tea-1"]


def test_an_earlier_impression_with_an_item_of_this_one_does_not_bring_it_in(tmp_path: Path) -> None:
    path = written(
        tmp_path / "b",
        line("", "tea-2-1 jazz-1-0", number=1, time=EARLIER),
        line("", "tea-2-0 jazz-2-1", number=2, time=LATER),
    )
    _, second = read(path, evidence=True)[1]
    assert keys(second.history) == ["mind:jazz-1"]


def test_an_impression_that_the_file_names_first_but_is_later_is_no_evidence(tmp_path: Path) -> None:
    path = written(
        tmp_path / "b",
        line("", "tea-2-1 jazz-1-0", number=1, time=LATER),
        line("", "tea-3-1 jazz-2-0", number=2, time=EARLIER),
    )
    assert [keys(case.history) for case in read(path, evidence=True)[1]] == [[], []]


def leave_one_out(folder: Path, negatives: int = 9, people: int = 4) -> tuple[LeaveOneOut, list[Case]]:
    _, history, candidates = sequences(folder, people)
    found = LeaveOneOut(history, candidates, "mind", KNOWN, negatives, "all")
    return found, list(found)


def test_the_item_that_followed_is_ranked_among_the_first_candidates_that_are_not_it(tmp_path: Path) -> None:
    _, cases = leave_one_out(tmp_path)
    assert [case.candidates[0] for case in cases] == ["mind:chess-5", "mind:jazz-6", "mind:rowing-7", "mind:tea-8"]
    assert [(len(case.candidates), case.liked.tolist()) for case in cases] == [(10, [True] + [False] * 9)] * 4
    assert cases[0].candidates[1:] == tuple(f"mind:jazz-{place}" for place in range(9))
    assert keys(cases[0].history) == [f"mind:chess-{place}" for place in range(5)]


def test_who_has_too_few_candidates_is_counted(tmp_path: Path) -> None:
    found, cases = leave_one_out(tmp_path, negatives=31)
    assert cases == []
    assert found.left.without_candidates == 4


def test_the_item_that_followed_never_stands_in_the_history_or_twice_among_the_candidates(tmp_path: Path) -> None:
    history = written(
        tmp_path / "x.inter", "user_id:token\titem_id_list:token_seq\titem_id:token", "U\ttea-1 tea-2 tea-1\ttea-1"
    )
    candidates = written(tmp_path / "x.random", "U\ttea-1 jazz-1 tea-2 jazz-2")
    (case,) = LeaveOneOut(history, candidates, "mind", KNOWN, 3, "all")
    assert keys(case.history) == ["mind:tea-2"]
    assert case.candidates == ("mind:tea-1", "mind:jazz-1", "mind:tea-2", "mind:jazz-2")


def test_lines_that_cannot_be_read_and_unknown_targets_are_counted(tmp_path: Path) -> None:
    history = written(
        tmp_path / "x.inter", "user_id:token\titem_id_list:token_seq\titem_id:token", "U\ttea-1\tnowhere", "V\ttea-1"
    )
    candidates = written(tmp_path / "x.random", "U\tjazz-1 jazz-2", "no tab")
    found = LeaveOneOut(history, candidates, "mind", KNOWN, 2, "all")
    assert list(found) == []
    assert (found.left.unknown_target, found.left.lines) == (1, 2)


def test_a_file_without_candidates_is_refused(tmp_path: Path) -> None:
    _, history, _ = sequences(tmp_path)
    with pytest.raises(FileRefused, match="no lines of"):
        list(LeaveOneOut(history, written(tmp_path / "y", "nothing here"), "mind", KNOWN, 9, "all"))


def rated(folder: Path, seed: int = 0, threes: Threes = "click") -> list[Case]:
    path = ratings(folder)[1]
    found = read_ratings(path, "all")
    ids, _ = with_titles(tuple(items()), found.titles())
    return list(RatedCases(found, ids, "mind", seed, threes))


def test_half_of_the_ratings_are_history_and_the_other_half_are_tested(tmp_path: Path) -> None:
    for case in rated(tmp_path):
        assert not set(keys(case.history)) & set(case.candidates)
        assert 15 <= len(case.history) + len(case.candidates) <= 22
        signals = {one.item.partition("-")[0]: one.signal for one in case.history}
        assert set(signals.values()) <= {Signal.LIKE, Signal.DISLIKE, Signal.CLICK}
        loved = {
            key.partition(":")[2].partition("-")[0]
            for key, liked in zip(case.candidates, case.liked, strict=True)
            if liked
        }
        assert len(loved) == 1
        assert signals[loved.pop()] is Signal.LIKE


def test_the_seed_draws_the_halves(tmp_path: Path) -> None:
    first, again, other = (rated(tmp_path, seed) for seed in (0, 0, 1))
    assert [keys(case.history) for case in first] == [keys(case.history) for case in again]
    assert [keys(case.history) for case in first] != [keys(case.history) for case in other]


def test_a_three_is_a_click_or_nothing_and_never_tested(tmp_path: Path) -> None:
    clicks = [one for case in rated(tmp_path) for one in case.history if one.signal is Signal.CLICK]
    assert clicks
    assert not [one for case in rated(tmp_path, threes="ignore") for one in case.history if one.signal is Signal.CLICK]


def test_rows_that_are_no_ratings_and_users_of_one_side_are_counted(tmp_path: Path) -> None:
    path = written(
        tmp_path / "r.csv", "user_id,title,rating", "1,Emma,5", "1,Dune,6", ",Dune,5", "2,Dune,", "1,Ulysses,4"
    )
    found = read_ratings(path, "all")
    ids, _ = with_titles((), found.titles())
    assert list(RatedCases(found, ids, "mind", 0, "click")) == []
    assert (found.unused.rows, found.unused.one_sided) == (3, 1)


@pytest.mark.parametrize("content", ["a,b\n1,2\n", ""])
def test_a_table_without_the_columns_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "r.csv").write_text(content)
    with pytest.raises(FileRefused, match="user_id, title, rating"):
        read_ratings(tmp_path / "r.csv", "all")


def test_a_title_that_the_catalog_lacks_becomes_an_item_of_its_own_words() -> None:
    dune = CatalogItem(provider="books", item="7", title="Dune")
    second = CatalogItem(provider="books", item="8", title="Dune")
    ids, catalog = with_titles((dune, second), ["Emma", "Dune"])
    assert ids["Dune"] == "7"
    assert [item.title for item in catalog] == ["Dune", "Dune", "Emma"]
    assert catalog[-1].item == ids["Emma"]


def test_a_catalog_file_gives_its_items_and_counts_what_it_refuses(tmp_path: Path) -> None:
    path = news(tmp_path)
    path.write_text(path.read_text() + "too few columns\n")
    found = read_catalog(path, "mind")
    assert ([item.key for item in found.items], found.refused) == ([item.key for item in items()], 1)
    assert found.items[0].category == "chess"
