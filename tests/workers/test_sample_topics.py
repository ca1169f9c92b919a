"""The whole heart on the sample, with the real model: whoever clicks on ten items of a topic has that topic first, and
finds more of it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from infra.sample.catalog import sample_items, topics
from schemas.catalog import CatalogItem
from schemas.interaction import Interaction, Signal
from streams.topics import INTERACTIONS
from tests.workers.mailbox import fold_bytes, fold_in, weights_of
from workers.agent import AgentRules, Event, Folded
from workers.background import background_of
from workers.knowledge import Knowledge
from workers.phrases import phrases_of
from workers.ports import ItemRecord, Matrix, Record
from workers.refit import FitRules
from workers.scoring import mixture
from workers.space import BUNDLED, SentenceEncoder, item_text
from workers.state import UserState
from workers.vectors import pack, unpack

pytestmark = pytest.mark.timeout(240)  # the first import of torch and 480 texts, on cores that others keep busy

START = datetime(2026, 5, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Sample:
    """The sample as the embedder leaves it in the store."""

    keys: list[str]
    vectors: Matrix
    known: Knowledge
    rules: AgentRules

    def fold(self, acts: list[tuple[str, Signal]]) -> Folded:
        return fold_in(events(acts), known=self.known, rules=self.rules)

    def bytes(self, acts: list[tuple[str, Signal]]) -> bytes:
        return fold_bytes(events(acts), known=self.known, rules=self.rules)

    def best_unseen(self, state: UserState, k: int = 10) -> list[str]:
        scores = mixture(self.vectors @ state.vectors().T, state.weights(), np.zeros((len(self.keys), 0), np.float32))
        seen = state.items_seen()
        return [key for at in np.argsort(-scores) if (key := self.keys[at]) not in seen][:k]


def events(acts: list[tuple[str, Signal]]) -> list[Event]:
    return list(_events(acts))


def _events(acts: list[tuple[str, Signal]]) -> Iterator[Event]:
    for number, (key, signal) in enumerate(acts):
        provider, item = key.split(":", 1)
        time = START + timedelta(seconds=number)
        message = Interaction(event_id=f"e{number}", user="u", provider=provider, item=item, signal=signal, time=time)
        yield Event(Record(INTERACTIONS, 0, number, b"u", message.to_bytes(), round(time.timestamp() * 1000)), message)


@pytest.fixture(scope="module")
def sample() -> Sample:
    encoder = SentenceEncoder(BUNDLED)
    items = [CatalogItem.model_validate(item) for item in sample_items()]
    phrases = sorted({phrase for item in items for phrase in phrases_of(item)})
    vectors = pack(encoder.encode([item_text(item) for item in items]))
    records = {
        item.key: ItemRecord(item.key, encoder.space, vector, item.title, phrases_of(item), "")
        for item, vector in zip(items, vectors, strict=True)
    }
    known = Knowledge()
    known.learn_items(records, records)
    known.learn_phrases(phrases, dict(zip(phrases, pack(encoder.encode(phrases)), strict=True)))
    rules = AgentRules(FitRules(background_of(encoder.space, encoder.dimension)))
    return Sample(list(records), unpack(vectors, encoder.dimension), known, rules)


def ten_clicks(topic: str) -> list[tuple[str, Signal]]:
    return [(key, Signal.CLICK) for key in random.Random(topic).sample(topics()[topic], 10)]


every_topic = pytest.mark.parametrize("topic", topics())


def test_there_are_eighteen_topics() -> None:
    assert len(topics()) == 18


@every_topic
def test_ten_clicks_name_their_topic_first_and_find_more_of_it(sample: Sample, topic: str) -> None:
    state = sample.fold(ten_clicks(topic)).state
    assert state.interests[0].text == topic
    found = sample.best_unseen(state)
    assert sum(key in topics()[topic] for key in found) >= 8


@every_topic
def test_disliking_any_item_of_a_topic_lowers_it_and_taking_that_back_restores_it(sample: Sample, topic: str) -> None:
    clicks = [*ten_clicks(topic), (topics()[topic][0], Signal.LIKE)]
    before = sample.fold(clicks).state
    for disliked in topics()[topic][:6]:
        after = sample.fold([*clicks, (disliked, Signal.DISLIKE)]).state
        assert weights_of(after).get(topic, 0.0) < weights_of(before)[topic]
    other = next(key for key in topics()[topic] if key not in dict(clicks))
    taken_back = sample.fold([*clicks, (other, Signal.DISLIKE), (other, Signal.RETRACT)]).state
    assert taken_back.interests == before.interests


@every_topic
def test_taking_back_the_clicks_on_a_topic_restores_what_was_before_them(sample: Sample, topic: str) -> None:
    other = next(name for name in topics() if name != topic)
    before = [*ten_clicks(other), (topics()[other][-1], Signal.LIKE)]
    clicks = [one for one in ten_clicks(topic) if one[0] not in dict(before)]
    back = [(key, Signal.RETRACT) for key, _ in clicks]
    assert sample.fold([*before, *clicks, *back]).state.interests == sample.fold(before).state.interests
    assert topic in weights_of(sample.fold([*before, *clicks, (clicks[0][0], Signal.LIKE)]).state)


def test_a_record_of_a_person_with_two_topics_is_small(sample: Sample) -> None:
    jazz, gardening = ten_clicks("jazz"), ten_clicks("gardening")
    assert len(sample.bytes(jazz + gardening)) < 12_000
