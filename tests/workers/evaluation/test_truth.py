import pytest

from schemas.catalog import CatalogItem
from workers.evaluation.truth import is_true


def item(
    title: str = "x", category: str | None = None, text: str | None = None, tags: tuple[str, ...] = ()
) -> CatalogItem:
    return CatalogItem(provider="news", item="n", title=title, category=category, text=text, tags=tags)


def test_an_item_that_contains_the_phrase_as_whole_words_makes_it_true() -> None:
    assert is_true("Hot Seat", [item("A coach on the hot seat, again")])
    assert is_true("climate change", [item(text="What climate change does")])
    assert is_true("be-bop", [item(tags=("be bop",))])
    assert not is_true("art", [item("A martial contest")])
    assert not is_true("seat hot", [item("the hot seat")])


@pytest.mark.parametrize(
    ("phrase", "category"),
    [
        ("sports", "sports/football_nfl"),
        ("football nfl", "sports/football_nfl"),
        ("NFL football", "sports/football_nfl"),
        ("food and drink", "foodanddrink/recipes"),
        ("politics", "news/newspolitics"),
        ("news politics", "news/newspolitics"),
        ("Adult Contemporary", "Pop; Adult Contemporary"),
    ],
)
def test_a_category_that_names_the_phrase_makes_it_true(phrase: str, category: str) -> None:
    assert is_true(phrase, [item(category=category)])


@pytest.mark.parametrize("phrase", ["ball", "poli", "drink food", "", "--"])
def test_a_piece_of_a_category_is_not_its_name(phrase: str) -> None:
    assert not is_true(phrase, [item(category="sports/football_nfl"), item(category="news/newspolitics; foodanddrink")])


def test_without_evidence_nothing_is_true() -> None:
    assert not is_true("sports", [])
