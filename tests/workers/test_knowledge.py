"""The bounded cache in front of the store: what is at hand, what is absent, what must be fetched."""

import numpy as np
import pytest

from tests.workers.mailbox import item_record, phrase_vectors
from workers.knowledge import MAX_AGE, Knowledge, Missing

NOW = 1_790_000_000.0
JAZZ, CHESS = item_record("jazz", 1), item_record("chess", 1)


def test_what_was_never_looked_up_is_missing_all_of_it_at_once() -> None:
    known = Knowledge()
    known.learn_items([JAZZ.key], {JAZZ.key: JAZZ})
    with pytest.raises(Missing) as missing:
        known.items([JAZZ.key, CHESS.key, "news:other"])
    assert missing.value.items == {CHESS.key, "news:other"}
    with pytest.raises(Missing) as missing:
        known.phrases(["jazz", "old jazz"])
    assert missing.value.phrases == {"jazz", "old jazz"}


def test_an_item_comes_back_with_its_vector_and_its_phrases() -> None:
    known = Knowledge()
    known.learn_items([JAZZ.key], {JAZZ.key: JAZZ})
    item = known.items([JAZZ.key])[JAZZ.key]
    assert item.phrases == JAZZ.phrases
    assert item.vector.dtype == np.float32
    assert item.vector.astype("<f2").tobytes() == JAZZ.vector


def test_what_the_store_does_not_know_is_absent_until_the_next_batch() -> None:
    known = Knowledge()
    known.between_batches(NOW)
    known.learn_items([JAZZ.key], {})
    assert known.items([JAZZ.key]) == {}
    assert known.unknown([JAZZ.key]) == set()
    known.between_batches(NOW)
    assert known.unknown([JAZZ.key]) == {JAZZ.key}


def test_an_item_that_the_store_no_longer_knows_is_dropped() -> None:
    known = Knowledge()
    known.learn_items([JAZZ.key], {JAZZ.key: JAZZ})
    known.learn_items([JAZZ.key], {})
    assert known.items([JAZZ.key]) == {}


def test_a_phrase_without_a_vector_is_left_out_and_asked_for_again_in_the_next_batch() -> None:
    known = Knowledge()
    known.learn_phrases(["jazz", "nothing"], {"jazz": phrase_vectors()["jazz"]})
    assert set(known.phrases(["jazz", "nothing"])) == {"jazz"}
    known.between_batches(NOW)
    with pytest.raises(Missing) as missing:
        known.phrases(["jazz", "nothing"])
    assert missing.value.phrases == {"nothing"}


def test_the_least_recently_used_leave_between_batches_only() -> None:
    known = Knowledge(max_items=2, max_phrases=2)
    known.between_batches(NOW)
    records = {record.key: record for record in (item_record("tea", number) for number in range(3))}
    first, second, third = records
    phrases = ["jazz", "tea", "chess"]
    known.learn_items(records, records)
    known.learn_phrases(phrases, phrase_vectors())
    assert len(known.items([first, second, third])) == 3
    assert len(known.phrases(phrases)) == 3
    known.items([first])
    known.phrases(["jazz"])
    known.between_batches(NOW)
    assert known.unknown(records) == {second}
    assert len(known.phrases(["jazz", "chess"])) == 2
    with pytest.raises(Missing):
        known.phrases(["tea"])


def test_what_is_known_of_an_item_is_looked_up_again_after_a_while() -> None:
    known = Knowledge()
    known.between_batches(NOW)
    known.learn_items([JAZZ.key], {JAZZ.key: JAZZ})
    known.learn_phrases(["jazz"], phrase_vectors())
    known.between_batches(NOW + MAX_AGE - 1)
    assert known.unknown([JAZZ.key]) == set()
    known.between_batches(NOW + MAX_AGE)
    assert known.unknown([JAZZ.key]) == {JAZZ.key}
    assert len(known.phrases(["jazz"])) == 1


def test_missing_tells_how_much_and_not_what() -> None:
    assert str(Missing(items=["news:secret"])) == "1 items and 0 phrases are not at hand"
