"""Messages of every version are read for good, and what is written today is readable by the workers of yesterday."""

import json
from typing import Any

import pytest

from schemas.base import Contract
from schemas.interaction import Interaction
from tests.schemas.bodies import BODIES
from tests.schemas.golden_files import FOLDER, Golden, digest, digest_of, goldens, kinds
from tests.schemas.json_schema import problems

GOLDENS = list(goldens())
every_golden = pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.path.stem)
every_example = pytest.mark.parametrize(
    ("model", "example"),
    [(golden.model, example) for golden in GOLDENS for example in golden.examples],
    ids=[f"{golden.path.stem}-{place}" for golden in GOLDENS for place, _ in enumerate(golden.examples)],
)


def written(model: type[Contract], body: dict[str, Any]) -> dict[str, Any]:
    """As today's workers put it on the wire."""
    message: dict[str, Any] = json.loads(model.model_validate_json(json.dumps(body)).to_bytes())
    return message


def is_kept(before: Any, after: Any) -> bool:
    if isinstance(before, dict):
        return isinstance(after, dict) and all(name in after and is_kept(before[name], after[name]) for name in before)
    if isinstance(before, list):
        return len(before) == len(after) and all(map(is_kept, before, after))
    return bool(before == after)


def test_every_message_has_a_file_for_each_of_its_versions_and_there_is_no_other() -> None:
    wanted = {f"{model.__name__}.v{version}.json" for model, versions in kinds().items() for version in versions}
    assert {path.name for path in FOLDER.iterdir()} == wanted, "a version is never given up: its messages stay in logs"


@every_example
def test_it_is_read_today_and_nothing_of_it_is_lost(model: type[Contract], example: dict[str, Any]) -> None:
    assert is_kept(example, written(model, example))


@every_golden
def test_the_examples_show_a_message_with_as_little_as_may_be_and_every_field(golden: Golden) -> None:
    required = {name for name, field in golden.model.model_fields.items() if field.is_required()}
    assert required in [set(example) for example in golden.examples]
    shown = {name for example in golden.examples for name in example}
    assert shown == set(golden.model.model_fields), "add an example with what is new"


@every_golden
def test_a_worker_of_the_time_when_the_version_was_fixed_reads_what_is_written_today(golden: Golden) -> None:
    bodies = [*golden.examples, BODIES[golden.model]]
    for body in bodies:
        message = written(golden.model, body)
        assert message.get("schema_version") == golden.version
        assert list(problems(golden.content["first"], message)) == []


@every_golden
def test_nothing_is_required_today_that_was_not_then(golden: Golden) -> None:
    required = {name for name, field in golden.model.model_fields.items() if field.is_required()}
    assert required <= set(golden.content["first"].get("required", ()))


@every_golden
def test_a_schema_does_not_change_unseen(golden: Golden) -> None:
    assert digest(golden.model) == golden.content["today"], (
        f"{golden.model.__name__} has changed. See that workers of yesterday read what is written today (tests above),"
        " add an example that shows the change to its file, and run `python -m tests.schemas.golden_files`; what they"
        " cannot read needs a new schema_version with a file of its own"
    )


def test_the_digest_is_of_what_is_valid_and_not_of_the_prose() -> None:
    field = {"type": "string", "description": "A word."}
    digests = [digest_of({"properties": {"title": one}}) for one in (field, field | {"description": "A line."})]
    assert digests[0] == digests[1]
    assert digests[0] != digest_of({"properties": {"title": field | {"maxLength": 9}}})
    assert digests[0] != digest_of({"properties": {}}), "a field called 'title' is no prose"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"event_id": None}, "$.event_id: is no string"),
        ({"event_id": "x" * 129}, "$.event_id: is above maxLength"),
        ({"event_id": ""}, "$.event_id: is not of the pattern"),
        ({"signal": "stare"}, "is none of"),
        ({"dwell_ms": -1}, "$.dwell_ms: none of 2 choices"),
        ({"dwell_ms": True}, "$.dwell_ms: none of 2 choices"),
        ({"schema_version": 2}, "$.schema_version: is not 1"),
    ],
)
def test_the_reader_of_schemas_refuses_what_its_schema_does_not_take(change: dict[str, Any], problem: str) -> None:
    """Else the tests above would prove nothing."""
    (golden,) = (one for one in GOLDENS if one.model is Interaction)
    body = BODIES[Interaction] | {"schema_version": 1}
    assert list(problems(golden.content["first"], body)) == []
    assert any(problem in one for one in problems(golden.content["first"], body | change))
    lacking = {name: value for name, value in body.items() if name != "user"}
    assert list(problems(golden.content["first"], lacking)) == ["$: lacks user"]
    words = {"patternProperties": {"^n": {"type": "string"}}}
    assert list(problems(words, {"news": "a", "other": 1})) == []
    assert list(problems(words, {"news": 1})) == ["$.news: is no string"]
    assert any("not understood" in one for one in problems({"dependentRequired": {}}, {}))
