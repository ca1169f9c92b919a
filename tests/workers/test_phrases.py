"""Which readable phrases an item is evidence for."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalog import CatalogItem
from workers.phrases import category_levels, phrases_of, plain


def item(title: str, category: str | None = None, tags: tuple[str, ...] = ()) -> CatalogItem:
    return CatalogItem(provider="p", item="1", title=title, category=category, tags=tags)


@pytest.mark.parametrize(
    ("category", "levels"),
    [
        ("sports/football_nfl", ("sports", "football nfl")),
        ("Books > Science Fiction", ("Books", "Science Fiction")),
        ("Classic Rock; Album-Oriented Rock (AOR)", ("Classic Rock", "Album Oriented Rock (AOR)")),
        ("newspolitics", ("newspolitics",)),
        ("//", ()),
        (None, ()),
    ],
)
def test_a_category_is_read_level_by_level(category: str | None, levels: tuple[str, ...]) -> None:
    assert category_levels(category) == levels


def test_the_general_comes_first_category_then_tags_then_names() -> None:
    found = phrases_of(item("Why the New York Giants lost to Dallas", "sports/football_nfl", ("american_football",)))
    assert found == ("sports", "football nfl", "american football", "New York Giants", "Dallas")


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Eagles' Jordan Howard not cleared for contract as Jay Ajayi visits team", ("Jordan Howard", "Jay Ajayi")),
        ("Dictator of the International Court of Justice got 30 years", ("International Court of Justice",)),
        ("Alec Baldwin's heart goes out to William H. Macy", ("Alec Baldwin", "William H Macy")),
        ("The Superdome was a big idea. Now it is bigger", ("Superdome",)),
        ("Colorado doctor accused of fraud", ()),
        ("Polar bear wanders across a field (Manitoba) on Monday", ("Manitoba",)),
        ("Big Boys Are Coming: Cadillac Escalade, Chevrolet Suburban, GMC Yukon", ()),
    ],
)
def test_names_are_found_in_sentences_and_not_in_title_case(title: str, names: tuple[str, ...]) -> None:
    """A single word that begins a sentence is capitalised whatever it is; in Title Case every word is."""
    assert phrases_of(item(title, "news")) == ("news", *names)


def test_a_title_alone_gives_words_then_names_then_pairs() -> None:
    found = phrases_of(item("14 butternut squash recipes for cozy fall meals from Upper Vermont"))
    assert found[:3] == ("butternut", "recipes", "Vermont")  # the longest
    assert found[3:] == ("Upper Vermont", "butternut squash", "squash recipes", "cozy fall", "fall meals")


def test_stop_words_contractions_and_figures_say_nothing() -> None:
    assert phrases_of(item("Here's what you can't do in 30 more days")) == ("days",)


@pytest.mark.parametrize("title", ["Heaven", "Tall Ships", "“Heaven”", "the heaven"])
def test_the_whole_title_is_never_a_phrase(title: str) -> None:
    bare = title.strip("“”").casefold()
    assert bare not in [phrase.casefold() for phrase in phrases_of(item(title))]


def test_a_tag_of_the_title_s_words_is_taken() -> None:
    assert phrases_of(item("Sade", tags=("Sade",))) == ("Sade",)


def test_no_two_are_alike_but_for_case() -> None:
    assert phrases_of(item("x", "Jazz/jazz", ("JAZZ", "cool_jazz", "Cool-Jazz"))) == ("Jazz", "cool jazz")


def test_at_most_eight_and_the_general_stay() -> None:
    found = phrases_of(item("x", "music/rock", tuple(f"tag {n}" for n in range(16))))
    assert found == ("music", "rock", *(f"tag {n}" for n in range(6)))


def test_what_cannot_be_seen_is_left_out() -> None:
    assert plain("a\u200bb\u202ec\x00d\n\te \u00a0f") == "abc d e f"
    assert phrases_of(item("x", "sci\u200bence/\u202eart")) == ("science", "art")


@pytest.mark.parametrize(
    "unseen", ["\u3164", "\u115f\u1160", "\uffa0", "\u2800", "\u034f", "\ufe0f", "\U000e0100", "\u180b"]
)
def test_what_is_a_letter_to_unicode_and_nothing_to_the_eye_is_left_out(unseen: str) -> None:
    assert plain(f"a{unseen}b") == "ab"
    assert phrases_of(item("x", unseen, (unseen * 3, f"jazz{unseen}"))) == ("jazz",)


def test_accents_do_not_pile_up() -> None:
    assert plain("jazz" + "\u0335\u0489" * 40) == "jazz" + "\u0335\u0489" * 2
    assert plain(pointed := "שָּׁ֑לוֹם") == pointed


def test_labels_without_letters_or_digits_are_left_out() -> None:
    assert phrases_of(item("x", "---/!!!", ("★", "_"))) == ()


def test_long_labels_are_cut_between_words_or_else_within() -> None:
    words, word = "word " * 24, "w" * 120
    assert phrases_of(item("x", words.strip())) == (("word " * 16).strip(),)
    assert phrases_of(item("x", word)) == ("w" * 80,)


def test_other_scripts_keep_their_words_whole() -> None:
    hindi = "हिन्दी समाचार पत्रिका"
    assert set(phrases_of(item(hindi))) >= set(hindi.split())
    assert phrases_of(item("東京タワーの夜景", "旅行/日本")) == ("旅行", "日本")


titles = st.text(min_size=1, max_size=200).filter(lambda text: bool(text.strip()))
labels = st.text(min_size=1, max_size=120)


@given(titles, st.none() | labels, st.lists(labels, max_size=16))
def test_whatever_the_words_the_limits_hold(title: str, category: str | None, tags: list[str]) -> None:
    entry = item(title, category, tuple(tags))
    found = phrases_of(entry)
    assert found == phrases_of(entry)
    assert len(found) <= 8
    assert len({phrase.casefold() for phrase in found}) == len(found)
    for phrase in found:
        assert 1 <= len(phrase) <= 80
        assert phrase == " ".join(phrase.split())
        assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"} for character in phrase)
        assert phrase == plain(phrase)


def test_it_takes_less_than_50_microseconds_an_item() -> None:
    entry = item("Eagles' Jordan Howard not cleared for contract as Jay Ajayi visits team", "sports/football_nfl")
    start = time.process_time()
    for _ in range(2_000):
        phrases_of(entry)
    assert (time.process_time() - start) / 2_000 < 250e-6  # 30 measured; the rest is for a slow machine
