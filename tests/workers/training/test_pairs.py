"""Pairs from the catalog alone, and how items are parted."""

from typing import Any

import pytest

from schemas.catalog import CatalogItem
from tests.workers.training.catalogs import small_catalog
from workers.training.pairs import (
    MAX_PER_INTEREST,
    Kind,
    Pair,
    Part,
    corpus_of,
    pairs_of,
    part_of,
    searchable,
    unsaid,
)

REST = "Jimmy Garoppolo threw four touchdowns in a win over the Cardinals."


def item(**fields: Any) -> CatalogItem:
    return CatalogItem.model_validate({"provider": "news", "item": "n1", "title": "49ers find new gear"} | fields)


def phrases(_: CatalogItem) -> tuple[str, ...]:
    return ("sports", "49ers")


class TestPairsOfAnItem:
    def test_each_category_level_and_each_phrase_goes_with_the_whole_text(self) -> None:
        pairs = pairs_of(item(category="sports/football_nfl"), phrases)
        content = "sports football nfl: 49ers find new gear"
        assert [(pair.interest, pair.kind, pair.content) for pair in pairs] == [
            ("sports", Kind.CATEGORY, content),
            ("football nfl", Kind.CATEGORY, content),
            ("49ers", Kind.PHRASE, content),
        ]

    def test_the_title_goes_with_the_rest_of_the_words(self) -> None:
        *_, last = pairs_of(item(category="sports", text=REST), phrases)
        assert last == Pair("news:n1", "49ers find new gear", f"sports: {REST}", Kind.TITLE)

    def test_a_text_that_says_too_little_is_not_told_by_its_title(self) -> None:
        assert Kind.TITLE not in {pair.kind for pair in pairs_of(item(text="Details inside."), phrases)}

    def test_an_item_without_words_of_its_own_gives_none(self) -> None:
        assert pairs_of(item(title="49ers"), lambda _: ()) == ()


class TestUnsaid:
    @pytest.mark.parametrize("interest", ["football nfl", "Football-NFL"])
    def test_takes_the_interest_s_words_out_of_the_content(self, interest: str) -> None:
        pair = Pair("news:n1", interest, f"sports football nfl: {REST}", Kind.CATEGORY)
        assert unsaid(pair).content == f"sports : {REST}"

    def test_leaves_a_content_that_would_say_too_little(self) -> None:
        pair = Pair("news:n1", "49ers", "sports: 49ers win", Kind.PHRASE)
        assert unsaid(pair) is pair

    def test_takes_whole_words_only(self) -> None:
        pair = Pair("news:n1", "gear", f"gearbox: {REST}", Kind.PHRASE)
        assert unsaid(pair).content == pair.content


class TestCorpus:
    def test_no_item_stands_in_two_parts(self) -> None:
        corpus = corpus_of(small_catalog())
        parts = [{pair.item for pair in part} for part in (corpus.training, corpus.development, corpus.held_out)]
        assert all(parts)
        assert sum(map(len, parts)) == len(set().union(*parts)) == 300

    def test_an_item_s_part_depends_on_its_key_alone(self) -> None:
        shares = [part_of(f"p:{number}") for number in range(5_000)]
        assert shares.count(Part.TRAINING) == pytest.approx(4_000, abs=100)
        assert shares.count(Part.HELD_OUT) == pytest.approx(800, abs=80)
        assert (
            corpus_of(small_catalog()[:50]).held_out
            == corpus_of(small_catalog()).held_out[: len(corpus_of(small_catalog()[:50]).held_out)]
        )

    def test_half_of_the_training_contents_do_not_say_their_interest(self) -> None:
        pairs = [pair for pair in corpus_of(small_catalog()).training if pair.kind is Kind.CATEGORY]
        said = [searchable(pair.interest) in searchable(pair.content) for pair in pairs]
        assert 0.4 < sum(said) / len(said) < 0.6

    def test_the_measured_contents_are_whole(self) -> None:
        corpus = corpus_of(small_catalog())
        for pair in (*corpus.development, *corpus.held_out):
            assert pair.kind is Kind.TITLE or searchable(pair.interest) in searchable(pair.content)

    def test_an_interest_of_many_items_is_thinned(self) -> None:
        items = [item(item=f"n{number}", category="sports", title=f"T {number}") for number in range(600)]
        training = corpus_of(items, phrases=lambda _: ()).training
        assert len(training) == MAX_PER_INTEREST

    def test_described_pairs_are_parted_by_item_too(self) -> None:
        described = [Pair(f"p:i{number}", "cool jazz", "a quartet plays", Kind.DESCRIBED) for number in range(100)]
        corpus = corpus_of([], described)
        assert {part_of(pair.item) for pair in corpus.held_out} == {Part.HELD_OUT}
        assert len(corpus.training) + len(corpus.development) + len(corpus.held_out) == 100
