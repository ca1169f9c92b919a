"""What a version changed, read from two versions; and the history of all of them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.person import Difference
from schemas.profile import Cause, Source
from tests.workers.mailbox import fold_in
from tests.workers.test_rollback import EVERY_EDIT, reading
from workers.differences import MAX_DIFFERENCES, differences, history
from workers.held import interest_id
from workers.versions import VersionedText, VersionRecord, remembered


def text(name: str, weight: float = 0.5, pinned: bool = False, held: bool = False) -> VersionedText:
    return VersionedText(interest_id(name), name, weight, pinned, held, Source.PERSON if held else Source.BOOTSTRAP)


def version(*interests: VersionedText, number: int = 2, **given: Any) -> VersionRecord:
    fields: dict[str, Any] = {
        "version": number,
        "cause": Cause.EDIT,
        "accepted_ms": 1_790_000_000_000,
        "reward_before": None,
        "reward_after": None,
        "interests": interests,
        "avoid": (),
        "removed": (),
        "dropped": (),
        "keep_away": None,
    }
    return VersionRecord(**(fields | given))


JAZZ = text("jazz")
GOLF = text("golf", -1.0, held=True)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param(version(), version(JAZZ), Difference(what="added", text="jazz", after=0.5), id="added"),
        pytest.param(version(JAZZ), version(), Difference(what="removed", text="jazz", before=0.5), id="removed"),
        pytest.param(
            version(removed=("jazz",)),
            version(JAZZ),
            Difference(what="restored", text="jazz", after=0.5),
            id="restored",
        ),
        pytest.param(
            version(JAZZ),
            version(text("bebop", held=True), removed=("jazz",)),
            Difference(what="rewritten", text="bebop", text_before="jazz", before=0.5, after=0.5),
            id="rewritten",
        ),
        pytest.param(
            version(JAZZ),
            version(text("Jazz")),
            Difference(what="rewritten", text="Jazz", text_before="jazz", before=0.5, after=0.5),
            id="in another case",
        ),
        pytest.param(
            version(JAZZ),
            version(text("jazz", 0.25)),
            Difference(what="reweighted", text="jazz", before=0.5, after=0.25),
            id="reweighted",
        ),
        pytest.param(
            version(JAZZ), version(text("jazz", pinned=True)), Difference(what="pinned", text="jazz"), id="pinned"
        ),
        pytest.param(
            version(text("jazz", pinned=True)), version(JAZZ), Difference(what="unpinned", text="jazz"), id="unpinned"
        ),
        pytest.param(
            version(text("golf", 0.3)),
            version(avoid=(GOLF,), removed=("golf",)),
            Difference(what="avoided", text="golf", before=0.3, after=-1.0),
            id="avoided",
        ),
        pytest.param(
            version(avoid=(GOLF,), removed=("golf",)),
            version(),
            Difference(what="allowed", text="golf", before=-1.0),
            id="no longer avoided",
        ),
        pytest.param(
            version(avoid=(GOLF,), removed=("golf",)),
            version(text("golf", 0.75, held=True)),
            Difference(what="added", text="golf", before=-1.0, after=0.75),
            id="avoided, and now liked",
        ),
        pytest.param(
            version(removed=("jazz",)), version(), Difference(what="allowed", text="jazz"), id="may be inferred again"
        ),
        pytest.param(
            version(JAZZ),
            version(JAZZ, keep_away=0.25),
            Difference(what="keep_away", text="how near to what is avoided", after=0.25),
            id="the distance",
        ),
    ],
)
def test_one_change_is_one_difference(before: VersionRecord, after: VersionRecord, told: Difference) -> None:
    assert differences(before, after) == (told,)


def test_what_a_refit_moves_by_a_hair_is_left_out_and_what_a_person_sets_is_not() -> None:
    assert differences(version(JAZZ), version(text("jazz", 0.505))) == ()
    (told,) = differences(version(JAZZ), version(text("jazz", 0.505, held=True)))
    assert (told.what, told.after) == ("reweighted", 0.505)


def test_a_removal_and_an_addition_of_another_weight_are_no_rewriting() -> None:
    told = differences(version(JAZZ), version(text("bebop", 0.75, held=True), removed=("jazz",)))
    assert [(one.what, one.text) for one in told] == [("added", "bebop"), ("removed", "jazz")]


def test_two_rewritings_have_one_heir_each() -> None:
    before = version(JAZZ, text("golf"))
    after = version(text("bebop", held=True), text("chess", held=True), removed=("jazz", "golf"))
    assert [(one.text_before, one.text) for one in differences(before, after)] == [("jazz", "bebop"), ("golf", "chess")]


def test_the_largest_changes_come_first_and_the_smallest_are_left_out() -> None:
    before = version(*(text(f"topic {n}", 0.0) for n in range(80)))
    told = differences(before, version(*(text(f"topic {n}", 0.02 + n / 100) for n in range(80))))
    assert len(told) == MAX_DIFFERENCES
    assert [one.text for one in told[:2]] == ["topic 79", "topic 78"]


def test_a_profile_that_had_nothing_has_all_of_it_added() -> None:
    assert [(one.what, one.text) for one in differences(None, version(JAZZ, avoid=(GOLF,)))] == [
        ("added", "jazz"),
        ("avoided", "golf"),
    ]


class TestHistory:
    def test_is_newest_first_with_the_differences_to_the_one_before(self) -> None:
        first = version(JAZZ, number=1, cause=Cause.FIRST)
        second = version(JAZZ, text("chess"), number=2, reward_before=0.5, reward_after=0.75)
        newest, oldest = history([first, second])
        assert (newest.version, newest.cause, newest.time) == (
            2,
            Cause.EDIT,
            datetime.fromtimestamp(1_790_000_000, UTC),
        )
        assert (newest.reward_before, newest.reward_after) == (0.5, 0.75)
        assert [one.text for one in newest.differences] == ["chess"]
        assert [one.text for one in newest.interests] == ["jazz", "chess"]
        assert [one.text for one in oldest.differences] == ["jazz"]

    def test_the_oldest_has_none_where_what_was_before_it_is_forgotten(self) -> None:
        (only,) = history([version(JAZZ, number=7)])
        assert only.differences == ()

    def test_of_nothing_is_nothing(self) -> None:
        assert history([]) == ()


EVERY_DIFFERENCE = {
    "add": ("added", "chess"),
    "add what is inferred": ("reweighted", "tea"),
    "rewrite": ("rewritten", "rare tea"),
    "reweight": ("reweighted", "jazz"),
    "reweight what is avoided": ("reweighted", "old chess"),
    "pin": ("pinned", "tea"),
    "unpin": ("unpinned", "rowing"),
    "avoid": ("avoided", "jazz"),
    "remove": ("removed", "tea"),
    "remove what is avoided": ("allowed", "old chess"),
    "restore": ("added", "old chess"),
    "keep away": ("keep_away", "how near to what is avoided"),
}


@pytest.mark.parametrize("name", EVERY_EDIT)
def test_what_a_person_does_is_told_as_that(name: str) -> None:
    """By the agent that carries it out; beside it the re-fit may have moved other weights."""
    mailbox = reading()
    mailbox.edit(EVERY_EDIT[name])
    newest, *_ = history(remembered(fold_in(mailbox.events).state))
    assert EVERY_DIFFERENCE[name] in [(one.what, one.text) for one in newest.differences]
    assert {one.what for one in newest.differences} <= {EVERY_DIFFERENCE[name][0], "reweighted", "added", "removed"}
