"""Pairs that a proposer makes: what it says is taken where it can be one, and its failures are counted."""

from typing import Literal

import pytest

from schemas.catalog import CatalogItem
from schemas.proposal import Cost, Outcome
from workers.refinement.asks import Answer, Ask, ClusterAsk, Described
from workers.training.described import ITEMS, describe_items
from workers.training.pairs import Kind, Pair

CATALOG = [CatalogItem(provider="p", item=f"i{n}", title=f"Title {n}", category="jazz") for n in range(20)]


class Describer:
    """Says "about TITLE" of each; fails for asks that hold one of `broken`."""

    name: Literal["vllm"] = "vllm"

    def __init__(self, broken: tuple[str, ...] = (), says: str | None = "about {}") -> None:
        self.asks: list[ClusterAsk] = []
        self._broken = broken
        self._says = says

    def most(self, ask: Ask | ClusterAsk) -> Cost:
        return Cost()

    async def propose(self, ask: Ask) -> Answer:
        raise AssertionError("is not asked for edits")

    async def describe(self, ask: ClusterAsk) -> Described:
        self.asks.append(ask)
        titles = [title for (title,) in ask.clusters]
        if set(titles) & set(self._broken):
            return Described(Outcome.FAILED)
        return Described(Outcome.OK, tuple(self._says and self._says.format(title) for title in titles))


async def test_each_item_is_described_once_with_its_own_content() -> None:
    proposer = Describer()
    found = await describe_items(CATALOG, proposer)
    assert found.pairs[3] == Pair("p:i3", "about Title 3", "jazz: Title 3", Kind.DESCRIBED)
    assert len({pair.item for pair in found.pairs}) == found.asked == 20
    assert [len(ask.clusters) for ask in proposer.asks] == [ITEMS, ITEMS, 4]
    assert "jazz" in proposer.asks[0].candidates[0]


async def test_a_failed_ask_says_nothing_about_its_items() -> None:
    found = await describe_items(CATALOG, Describer(broken=("Title 19",)))
    assert (found.asked, found.failed, len(found.pairs)) == (20, 4, 16)


@pytest.mark.parametrize("says", [None, "", "x" * 81, "{}", " \u200b "])
async def test_no_words_too_many_or_a_copy_of_the_title_make_no_pair(says: str | None) -> None:
    found = await describe_items(CATALOG, Describer(says=says))
    assert (found.pairs, found.failed) == ((), 0)
