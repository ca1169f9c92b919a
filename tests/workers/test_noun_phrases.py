"""Noun phrases: whole ones, with the words a person would say."""

import time

import pytest

from workers.noun_phrases import noun_phrases, runs_of, sentences


def phrases(text: str) -> list[str]:
    found = [run for sentence in sentences(text) for run in noun_phrases(sentence)]
    return [" ".join(word.text for word in run) for run in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "14 butternut squash recipes for delightfully cozy fall meals",
            ["butternut squash recipes", "cozy fall meals"],
        ),
        ("Duke falls after a stunning loss to Stephen Curry", ["Duke", "stunning loss", "Stephen Curry"]),
        ("How to lose weight without going to the gym", ["weight", "gym"]),
        ("", []),
        ("...", []),
    ],
)
def test_the_longest_runs_that_end_in_a_noun(text: str, expected: list[str]) -> None:
    assert phrases(text) == expected


def test_a_possessive_and_a_comma_end_a_phrase() -> None:
    assert phrases("Eagles' Jordan Howard visits") == ["Eagles", "Jordan Howard"]
    assert list(runs_of("Costco's cakes, cookies and pies. More")) == [
        ["Costco"],
        ["cakes"],
        ["cookies", "and", "pies"],
        ["More"],
    ]


def test_a_plural_has_the_singular_of_its_name() -> None:
    ((word,),) = [run for sentence in sentences("recipes") for run in noun_phrases(sentence)]
    assert (word.text, word.singular) == ("recipes", "recipe")


def test_a_word_longer_than_any_is_none_and_costs_no_time() -> None:
    """The tagger's time grows with the square of its length."""
    took = []
    for _ in range(3):  # the first one loads the tagger
        start = time.process_time()
        assert phrases(f"We like {'landing' * 70} and craters") == ["craters"]
        took.append(time.process_time() - start)
    assert min(took) < 0.3
