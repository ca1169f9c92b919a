"""Pairs that a proposer makes: it describes each item in the words of an interest, as it does for a cluster."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.base import item_key
from schemas.catalog import CatalogItem
from schemas.profile import MAX_INTERESTS
from schemas.proposal import Outcome
from workers.phrases import MAX_CHARACTERS, phrases_of, plain
from workers.refinement.asks import ClusterAsk
from workers.refinement.ports import Proposer
from workers.space import item_text
from workers.training.pairs import Kind, Pair

ITEMS = min(8, MAX_INTERESTS)
"""Items in one ask: a prompt of 8 titles and their phrases stays under 1,000 tokens."""

AT_ONCE = 8
"""Asks on their way: what one server batches well (FACTS: 40 to 55 answers a second at 8)."""


@dataclass(frozen=True, slots=True)
class DescribedPairs:
    """`failed` counts items of asks that were not answered: they are not taken for items that interest nobody."""

    pairs: tuple[Pair, ...]
    asked: int
    failed: int


async def describe_items(items: Sequence[CatalogItem], proposer: Proposer) -> DescribedPairs:
    """One pair for each item that the proposer has words for, in the items' order."""
    gate = asyncio.Semaphore(AT_ONCE)
    groups = [items[start : start + ITEMS] for start in range(0, len(items), ITEMS)]
    answers = await asyncio.gather(*(_ask(group, proposer, gate) for group in groups))
    pairs = tuple(pair for answer in answers for pair in answer or ())
    failed = sum(len(group) for group, answer in zip(groups, answers, strict=True) if answer is None)
    return DescribedPairs(pairs, len(items), failed)


async def _ask(items: Sequence[CatalogItem], proposer: Proposer, gate: asyncio.Semaphore) -> list[Pair] | None:
    """None where the proposer could not be asked."""
    ask = ClusterAsk(tuple((plain(item.title),) for item in items), tuple(phrases_of(item) for item in items))
    async with gate:
        answer = await proposer.describe(ask)
    if answer.outcome is Outcome.FAILED:
        return None
    texts = answer.texts if len(answer.texts) == len(items) else ()
    return [pair for item, text in zip(items, texts, strict=False) if (pair := _pair(item, text)) is not None]


def _pair(item: CatalogItem, text: str | None) -> Pair | None:
    """None for no words, too many, or a copy of the title: that would be the item, not an interest."""
    interest = plain(text or "")
    if not interest or len(interest) > MAX_CHARACTERS or interest.casefold() == plain(item.title).casefold():
        return None
    return Pair(item_key(item.provider, item.item), interest, item_text(item), Kind.DESCRIBED)
