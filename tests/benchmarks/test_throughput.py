"""`attune bench throughput` in short: what it reports, not how fast this machine is."""

import json
from pathlib import Path

import pytest

from benchmarks import throughput
from infra.processes import ProcessError
from infra.settings import Settings
from workers.errors import ConfigurationError

RUN = {"events", "batches", "seconds", "events_per_s", "cpu_us_per_event", "sent_bytes_per_event"}


@pytest.mark.kafka
@pytest.mark.redis
def test_attune_stands_beside_the_bare_loop(capsys: pytest.CaptureFixture[str]) -> None:
    result = throughput.run(Settings(), events=600, users=20, batch_size=100, repeats=1, faust=True, fast=True)

    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert capsys.readouterr().out == ""
    assert result["bench"] == "throughput"
    assert (result["events"], result["users"], result["batch_size"], result["repeats"]) == (600, 20, 100, 1)
    assert result["machine"]["cores"] >= 1
    assert result["limit"]["what"] == "bare loop"
    assert result["attune"]["runner"] == "aiokafka"
    assert result["faust"]["runner"] == "faust"
    for side in (result["limit"], result["attune"], result["faust"]):
        assert len(side["runs"]) == 1
        assert side["runs"][0].keys() >= RUN
        assert 0 < side["runs"][0]["events"] < 600
        assert side["events_per_s"] > 0
        assert side["cpu_us_per_event"] > 0
    assert result["attune"]["versions"] * 3 == result["attune"]["embeddings"] > 0
    assert result["ratio"] > 0
    assert result["cpu_ratio"] > 0


def test_too_few_events_to_warm_up_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least 3 batches"):
        throughput.run(Settings(), events=100, batch_size=50)


def test_a_missing_server_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProcessError, match="apt-get install"):
        throughput.run(Settings(), events=300, users=5, batch_size=100, fast=True)
