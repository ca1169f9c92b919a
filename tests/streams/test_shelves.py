"""Which embedding of a subject answers while a new space is rolled out, and what is dropped with a space."""

import numpy as np
import pytest

from streams.shelves import Shelf, Subject
from workers.errors import SpaceMismatch

OLD, NEW = "old-1", "new-2"
DIMENSIONS = {OLD: 4, NEW: 6}
NOTHING = np.zeros((0, 0), np.float32)


def subject(version: int, space: str) -> Subject:
    return Subject(version, space, NOTHING, NOTHING, NOTHING)


def shelf(**items: int) -> Shelf:
    """With so many items in each space."""
    made = Shelf()
    for name, count in items.items():
        space = {"old": OLD, "new": NEW}[name]
        put(made, space, count)
    return made


def put(on: Shelf, space: str, count: int) -> None:
    vectors = np.eye(DIMENSIONS[space], dtype=np.float32)[np.arange(count) % DIMENSIONS[space]]
    on.room(space, DIMENSIONS[space]).index.put([f"p:{number}" for number in range(count)], vectors)


def held(on: Shelf) -> tuple[int, str]:
    one = on.subject("ann")
    assert one is not None
    return one.version, one.space


def test_the_old_embedding_answers_until_the_new_space_is_complete() -> None:
    one = shelf(old=5, new=4)
    one.hold("ann", subject(1, OLD))
    one.hold("ann", subject(2, NEW))
    assert held(one) == (1, OLD)
    one.hold("ann", subject(3, NEW))
    assert held(one) == (1, OLD)
    put(one, NEW, 5)
    assert held(one) == (3, NEW)


def test_once_complete_it_does_not_go_back_for_an_item_more() -> None:
    one = shelf(old=5, new=5)
    one.hold("ann", subject(1, OLD))
    one.hold("ann", subject(2, NEW))
    assert held(one) == (2, NEW)
    put(one, OLD, 9)
    assert held(one) == (2, NEW)


def test_a_roll_back_in_the_middle_leaves_the_newest_of_each_space() -> None:
    one = shelf(old=5, new=1)
    for version, space in ((1, OLD), (2, NEW), (3, OLD)):
        one.hold("ann", subject(version, space))
    assert held(one) == (3, OLD)


def test_the_first_embedding_of_a_subject_answers_whatever_its_space_holds() -> None:
    one = shelf(old=5)
    one.hold("ann", subject(7, NEW))
    assert held(one) == (7, NEW)


def test_a_version_as_old_changes_nothing() -> None:
    one = shelf(old=1)
    assert one.hold("ann", subject(2, OLD))
    assert not one.hold("ann", subject(1, NEW))
    assert not one.hold("ann", subject(1, NEW))
    assert held(one) == (2, OLD)


def test_a_closed_space_goes_with_the_embeddings_in_it() -> None:
    one = shelf(old=5, new=1)
    one.hold("ann", subject(1, OLD))
    one.hold("ann", subject(2, NEW))
    one.hold("bob", subject(1, OLD))
    one.close(OLD)
    assert held(one) == (2, NEW)
    assert one.subject("bob") is None
    assert one.subjects == 1
    with pytest.raises(SpaceMismatch, match=f"'{OLD}'.*'{NEW}'"):
        one.searched(OLD)


def test_its_size_is_that_of_its_fullest_space() -> None:
    assert len(shelf(old=5, new=2)) == 5
    assert len(Shelf()) == 0
