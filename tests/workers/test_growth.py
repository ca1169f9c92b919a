"""How the bank grows: what becomes a candidate, and what of that a phrase."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from schemas.catalog import CatalogItem
from workers.bank import MAX_ITEM_PHRASES, Bank, BankPhrase, Usage
from workers.described import with_phrase
from workers.growth import MAX_WITNESSES, Growth
from workers.phrases import MAX_CHARACTERS
from workers.ports import ItemRecord
from workers.sightings import Sighting
from workers.vectors import pack, unit
from workers.whole_phrases import COHERENT, COHERENT_SINGLE, MIN_ITEMS, MIN_ITEMS_SINGLE

D = 64
BANK = Bank(
    (BankPhrase("star chart", 9, 0.5, ("star chart",)), BankPhrase("space travels", 9, 0.5, ("space travels",))),
    {"spacenews": "space news"},
    Usage(
        ground=0.05,
        common=frozenset({"hot seat", "landing", "week"}),
        unlike_nouns=frozenset({"crossing"}),
        first_names=frozenset({"neil"}),
    ),
)


def rules() -> Growth:
    assert BANK.usage is not None
    return Growth(BANK, BANK.usage)


def item(number: int, title: str, text: str | None = None) -> CatalogItem:
    return CatalogItem(provider="p", item=str(number), title=title, text=text)


def seen_in(title: str, number: int = 1, text: str | None = None) -> list[Sighting]:
    return rules().sightings_of(item(number, title, text), f"hash {number}")


def phrases(title: str, text: str | None = None) -> set[str]:
    return {one.phrase for one in seen_in(title, text=text)}


def rows(count: int, spread: float = 0.6) -> list[bytes]:
    """About one direction; their mean cosine is about 1 / (1 + spread^2)."""
    rng = np.random.default_rng(3)
    axis = rng.standard_normal(D)
    return pack(unit((axis + spread * rng.standard_normal((count, D))).astype(np.float32)))


def records(vectors: Sequence[bytes]) -> dict[str, ItemRecord]:
    made = (ItemRecord(f"p:{n}", "s", row, "x", (), f"hash {n}") for n, row in enumerate(vectors))
    return {one.key: one for one in made}


def witnesses(count: int, phrase: str = "moon landing", form: str = "Moon landing") -> list[Sighting]:
    return [Sighting(phrase, f"p:{n}", f"hash {n}", form, "", "", False) for n in range(count)]


def judged(sightings: Sequence[Sighting], vectors: Sequence[bytes]) -> str | None:
    found = rules().judge(sightings[0].phrase, sightings, records(vectors))
    return found and found[0].text


def test_an_item_shows_the_noun_phrases_that_the_bank_does_not_have() -> None:
    found = seen_in("They watch the Artemis moon landing", text="A moon landing. The crater is deep")
    assert {one.phrase for one in found} == {
        "artemis",
        "artemis moon",
        "artemis moon landing",
        "moon",
        "moon landing",
        "crater",
    }
    assert next(one for one in found if one.phrase == "artemis moon") == Sighting(
        "artemis moon", "p:1", "hash 1", "Artemis moon", "", "landing", False
    )


def test_a_plural_is_the_same_phrase() -> None:
    assert phrases("They watch moon landings") >= {"moon landing"}


@pytest.mark.parametrize(
    ("title", "phrase"),
    [
        ("They like a star chart", "star chart"),  # the bank has it
        ("They like star charts", "star chart"),
        ("They like space travels", "space travel"),
        ("She takes the hot seat", "hot seat"),  # the mined catalog knew it, and it was no phrase there
        ("They like the moon crossing", "moon crossing"),  # mostly no noun
        ("They saw Neil", "neil"),
        ("They like the best craters", "best crater"),
        ("The Big Crater Show", "big crater show"),
        ("They like the crater week", "crater week"),  # an empty noun
    ],
)
def test_what_is_no_candidate(title: str, phrase: str) -> None:
    assert phrase not in phrases(title)


def test_a_candidate_is_no_longer_than_an_interest_may_be() -> None:
    word = "moon" + "o" * 30
    assert all(len(one.form) <= MAX_CHARACTERS for one in seen_in(f"They like {word} {word} {word} landings"))


def test_a_word_too_long_to_be_one_costs_no_time_and_is_no_candidate() -> None:
    assert phrases("They like " + "X" * 490) == set()


def test_a_title_is_told_from_a_part_of_one() -> None:
    assert [one.is_title for one in seen_in("Purple Craters") if one.phrase == "purple crater"] == [True]
    assert not any(one.is_title for one in seen_in("They like purple craters"))


def test_what_enough_items_about_the_same_show_is_a_phrase() -> None:
    found = rules().judge("moon landing", witnesses(MIN_ITEMS), records(rows(MIN_ITEMS)))
    assert found is not None
    grown, shown = found
    assert (grown.phrase, grown.text, grown.forms) == ("moon landing", "Moon landing", ("moon landing",))
    assert [one.key for one in shown] == ["p:0", "p:1", "p:2"]
    assert judged(witnesses(MIN_ITEMS - 1), rows(MIN_ITEMS)) is None


def test_a_single_word_takes_more() -> None:
    assert judged(witnesses(MIN_ITEMS_SINGLE - 1, "moon", "Moon"), rows(9)) is None
    assert judged(witnesses(MIN_ITEMS_SINGLE, "moon", "Moon"), rows(9)) == "Moon"
    between = (1 / ((COHERENT + COHERENT_SINGLE) / 2 + 0.05) - 1) ** 0.5
    assert judged(witnesses(9), rows(9, between)) == "Moon landing"
    assert judged(witnesses(9, "moon", "Moon"), rows(9, between)) is None


def test_a_way_of_speaking_is_not() -> None:
    assert judged(witnesses(9), rows(9, spread=3)) is None


def test_copies_of_one_story_are_one_witness() -> None:
    distinct = rows(MIN_ITEMS)
    assert judged(witnesses(4), [distinct[0], distinct[0], distinct[0], distinct[1]]) is None
    assert judged(witnesses(4), [distinct[0], *distinct]) == "Moon landing"


def test_an_item_that_says_something_else_by_now_or_is_gone_is_no_witness() -> None:
    changed = records(rows(MIN_ITEMS))
    changed["p:1"] = replace(changed["p:1"], content_hash="other")
    assert rules().judge("moon landing", witnesses(MIN_ITEMS), changed) is None
    del changed["p:1"]
    assert rules().judge("moon landing", witnesses(MIN_ITEMS), changed) is None


def test_a_piece_of_one_longer_phrase_is_not() -> None:
    pieces = [one._replace(after="Party") for one in witnesses(3)]
    assert judged(pieces, rows(3)) is None
    assert judged([one._replace(before="Apollo") for one in witnesses(3)], rows(3)) is None
    varied = [one._replace(after=word) for one, word in zip(witnesses(3), ("party", "site", "crew"), strict=True)]
    assert judged(varied, rows(3)) == "Moon landing"
    names = [one._replace(after=word) for one, word in zip(witnesses(3), ("Party", "Site", "Crew"), strict=True)]
    assert judged(names, rows(3)) == "Moon landing"
    empty = [one._replace(before="next", after="news") for one in witnesses(3)]
    assert judged(empty, rows(3)) == "Moon landing"
    name = [one._replace(before="New") for one in witnesses(3)]
    assert judged(name, rows(3)) is None


def test_a_first_name_is_not() -> None:
    names = ("Armstrong", "Young", "Diamond", "", "", "", "")
    first = [one._replace(after=name) for one, name in zip(witnesses(7, "buzz", "Buzz"), names, strict=True)]
    assert judged(first, rows(7)) is None
    assert judged([one._replace(after="") for one in first], rows(7)) == "Buzz"


def test_the_title_of_an_item_is_not() -> None:
    one, *others = witnesses(4)
    assert judged([one._replace(is_title=True), *others], rows(4)) is None


def test_it_is_written_as_its_first_witnesses_write_it_whoever_judges_and_whenever() -> None:
    spelled = ("Moon landings", "moon landing", "moon landing", *["MOON LANDING"] * 9)
    seen = [one._replace(form=form) for one, form in zip(witnesses(MAX_WITNESSES), spelled, strict=True)]
    for count in range(MIN_ITEMS, MAX_WITNESSES + 1):
        assert judged(seen[:count], rows(MAX_WITNESSES)) == "moon landing"


def test_an_item_shows_what_the_bank_has_grown_by_last() -> None:
    shown = rules().phrases_of(item(1, "Star chart of the moon landings"), {"moon landings": "moon landing"})
    assert shown == ("star chart", "moon landing")


def test_a_record_gains_a_phrase_with_how_well_it_fits_once_and_where_there_is_room() -> None:
    (row,) = rows(1)
    record = ItemRecord("p:1", "s", row, "x", ("space",), "hash", (40,))
    gained = with_phrase(record, "Moon landing", row)
    assert gained == replace(record, phrases=("space", "Moon landing"), affinities=(40, 100))
    assert with_phrase(gained, "moon Landing", row) is None
    full = tuple(map(str, range(MAX_ITEM_PHRASES)))
    assert with_phrase(replace(record, phrases=full, affinities=(1,) * len(full)), "moon", row) is None
    assert with_phrase(replace(record, affinities=()), "moon", row) is None  # an earlier release's
