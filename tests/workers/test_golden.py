"""States, jobs and progress as each release wrote them, byte for byte: read for good, and worked on.

A new encoding adds its bytes here; those that are here never change. Workers of two releases in one group are in
`tests/streams/test_two_releases.py`.
"""

import json
import struct
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.interaction import Signal
from schemas.profile import Cause, Source
from workers.held import interest_id
from workers.jobs import RefineJob
from workers.ports import Record
from workers.refinement.progress import Progress
from workers.state import HeldInterest, Remembered, UserState, Waiting, decode_state, encode_state
from workers.versions import remembered

FOLDER = Path(__file__).parent / "golden"
STATES: dict[str, dict[str, str]] = json.loads((FOLDER / "states.json").read_text())
JOBS: dict[str, list[str]] = json.loads((FOLDER / "jobs.json").read_text())
LATEST = "encoding 3"
every_encoding = pytest.mark.parametrize("name", STATES)


def raw(name: str, which: str = "full") -> bytes:
    return b64decode(STATES[name][which])


def vector(*values: float) -> bytes:
    return np.array(values, "<f2").tobytes()


def text_of(state: bytes) -> dict[str, Any]:
    """The part of the record that is JSON."""
    encoding, size, _ = struct.unpack_from("<BII", state)
    start = 13 if encoding == 3 else 9
    text: dict[str, Any] = json.loads(state[start : start + size])
    return text


@every_encoding
def test_what_every_release_kept_is_read(name: str) -> None:
    state = decode_state(raw(name))
    jazz, tea = state.interests
    assert jazz == HeldInterest("000000000001", "jazz", 0.5, Source.BOOTSTRAP, vector(1, 0), evidence=("e1",))
    assert (tea.text, tea.weight, tea.pinned, tea.vector) == ("tea", -0.25, True, vector(0, 1))
    assert [(one.text, one.source) for one in state.avoid] == [("noise", Source.PERSON)]
    assert state.window == [
        Remembered(7, "e1", "news:1", Signal.CLICK),
        Remembered(8, "e2", "news:1", Signal.RETRACT, "e1"),
    ]
    assert (state.past.gram.tolist(), state.past.mass, state.past_ms) == ([[1, 2], [2, 3]], 1.5, 6)
    assert (state.version, state.seen, state.offsets) == (3, bytes(range(16)), {"attune.interactions/1": 4})
    assert state.waiting == (Waiting(Record("attune.interactions", 1, 5, b"ada", b"{}", 9), "news:2", 99),)
    assert (state.pending, state.pending_since_ms, state.refitted_ms, state.updated_ms) == (1, 8, 6, 7)


@every_encoding
def test_what_only_the_later_ones_kept_is_read_or_is_as_for_one_who_has_none(name: str) -> None:
    state = decode_state(raw(name))
    later = (state.unfitted, state.removed, state.dropped, state.edited_version, state.space)
    held = state.interests[1].held_weight
    if name == "encoding 1":
        assert (*later, held) == ((), (), (), 0, "", None)
    else:
        assert (*later, held) == (("news:1",), ("old",), ("older",), 2, "minilm-1", -0.25)


@every_encoding
def test_versions_and_the_distance_to_keep_are_read_where_there_are_any(name: str) -> None:
    state = decode_state(raw(name))
    if name != LATEST:
        assert (state.versions, state.keep_away, remembered(state)) == (b"", None, [])
        return
    assert state.keep_away == 0.5
    (version,) = remembered(state)
    jazz, tea = (version.interests[0], version.interests[1])
    assert (version.version, version.cause, version.accepted_ms) == (3, Cause.EDIT, 9)
    assert jazz[:6] == (interest_id("jazz"), "jazz", 0.5, False, False, Source.BOOTSTRAP)
    assert tea[:6] == (interest_id("tea"), "tea", -0.25, True, True, Source.PERSON)
    assert [(one.text, one.source) for one in version.avoid] == [("noise", Source.PERSON)]
    assert (version.removed, version.dropped, version.keep_away) == (("old",), ("older",), 0.5)
    assert (version.reward_before, version.reward_after) == (0.25, 0.75)


@every_encoding
def test_it_is_written_again_in_todays_encoding_and_loses_nothing(name: str) -> None:
    for which in ("full", "empty"):
        again = encode_state(decode_state(raw(name, which)))
        assert again[0] == raw(LATEST)[0]
        assert encode_state(decode_state(again)) == again
    assert encode_state(decode_state(raw(name, "empty"))) == encode_state(UserState())


def test_todays_bytes_have_not_changed_unseen() -> None:
    assert encode_state(decode_state(raw(LATEST))) == raw(LATEST), (
        "the encoding of a state has changed: keep these bytes here under another name, add today's, and see that a"
        " worker of yesterday reads them, or raise `workers.state._ENCODING`, which it refuses"
    )


def test_a_worker_of_yesterday_finds_all_that_it_looks_for_in_what_is_written_today() -> None:
    """It reads by name and by place, and passes over what comes on top."""
    before, today = text_of(raw("encoding 2")), text_of(encode_state(decode_state(raw("encoding 2"))))
    assert before.items() <= today.items()


@pytest.mark.parametrize("written", JOBS["job"])
def test_a_job_that_waits_is_read(written: str) -> None:
    job = RefineJob.from_bytes(b64decode(written))
    assert (job.job_id, job.user, job.trigger, job.base_version, job.requested_ms) == ("j1", "ada", "count", 3, 9)
    assert job.to_bytes() == b64decode(written)


@pytest.mark.parametrize("written", JOBS["progress"])
def test_the_progress_of_a_search_is_read(written: str) -> None:
    progress = Progress.from_bytes(b64decode(written))
    assert progress is not None
    assert (progress.iterations, progress.rewards, progress.proposers) == (2, (0.5, 0.75), (None, "phrases"))
    assert [(one.added, one.dropped) for one in progress.candidates] == [((), ()), (("jazz",), ("tea",))]
    assert progress.to_bytes() == b64decode(written)
