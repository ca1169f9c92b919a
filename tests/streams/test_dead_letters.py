"""A message set aside: whole, and told about without its content."""

import pytest
from pydantic import ValidationError

from schemas.command import PROFILE_COMMAND
from schemas.dead_letter import DeadLetter, Reason
from streams.contract import Record
from streams.dead_letters import MAX_CONTENT, dead_letter, summarize
from streams.topics import DEAD_LETTERS, MAX_MESSAGE_BYTES


@pytest.mark.parametrize(("key", "value"), [(b"ann", b"\x00\xff not json"), (None, None), (b"\xfe", b"")])
def test_it_holds_the_bytes_as_they_were_and_is_keyed_as_the_source(key: bytes | None, value: bytes | None) -> None:
    sent = dead_letter(Record("t", 3, 7, key, value, 5), Reason.INVALID, "why", "agents", 12.5)
    assert (sent.topic, sent.key) == (DEAD_LETTERS, key or b"")
    letter = DeadLetter.model_validate_json(sent.value or b"")
    assert (letter.id, letter.key, letter.value) == ("t/3/7", key, value)
    assert (letter.reason, letter.detail, letter.stage) == (Reason.INVALID, "why", "agents")
    assert letter.first_time == letter.last_time
    assert letter.first_time.timestamp() == 12.5


@pytest.mark.parametrize(("key", "value"), [(b"ann", MAX_CONTENT - 6), (b"k" * 700_000, MAX_CONTENT - 1_400_000)])
def test_the_largest_content_fits_into_what_the_topic_takes(key: bytes, value: int) -> None:
    record = Record("t" * 249, 3, 7, key, b"x" * value, 5)
    sent = dead_letter(record, Reason.UNKNOWN_ITEM, "\u20ac" * 500, "agents", 12.5)
    assert len(sent.key) + len(sent.value or b"") <= MAX_MESSAGE_BYTES - 512
    assert DeadLetter.model_validate_json(sent.value or b"").value == b"x" * value


@pytest.mark.parametrize("key", [b"ann", b"k" * 2_000_000])
def test_what_is_larger_goes_without_its_content(key: bytes) -> None:
    sent = dead_letter(Record("t", 3, 7, key, b"x" * MAX_CONTENT, 5), Reason.INVALID, "why", "agents", 12.5)
    letter = DeadLetter.model_validate_json(sent.value or b"")
    assert len(sent.value or b"") < 4_096
    assert (letter.id, letter.value) == ("t/3/7", None)
    assert letter.detail.endswith("bytes are too many for a letter: see the topic itself. why")


def test_a_long_detail_is_cut() -> None:
    sent = dead_letter(Record("t", 0, 0, b"k", None, 0), Reason.FAILED, "x" * 900, "agents", 0)
    assert len(DeadLetter.model_validate_json(sent.value or b"").detail) == 500


@pytest.mark.parametrize(
    "body",
    [
        b'{"kind": "SECRET"}',
        b'{"kind": "SECRET", "SECRET": "SECRET"}',
        b'{"kind": "edit", "command_id": "SECRET\\n", "user": "SECRET\\u0000", "edits": [{"op": "SECRET"}]}',
        b'{"kind": "import", "space": "SECRET!", "interests": [{"id": "SECRET", "source": "SECRET"}]}',
        b"SECRET",
    ],
)
def test_a_summary_says_where_and_why_and_repeats_nothing(body: bytes) -> None:
    with pytest.raises(ValidationError) as caught:
        PROFILE_COMMAND.validate_json(body)
    assert "SECRET" not in summarize(caught.value)
    assert 10 < len(summarize(caught.value)) <= 500
