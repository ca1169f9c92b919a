"""`attune bench freshness --refinements` in short: what it reports, not how fast this machine is."""

import json

import pytest

from benchmarks import refining
from infra.settings import Settings
from workers.errors import ConfigurationError


def test_a_busy_service_stands_beside_a_quiet_one(capsys: pytest.CaptureFixture[str]) -> None:
    result = refining.run(Settings(refiner_share=0.5), refinements=20, rate=60, seconds=2, users=5)

    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert capsys.readouterr().out == ""
    assert (result["rate"], result["seconds"], result["users"], result["refinements"]) == (60, 2, 5, 20)
    assert 0 < result["refined"] <= 20
    assert result["refinement_ms"] > 0
    for side in (result["quiet"], result["refining"]):
        assert side["samples"] > 0
        assert 0 < side["p50_ms"] <= side["p90_ms"] <= side["p99_ms"]
    assert set(result["ratio"]) == {"p50", "p90", "p99"}


@pytest.mark.parametrize("asked", [{"rate": 0.01, "seconds": 1}, {"refinements": 0}, {"users": 0}])
def test_what_makes_nothing_to_measure_is_refused(asked: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match="a refinement"):
        refining.run(Settings(), **asked)  # type: ignore[arg-type]
