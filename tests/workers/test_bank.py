"""The phrase bank: what a catalog speaks of as one thing, in words a person would own."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from schemas.catalog import CatalogItem
from workers.bank import MAX_ITEM_PHRASES, Bank, BankPhrase, Usage, shown_by
from workers.mining import mine
from workers.phrases import MAX_CHARACTERS
from workers.ports import Matrix
from workers.vectors import unit
from workers.whole_phrases import COHERENT, MIN_ITEMS


def item(number: int, title: str, category: str | None = None, text: str | None = None) -> CatalogItem:
    return CatalogItem(provider="p", item=str(number), title=title, category=category, text=text)


def catalog(*groups: list[str]) -> tuple[list[CatalogItem], Matrix]:
    """Titles of each group lie about one direction of their own; fillers lie anywhere."""
    rng = np.random.default_rng(3)
    items: list[CatalogItem] = []
    rows: list[np.ndarray] = []
    for group in groups:
        axis = rng.standard_normal(64)
        for title in group:
            items.append(item(len(items), title))
            rows.append(axis + 0.3 * rng.standard_normal(64))
    for _ in range(60):
        items.append(item(len(items), "Nothing to see"))
        rows.append(rng.standard_normal(64))
    return items, unit(np.array(rows, np.float32))


def texts(bank: Bank) -> set[str]:
    return {phrase.text for phrase in bank.phrases}


COLLEGE = [f"{team} wins again in college basketball" for team in ("Duke", "Kansas", "Kentucky")]


def test_a_phrase_of_items_that_are_alike_is_one_thing() -> None:
    bank = mine(*catalog(COLLEGE))
    assert "college basketball" in texts(bank)
    found = next(phrase for phrase in bank.phrases if phrase.text == "college basketball")
    assert found.items == MIN_ITEMS
    assert found.coherence > COHERENT


def test_a_way_of_speaking_is_not() -> None:
    """Seen as often, in items about anything."""
    items, vectors = catalog(COLLEGE)
    idiom = [item(900 + n, "He sits in the hot seat again") for n in range(3)]
    scattered = unit(np.random.default_rng(5).standard_normal((3, 64)).astype(np.float32))
    found = texts(mine([*items, *idiom], np.concatenate([vectors, scattered])))
    assert "hot seat" not in found
    assert "college basketball" in found


def test_a_piece_of_one_longer_phrase_is_not() -> None:
    titles = [f"{name} flies to the International Space Station" for name in ("Ann", "Bob", "Eve", "Kim", "Joe")]
    found = texts(mine(*catalog(titles)))
    assert "International Space Station" in found
    assert not found & {"Space", "Space Station", "International Space", "Station"}


def test_two_sightings_are_too_few() -> None:
    assert "college basketball" not in texts(mine(*catalog(COLLEGE[:2])))


def test_a_phrase_does_not_begin_with_an_empty_adjective_nor_end_in_an_empty_noun() -> None:
    titles = [f"{name} shows the best photos of a little kitchen garden" for name in ("Ann", "Bob", "Eve")]
    assert texts(mine(*catalog(titles))) == {"kitchen garden"}


def test_the_title_of_an_item_is_no_phrase() -> None:
    titles = [f"{name} sings in Purple Rain" for name in ("Ann", "Bob", "Eve")]
    assert "Purple Rain" in texts(mine(*catalog(titles)))
    assert "Purple Rain" not in texts(mine(*catalog([*titles, "Purple Rain"])))


def test_names_keep_their_capitals_and_other_nouns_lose_those_of_headlines() -> None:
    titles = [f"{name} Cooks A Pumpkin Pie For Taylor Swift" for name in ("Ann", "Bob", "Eve")]
    lower = [f"{name} likes pumpkin pie" for name in ("Tim", "Tom")]
    assert {"pumpkin pie", "Taylor Swift"} <= texts(mine(*catalog([*titles, *lower])))


def test_a_name_may_begin_with_any_word() -> None:
    titles = [f"A New Hampshire couple wins {prize}" for prize in ("money", "a car", "a house")]
    found = texts(mine(*catalog(titles)))
    assert "Hampshire couple" not in found
    assert "New Hampshire couple" in found


def test_a_run_together_category_is_read_in_the_words_of_the_catalog() -> None:
    titles = ["We like food and drink very much"] * 6
    items, vectors = catalog(titles)
    items = [one.model_copy(update={"category": "foodanddrink/recipes"}) for one in items]
    bank = mine(items, vectors)
    assert bank.levels(items[0]) == ["food and drink", "recipes"]
    autos = [one.model_copy(update={"category": "autos/autosownership"}) for one in items]
    assert mine(autos, vectors).levels(autos[0]) == ["autos", "autos ownership"]


BANK = Bank(
    (
        BankPhrase("basketball", 40, 0.5, ("basketball",)),
        BankPhrase("college basketball", 9, 0.6, ("college basketball",)),
        BankPhrase("recipes", 30, 0.5, ("recipe", "recipes")),
    ),
    {"foodanddrink": "food and drink"},
)


def test_an_item_shows_what_its_words_hold_general_first() -> None:
    assert BANK.phrases_of(item(1, "A night of college basketball", "sports/ncaa")) == (
        "sports",
        "ncaa",
        "basketball",
        "college basketball",
    )
    assert BANK.phrases_of(item(1, "One recipe", "foodanddrink")) == ("food and drink", "recipes")


@pytest.mark.parametrize("title", ["college, basketball", "A col lege basketballs", "college. Basketball-player"])
def test_and_only_what_they_literally_hold(title: str) -> None:
    assert "college basketball" not in BANK.phrases_of(item(1, title))


def test_an_item_shows_no_more_than_its_record_holds() -> None:
    many = Bank(tuple(BankPhrase(f"w{n}", 3, 0.5, (f"w{n}",)) for n in range(40)), {})
    assert len(many.phrases_of(item(1, " ".join(f"w{n}" for n in range(40))))) == MAX_ITEM_PHRASES


def test_no_phrase_is_longer_than_an_interest_may_be_nor_without_a_word() -> None:
    long = "very " * 20 + "long"
    shown = BANK.phrases_of(item(1, "One recipe", f"{long}/***"))
    assert shown[-1] == "recipes"
    assert len(shown) == 2
    assert max(map(len, shown)) <= MAX_CHARACTERS


def test_who_shows_what() -> None:
    items = [item(1, "college basketball"), item(2, "basketball"), item(3, "tennis")]
    assert shown_by(BANK, items) == {"basketball": [0, 1], "college basketball": [0]}


def test_a_bank_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    usage = Usage(0.0625, frozenset({"hot seat", "a"}), frozenset(), frozenset({"kate"}))
    for bank in (BANK, replace(BANK, usage=usage)):
        bank.save(tmp_path / "bank.json")
        assert Bank.load(tmp_path / "bank.json") == bank


def test_the_bank_knows_how_its_catalog_uses_words() -> None:
    """What later phrases are judged by: what was seen often enough and is no phrase, and what words are."""
    items, vectors = catalog(COLLEGE, [f"Kate {name} eats" for name in ("Moss", "Bush", "Hudson", "Beckinsale")])
    idiom = [item(900 + n, "He sits in the hot seat again") for n in range(3)]
    scattered = unit(np.random.default_rng(5).standard_normal((3, 64)).astype(np.float32))
    usage = mine([*items, *idiom], np.concatenate([vectors, scattered])).usage
    assert usage is not None
    assert "hot seat" in usage.common
    assert not {"college basketball", "kate moss", "kansas"} & usage.common  # in the bank, or seen once
    assert "seat" in usage.common  # an ordinary word, however rare
    assert "kate" in usage.first_names
    assert "moss" not in usage.first_names
    cosines = np.concatenate([vectors, scattered]) @ np.concatenate([vectors, scattered]).T
    assert usage.ground == pytest.approx(cosines[~np.eye(len(cosines), dtype=bool)].mean(), abs=1e-5)


def test_a_bank_of_an_earlier_release_knows_nothing_of_that(tmp_path: Path) -> None:
    BANK.save(tmp_path / "bank.json")
    data = json.loads((tmp_path / "bank.json").read_text("utf-8"))
    del data["usage"]
    (tmp_path / "bank.json").write_text(json.dumps(data), "utf-8")
    assert Bank.load(tmp_path / "bank.json").usage is None
