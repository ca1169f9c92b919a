"""`attune bench freshness` in short: what it reports, not how fast this machine is."""

import json

import pytest

from benchmarks import freshness
from infra.settings import Settings
from workers.errors import ConfigurationError


@pytest.mark.kafka
@pytest.mark.redis
def test_attune_stands_beside_the_bare_loop(capsys: pytest.CaptureFixture[str]) -> None:
    result = freshness.run(Settings(), rate=40, seconds=2, users=4, fast=True)

    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert capsys.readouterr().out == ""
    assert result["bench"] == "freshness"
    assert (result["rate"], result["seconds"], result["events"], result["users"]) == (40, 2, 80, 4)
    assert result["limit"]["what"] == "bare loop"
    for side in (result["limit"], *result["attune"].values()):
        assert side["samples"] > 0
        assert 0 < side["p50_ms"] <= side["p90_ms"] <= side["p99_ms"]
    assert result["limit"]["samples"] <= 80
    assert result["attune"].keys() == result["ratio"].keys() == {"kafka", "embedded"}
    for ratios in result["ratio"].values():
        assert set(ratios) == {"p50", "p90", "p99"}
        assert all(ratio > 0 for ratio in ratios.values())


def test_a_rate_that_makes_no_events_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="2 events"):
        freshness.run(Settings(), rate=0.01, seconds=1)
