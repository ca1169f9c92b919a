"""Recall at 10: what is relevant, and what is counted."""

import numpy as np

from tests.fakes import HashEncoder
from workers.training.pairs import Kind, Pair
from workers.training.recall import Recall, Task, measure, only, summary, task_of, unsaid_task

WORDS = "the club was full and the evening went on until the morning came"


def pair(number: int, interest: str, content: str) -> Pair:
    return Pair(f"p:{number}", interest, content, Kind.PHRASE)


def test_a_content_is_relevant_where_it_is_the_own_one_or_holds_the_words() -> None:
    pairs = [pair(1, "jazz", "cool jazz"), pair(2, "Trumpets", "Jazz, brass"), pair(3, "opera", "jazzy songs")]
    task = task_of(pairs, [Kind.PHRASE], seed=0, most=10)
    found = {one: {task.contents[at] for at in row} for one, row in zip(task.interests, task.relevant, strict=True)}
    assert found == {"jazz": {"cool jazz", "Jazz, brass"}, "Trumpets": {"Jazz, brass"}, "opera": {"jazzy songs"}}


def test_contents_and_interests_are_bounded_and_drawn_by_the_seed() -> None:
    pairs = [pair(number, f"word{number}", f"content {number}") for number in range(50)]
    tasks = [task_of(pairs, [Kind.PHRASE], seed, most=20) for seed in (1, 1, 2)]
    assert tasks[0] == tasks[1] != tasks[2]
    assert len(tasks[0].contents) == 20
    assert all(tasks[0].relevant)


def test_recall_is_the_share_found_among_the_ten_nearest() -> None:
    vectors = {"q": [1.0, 0.0]} | {f"c{n}": [np.cos(n / 20), np.sin(n / 20)] for n in range(20)}
    encode = lambda texts: np.array([vectors[text] for text in texts], np.float32)  # noqa: E731
    contents = tuple(f"c{n}" for n in range(20))
    recalls = [
        measure(Task(("q",), contents, (frozenset(relevant),)), encode)[0]
        for relevant in ([3], [3, 15], [15], range(20))
    ]
    assert recalls == [1, 0.5, 0, 1]


def test_a_summary_has_the_width_of_its_interval() -> None:
    found = summary(np.array([0.0, 1.0] * 50), 30)
    assert found._replace(margin=round(found.margin, 3)) == Recall(0.5, 0.098, 100, 30)
    assert summary(np.zeros(0), 30) == Recall(0, 0, 0, 30)


def test_only_keeps_all_contents() -> None:
    task = Task(("a", "b"), ("x", "y"), (frozenset({0}), frozenset({1})))
    assert only(task, {"b"}) == Task(("b",), ("x", "y"), (frozenset({1}),))


def test_the_unsaid_task_hides_the_words_and_has_one_content_for_each_interest() -> None:
    pairs = [
        pair(1, "jazz", f"jazz: {WORDS}"),
        pair(1, "brass", f"jazz: {WORDS} brass"),
        pair(2, "jazz", f"more jazz: {WORDS}"),
        pair(3, "opera", f"no word of it: {WORDS}"),
        pair(4, "drums", f"drums: {WORDS} drums"),
    ]
    task = unsaid_task(pairs, [Kind.PHRASE], seed=0, most=10)
    assert "opera" not in task.interests
    assert len(task.interests) == len(set(task.interests)) == len(task.contents)
    for interest, relevant in zip(task.interests, task.relevant, strict=True):
        assert any(interest not in task.contents[at] for at in relevant)  # its own


def test_words_in_common_are_found_by_an_encoder_of_words() -> None:
    pairs = [pair(number, f"word{number}", f"word{number} and more") for number in range(40)]
    assert measure(task_of(pairs, [Kind.PHRASE], 0, 40), HashEncoder(256).encode).mean() > 0.95
