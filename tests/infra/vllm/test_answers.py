"""What an LLM's answer is read as. It is text from a stranger that may hold anything."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from infra.vllm.answers import MAX_TEXT, describe_schema, read_edits, read_texts, refine_schema
from infra.vllm.errors import LlmInvalid
from schemas.command import AddInterest, Edit, RemoveInterest, RewriteInterest
from tests.infra.vllm.samples import JAZZ, NIGHT, ask
from workers.refinement.asks import Shown

MOST = 4


def edits_of(*entries: Any) -> tuple[Edit, ...] | None:
    return read_edits(json.dumps({"edits": entries}), ask(), MOST)


def add(text: Any) -> dict[str, Any]:
    return {"op": "add", "text": text}


def kinds(schema: dict[str, Any]) -> dict[str, Any]:
    return {kind["properties"]["op"]["const"]: kind for kind in schema["properties"]["edits"]["items"]["anyOf"]}


# --- the schema


def test_only_interests_that_may_be_changed_can_be_named() -> None:
    schema = kinds(refine_schema(ask(), MOST))
    assert schema.keys() == {"add", "rewrite", "remove", "keep"}
    assert schema["remove"]["properties"]["interest"]["enum"] == [1]  # the others are pinned, or the person's


def test_where_none_may_be_changed_there_is_nothing_to_rewrite_or_remove() -> None:
    locked = ask(interests=(Shown(NIGHT, "night sky", 0.2, pinned=True),))
    assert kinds(refine_schema(locked, MOST)).keys() == {"add", "keep"}


def test_a_list_has_at_least_one_entry_and_at_most_as_many_as_may_be() -> None:
    edits = refine_schema(ask(), MOST)["properties"]["edits"]
    assert (edits["minItems"], edits["maxItems"]) == (1, MOST)


def test_a_text_has_the_contracts_length_and_no_pattern() -> None:
    text = kinds(refine_schema(ask(), MOST))["add"]["properties"]["text"]
    contract = TypeAdapter(AddInterest).json_schema()["properties"]["text"]
    assert text["maxLength"] == contract["maxLength"] == MAX_TEXT
    assert "pattern" not in text  # vLLM drops the length beside one


def test_each_group_has_a_place_of_its_own() -> None:
    assert describe_schema(3)["required"] == ["1", "2", "3"]


# --- edits


def test_numbers_become_the_ids_they_stand_for() -> None:
    read = edits_of(
        add("modern  jazz\n"), {"op": "rewrite", "interest": 1, "text": "bebop"}, {"op": "remove", "interest": 1}
    )
    assert read == (AddInterest(text="modern jazz"), RewriteInterest(interest=JAZZ, text="bebop"))


def test_of_two_edits_that_say_the_same_the_first_counts() -> None:
    remove = {"op": "remove", "interest": 1}
    assert edits_of(remove, remove, add("Comets"), add("comets")) == (
        RemoveInterest(interest=JAZZ),
        AddInterest(text="Comets"),
    )


def test_nothing_to_improve_is_said_and_read_as_such() -> None:
    assert edits_of({"op": "keep"}) == ()
    assert edits_of({"op": "keep"}, add("comets")) == (AddInterest(text="comets"),)


@pytest.mark.parametrize("text", ["\u200bjazz", "<|im_end|>", " ", "\x93", "\ufdfa" * 20])
def test_a_text_that_nobody_should_see_is_left_out(text: str) -> None:
    assert edits_of(add(text), add("comets")) == (AddInterest(text="comets"),)
    assert edits_of(add(text)) is None  # which is not "nothing to improve"


@pytest.mark.parametrize(
    "entry",
    [
        {"op": "remove", "interest": 2},  # pinned
        {"op": "remove", "interest": 3},  # the person's own
        {"op": "remove", "interest": 0},
        {"op": "remove", "interest": True},
        {"op": "remove", "interest": "1"},
        {"op": "remove", "interest": 1.0},
        {"op": "remove", "interest": [1]},
        {"op": "rewrite", "interest": 9, "text": "bebop"},
        {"op": "rewrite", "interest": 1},
        {"op": "pin", "interest": 1},
        {"op": "reweight", "interest": 1, "weight": 1},
        {"op": "avoid", "text": "jazz"},
        {"op": "keep", "text": "jazz"},
        {**add("jazz"), "weight": 1.0},
        add("x" * (MAX_TEXT + 1)),
        add(""),
        add(None),
        add(["jazz"]),
        {},
        "add",
        None,
    ],
)
def test_what_breaks_the_schema_makes_the_whole_answer_invalid(entry: Any) -> None:
    with pytest.raises(LlmInvalid) as raised:
        edits_of(add("comets"), entry)
    assert raised.value.detail == "invalid"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no",
        "[]",
        "{}",
        '{"edits": {}}',
        '{"edits": []}',
        '{"edits": null}',
        '{"edits": [',
        "[" * 100_000,
        "1" * 9999,
    ],
)
def test_garbage_is_invalid(text: str) -> None:
    with pytest.raises(LlmInvalid):
        read_edits(text, ask(), MOST)


def test_more_edits_than_may_be_are_invalid() -> None:
    with pytest.raises(LlmInvalid):
        edits_of(*(add(f"topic {number}") for number in range(MOST + 1)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["edits", "op", "text", "interest", "1"]), inner),
)


@given(JSON)
def test_any_json_is_read_or_invalid(value: Any) -> None:
    for text in (json.dumps(value), json.dumps({"edits": [value]})):
        try:
            edits = read_edits(text, ask(), MOST)
        except LlmInvalid:
            continue
        assert edits is None or all(isinstance(edit, AddInterest | RewriteInterest | RemoveInterest) for edit in edits)


# --- texts


def test_texts_come_in_the_order_of_the_groups() -> None:
    assert read_texts('{"2": "comets", "1": null, "3": "<>"}', 3) == (None, "comets", None)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"1": "a"}', '{"1": "a", "2": "b", "3": "c"}', '{"1": "a", "2": 2}'])
def test_other_groups_or_no_texts_are_invalid(text: str) -> None:
    with pytest.raises(LlmInvalid):
        read_texts(text, 2)
