"""The pseudonym that one provider knows a person by."""

from typing import get_args

from pydantic import TypeAdapter

from schemas.base import SubjectId
from workers.subjects import subject_of

KEY = b"a key of the tests"


def test_a_subject_is_what_the_contract_calls_one() -> None:
    assert get_args(SubjectId)
    TypeAdapter(SubjectId).validate_python(subject_of(KEY, "news", "ada"))


def test_it_stays_the_same_while_the_key_lives() -> None:
    assert subject_of(KEY, "news", "ada") == subject_of(KEY, "news", "ada")
    assert subject_of(KEY, "news", "ada") != subject_of(b"another key", "news", "ada")


def test_two_providers_know_one_person_by_two_names() -> None:
    assert subject_of(KEY, "news", "ada") != subject_of(KEY, "music", "ada")


def test_no_two_pairs_run_together() -> None:
    assert subject_of(KEY, "news", "x-ada") != subject_of(KEY, "news-x", "ada")
    assert subject_of(KEY, "a", "bc") != subject_of(KEY, "ab", "c")


def test_it_tells_nothing_of_the_person() -> None:
    assert "ada" not in subject_of(KEY, "news", "ada")
