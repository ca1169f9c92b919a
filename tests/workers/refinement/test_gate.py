"""What passes the gate, and for which reason the rest does not."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from schemas.command import (
    AddInterest,
    AvoidText,
    Edit,
    PinInterest,
    RemoveInterest,
    RestoreInterest,
    ReweightInterest,
    RewriteInterest,
)
from schemas.profile import MAX_INTERESTS, Source
from tests.workers.refinement.town import held_interest, item, words_of
from workers.alike import ALIKE, NEAR
from workers.ports import Matrix
from workers.refinement.gate import BORNE_OUT, Checked, Grounds, Refusal, check
from workers.refit import interest_id
from workers.state import HeldInterest

LIKED = [item("old", "jazz", 1), item("new", "chess", 2), item("rare", "tea", 3)]
TITLES = ["Six quiet ways to play jazz at home", "Openings", "A pot of rare tea"]
TEXTS = ("jazz", "old jazz", "new jazz", "chess", "new chess", "tea", "rare tea", "rowing", "quirk", "my own words")
WRITTEN = held_interest("chess", Source.PERSON)
INFERRED = held_interest("tea", Source.BOOTSTRAP)
GROUNDS = Grounds(
    interests=(WRITTEN, INFERRED),
    removed=(),
    avoid=(),
    words={text: words_of(text) for text in TEXTS},
    rows=np.array([np.frombuffer(one.vector, "<f2") for one in LIKED], np.float64),
    titles=TITLES,
    phrases=[one.phrases for one in LIKED],
)


def reasons(edits: Sequence[Edit], grounds: Grounds = GROUNDS, most: int = 10) -> list[Refusal]:
    checked = check(edits, grounds, most)
    assert len(checked.passed) + len(checked.refused) == len(edits)
    return [reason for _, reason in checked.refused]


def add(text: str) -> AddInterest:
    return AddInterest.model_construct(op="add", text=text)


def rewrite(old: str, text: str) -> RewriteInterest:
    return RewriteInterest(interest=interest_id(old), text=text)


def remove(old: str) -> RemoveInterest:
    return RemoveInterest(interest=interest_id(old))


def knowing(**words: Matrix) -> Grounds:
    return replace(GROUNDS, words={**GROUNDS.words, **words})


def test_what_is_sound_passes_in_the_order_proposed() -> None:
    edits: tuple[Edit, ...] = (add("old jazz"), rewrite("tea", "rare tea"))
    assert check(edits, GROUNDS, 10) == Checked(edits)
    assert check((remove("tea"),), GROUNDS, 10) == Checked((remove("tea"),))


@pytest.mark.parametrize(
    "edit",
    [
        AvoidText(text="old jazz"),
        PinInterest(interest=interest_id("tea")),
        ReweightInterest(interest=interest_id("tea"), weight=0.1),
        RestoreInterest(interest=interest_id("tea")),
    ],
)
def test_what_only_a_person_may_do_is_refused(edit: Edit) -> None:
    assert reasons([edit]) == [Refusal.NOT_ALLOWED]


def test_no_more_than_asked_for_pass_and_refused_ones_do_not_count() -> None:
    edits: list[Edit] = [add("jazz\n"), add("old jazz"), add("new jazz"), remove("tea")]
    assert reasons(edits, most=1) == [Refusal.UNREADABLE, Refusal.TOO_MANY, Refusal.TOO_MANY]


@pytest.mark.parametrize("edit", [remove("rowing"), rewrite("rowing", "old jazz")])
def test_an_interest_that_is_not_there(edit: Edit) -> None:
    assert reasons([edit]) == [Refusal.UNKNOWN_INTEREST]


@pytest.mark.parametrize(
    "owned",
    [
        WRITTEN,
        held_interest("chess", Source.IMPORT),
        held_interest("chess", Source.REFINEMENT, pinned=True),
        held_interest("chess", Source.BOOTSTRAP, held_weight=0.2),
    ],
)
def test_what_a_person_has_a_hand_in_is_left_alone(owned: HeldInterest) -> None:
    grounds = replace(GROUNDS, interests=(owned, INFERRED))
    assert reasons([remove("chess"), rewrite("chess", "old jazz")], grounds) == [Refusal.OWNED] * 2


def test_one_interest_is_edited_once() -> None:
    assert reasons([rewrite("tea", "rare tea"), remove("tea")]) == [Refusal.REPEATED]


@pytest.mark.parametrize("text", ["jazz\nand tea", " jazz", "jazz  tea", "j\u200bazz", "\u202ezzaj", "1984", "...", ""])
def test_a_text_that_cannot_be_read_plainly(text: str) -> None:
    assert reasons([add(text)]) == [Refusal.UNREADABLE]


def test_a_text_of_more_than_eighty_characters() -> None:
    assert reasons([add("j" * 81)]) == [Refusal.TOO_LONG]
    assert reasons([add("j" * 80)]) == [Refusal.NO_VECTOR]


@pytest.mark.parametrize(
    "text", [TITLES[0], TITLES[0].upper(), "ways to play jazz at home", "«six quiet ways to play jazz»"]
)
def test_a_copy_of_a_title(text: str) -> None:
    assert reasons([add(text)], knowing(**{text: words_of("jazz")})) == [Refusal.COPIES_TITLE]


@pytest.mark.parametrize("text", ["quiet ways to play", "play jazz", "jazz to play at home", "pot of rare"])
def test_a_few_of_its_words_are_no_copy(text: str) -> None:
    assert reasons([add(text)], knowing(**{text: words_of("old jazz")})) == []


def test_a_phrase_that_items_carry_is_no_copy_of_a_title_of_just_that() -> None:
    grounds = replace(GROUNDS, titles=["Old Jazz", "b", "c"])
    assert reasons([add("old jazz")], grounds) == []
    assert reasons([add("old jazz")], replace(grounds, phrases=[(), (), ()])) == [Refusal.COPIES_TITLE]


def test_a_text_without_a_vector() -> None:
    assert reasons([add("jazz of a sort")]) == [Refusal.NO_VECTOR]


@pytest.mark.parametrize("text", ["old jazz", "OLD JAZZ", "much the same"])
def test_what_the_person_removed_or_avoids_does_not_come_back(text: str) -> None:
    grounds = knowing(**{"much the same": words_of("old jazz"), "OLD JAZZ": words_of("old jazz")})
    assert reasons([add(text)], replace(grounds, removed=("old jazz",))) == [Refusal.REMOVED]
    assert reasons([add(text)], replace(grounds, avoid=("old jazz",))) == [Refusal.AVOIDED]
    assert reasons([rewrite("tea", text)], replace(grounds, removed=("old jazz",))) == [Refusal.REMOVED]


def test_nor_in_words_that_are_merely_near() -> None:
    """To say the same as an interest takes more than to bring back what was removed."""
    near = words_of("old jazz") * 0.87 + words_of("new chess") * np.float32(np.sqrt(1 - 0.87**2))
    assert NEAR < float(near @ words_of("old jazz")) < ALIKE
    grounds = knowing(**{"almost that": near})
    assert reasons([add("almost that")], grounds) == []
    assert reasons([add("almost that")], replace(grounds, removed=("old jazz",))) == [Refusal.REMOVED]
    assert reasons([add("almost that")], replace(grounds, avoid=("old jazz",))) == [Refusal.AVOIDED]


def test_a_removed_text_is_known_by_its_name_where_its_vector_is_lost() -> None:
    assert reasons([add("Old Jazz")], replace(knowing(**{"Old Jazz": words_of("jazz")}), removed=("old jazz",))) == [
        Refusal.REMOVED
    ]


def test_what_the_profile_says_already() -> None:
    grounds = knowing(Tea=words_of("tea"), infusions=words_of("tea"))
    assert reasons([add("Tea"), add("infusions"), rewrite("tea", "Tea")], grounds) == [Refusal.DUPLICATE] * 3
    assert reasons([add("old jazz"), add("old jazz")]) == [Refusal.DUPLICATE]


def test_what_goes_makes_way_for_what_is_like_it() -> None:
    grounds = knowing(infusions=words_of("tea"))
    assert reasons([rewrite("tea", "infusions")], grounds) == []
    assert reasons([remove("tea"), add("infusions")], grounds) == []


def at_cosine(cosine: float) -> Matrix:
    """A text as near as that to the nearest liked item, and away from all else."""
    row = GROUNDS.rows[0]
    aside = np.linalg.svd(np.vstack([GROUNDS.rows, words_of("chess"), words_of("tea")]))[2][-1]
    return np.asarray(cosine * row / np.linalg.norm(row) + np.sqrt(1 - cosine**2) * aside, np.float32)


def test_what_nothing_bears_out() -> None:
    grounds = knowing(far=at_cosine(BORNE_OUT - 0.01), near=at_cosine(BORNE_OUT + 0.01))
    assert reasons([add("far"), add("near")], grounds) == [Refusal.UNFOUNDED]


def test_a_phrase_of_an_item_is_borne_out_however_far_it_lies() -> None:
    grounds = replace(knowing(Far=at_cosine(0.0)), phrases=[("far",), (), ()])
    assert reasons([add("Far")], grounds) == []


def test_an_item_in_our_own_words_proves_nothing() -> None:
    """Somebody fed a profile's text back as an item."""
    ours = held_interest("my own words", Source.REFINEMENT)
    echo = words_of("quirk").astype(np.float64)
    grounds = replace(
        GROUNDS,
        interests=(WRITTEN, ours),
        rows=np.vstack([GROUNDS.rows, echo]),
        titles=[*TITLES, "My own words"],
        phrases=[*GROUNDS.phrases, ("quirk",)],
    )
    assert reasons([add("quirk")], grounds) == [Refusal.UNFOUNDED]
    assert reasons([add("quirk")], replace(grounds, interests=(WRITTEN,))) == []


def test_where_a_person_fills_the_profile_there_is_no_room() -> None:
    own = [held_interest(f"own {number}", Source.PERSON) for number in range(MAX_INTERESTS - 1)]
    assert reasons([add("old jazz"), add("new chess")], replace(GROUNDS, interests=tuple(own))) == [Refusal.TOO_MANY]


def test_nothing_bears_anything_out_where_nothing_was_liked() -> None:
    nothing = replace(GROUNDS, rows=GROUNDS.rows[:0], titles=[], phrases=[])
    assert reasons([add("old jazz")], nothing) == [Refusal.UNFOUNDED]
