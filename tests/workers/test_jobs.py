"""The job that an agent leaves for a refiner."""

import pytest
from pydantic import ValidationError

from schemas.proposal import RefineTrigger
from workers.jobs import RefineJob, job_of
from workers.ports import Record

RECORD = Record("attune.commands", 3, 17, b"ada", b"{}", 1_790_000_000_000)


def test_a_job_says_what_for_and_since_when() -> None:
    job = job_of(RECORD, "ada", RefineTrigger.DRIFT, 4)
    assert (job.user, job.trigger, job.base_version) == ("ada", RefineTrigger.DRIFT, 4)
    assert job.requested_ms == RECORD.timestamp_ms
    assert RefineJob.from_bytes(job.to_bytes()) == job


def test_one_message_is_one_job_and_another_is_another() -> None:
    job = job_of(RECORD, "ada", RefineTrigger.DRIFT, 4)
    assert job_of(RECORD, "ada", RefineTrigger.DRIFT, 5).job_id == job.job_id
    later = Record(RECORD.topic, 3, 18, b"ada", b"{}", RECORD.timestamp_ms)
    ids = {job.job_id, job_of(later, "ada", RefineTrigger.DRIFT, 4).job_id}
    assert len(ids | {job_of(RECORD, "bob", RefineTrigger.DRIFT, 4).job_id}) == 3
    assert "ada" not in job.job_id


@pytest.mark.parametrize("raw", [b"", b"{}", b"job", b'{"job_id": "x"}'])
def test_what_is_no_job_is_refused(raw: bytes) -> None:
    with pytest.raises(ValidationError):
        RefineJob.from_bytes(raw)
