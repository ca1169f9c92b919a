"""`attune bench hot-user` in short: what it reports, not how fast this machine is. What holds the bound is tested where
it is made: `tests/contract/test_runner_fairness.py`."""

import json

import pytest

from benchmarks import hot_user
from infra.settings import Settings
from workers.errors import ConfigurationError


def test_it_tells_what_the_neighbours_of_a_hot_user_wait(capsys: pytest.CaptureFixture[str]) -> None:
    result = hot_user.run(Settings(), rate=40, seconds=2, neighbours=2, kafka=False)

    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert capsys.readouterr().out == ""
    assert (result["bench"], result["rate"], result["neighbours"], result["limit"]) == ("hot user", 40, 2, 2.0)
    for town in (result["embedded"]["even"], result["embedded"]["hot"]):
        assert 0 < town["samples"] <= 40
        assert 0 < town["p50_ms"] <= town["p90_ms"] <= town["p99_ms"]
    assert set(result["embedded"]["ratio"]) == {"p50", "p90", "p99"}


def test_both_towns_have_the_same_rate_and_the_same_neighbours() -> None:
    towns = [hot_user._town(name, 3, others, 400, 40.0) for name, others in (("even", 27), ("hot", 1))]
    assert [len(turn.events) for turn in towns[0].turns] == [len(turn.events) for turn in towns[1].turns]
    assert [turn.rate for turn in towns[0].turns] == [turn.rate for turn in towns[1].turns]
    for town in towns:
        assert len(town.neighbours) == 3
        events = [event for turn in town.turns[1:] for event in turn.events]
        assert sum(event.key.decode() in town.neighbours for event in events) == len(events) / 10
    assert len({event.key for turn in towns[1].turns for event in turn.events}) == 3 + 1


@pytest.mark.parametrize("asked", [{"rate": 0.01, "seconds": 1}, {"neighbours": 0}])
def test_what_makes_nothing_to_measure_is_refused(asked: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match="a neighbour"):
        hot_user.run(Settings(), **asked)  # type: ignore[arg-type]
