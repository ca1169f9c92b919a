"""How ten clicks and one dislike move a topic: `python -m benchmarks.dislikes` (docs/decisions/0003).

For every topic of the sample and every draw: ten clicks on items of the topic, then a dislike of another of its items.
Prints how often the topic came first, how many of the ten best unseen items were of it, and how often the dislike did
not lower its weight.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from infra.sample.catalog import sample_items
from schemas.catalog import CatalogItem
from schemas.interaction import Interaction, Signal
from streams.topics import INTERACTIONS
from workers.agent import AgentRules, Event, fold
from workers.background import background_of
from workers.knowledge import Knowledge
from workers.phrases import phrases_of
from workers.ports import ItemRecord, Matrix, Record
from workers.refit import FitRules
from workers.scoring import score
from workers.space import SentenceEncoder, item_text
from workers.state import UserState, encode_state
from workers.vectors import pack

DRAWS = 30
CLICKS = 10
START = datetime(2026, 11, 1, tzinfo=UTC)


def main() -> None:
    items = [CatalogItem.model_validate(item) for item in sample_items()]
    encoder = SentenceEncoder()
    vectors = encoder.encode([item_text(item) for item in items])
    known = _knowledge(items, vectors, encoder)
    rules = AgentRules(FitRules(background_of(encoder.space, encoder.dimension)))
    results = list(_draws(items, vectors, known, rules))
    first, of_topic, rose = (sum(column) for column in zip(*results, strict=True))
    print(f"{len(results)} draws: topic first {first}, dislike did not lower it {rose}")
    print(f"of the {CLICKS} best unseen items {of_topic / len(results):.2f} are of the topic")


def _draws(
    items: Sequence[CatalogItem], vectors: Matrix, known: Knowledge, rules: AgentRules
) -> Iterator[tuple[bool, int, bool]]:
    rng = random.Random(1)
    topics = sorted({item.category or "" for item in items})
    for topic in topics * DRAWS:
        mine = [item for item in items if item.category == topic]
        *clicked, disliked = rng.sample(mine, CLICKS + 1)
        events = [_event(item, Signal.CLICK, n) for n, item in enumerate(clicked)]
        before = fold(None, events, known, rules, _unread).state
        after = fold(encode_state(before), [_event(disliked, Signal.DISLIKE, CLICKS)], known, rules, _unread).state
        unseen = [item.category for item in _best_unseen(before, items, vectors)]
        first = before.interests[0].text == topic
        yield first, unseen.count(topic), _weight(after, topic) >= _weight(before, topic)


def _knowledge(items: Sequence[CatalogItem], vectors: Matrix, encoder: SentenceEncoder) -> Knowledge:
    known = Knowledge()
    phrases = sorted({phrase for item in items for phrase in phrases_of(item)})
    rows = zip(items, pack(vectors), strict=True)
    records = {
        item.key: ItemRecord(item.key, encoder.space, row, item.title, phrases_of(item), "") for item, row in rows
    }
    known.learn_items(records, records)
    known.learn_phrases(phrases, dict(zip(phrases, pack(encoder.encode(phrases)), strict=True)))
    return known


def _event(item: CatalogItem, signal: Signal, n: int) -> Event:
    message = Interaction(
        event_id=f"event-{n}",
        user="someone",
        provider=item.provider,
        item=item.item,
        signal=signal,
        time=START + timedelta(minutes=n),
    )
    return Event(Record(INTERACTIONS, 0, n, b"someone", None, int(message.time.timestamp() * 1000)), message)


def _unread(record: Record) -> Interaction:
    raise AssertionError("every item is known: nothing waits")


def _best_unseen(state: UserState, items: Sequence[CatalogItem], vectors: Matrix) -> list[CatalogItem]:
    scores = score("mixture", vectors @ state.vectors().T, state.weights(), np.zeros((len(items), 0)))
    ranked = [items[position] for position in np.argsort(-scores)]
    return [item for item in ranked if item.key not in state.items_seen()][:CLICKS]


def _weight(state: UserState, text: str) -> float:
    return next((interest.weight for interest in state.interests if interest.text == text), 0.0)


if __name__ == "__main__":
    main()
