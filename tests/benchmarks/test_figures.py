"""Time and percentiles, as the benchmarks report them."""

import time

import pytest

from benchmarks.figures import Meter, latencies, median_of, say

WARM = 1.5
"""Seconds before the first batch: longer by far than what is measured, on a slow machine too."""


def test_a_meter_counts_from_the_end_of_the_first_batch() -> None:
    meter = Meter(25)
    time.sleep(WARM)
    for size in (5, 10, 10):
        meter.count(size)
        time.sleep(0.01)
    figures = meter.figures()
    assert (figures["events"], figures["batches"]) == (20, 2)
    assert 0.02 <= figures["seconds"] < WARM
    assert figures["events_per_s"] == pytest.approx(20 / figures["seconds"], rel=0.01)


def test_a_meter_is_complete_when_the_last_event_was_counted() -> None:
    meter = Meter(3)
    meter.count(2)
    assert not meter.complete.is_set()
    meter.count(1)
    assert meter.complete.is_set()


def test_cpu_time_is_what_this_process_has_worked() -> None:
    idle, busy = Meter(2), Meter(2)
    idle.count(1)
    time.sleep(0.05)
    idle.count(1)
    busy.count(1)
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    busy.count(1)
    assert busy.figures()["cpu_us_per_event"] >= 50_000 > idle.figures()["cpu_us_per_event"]


def test_latencies_are_percentiles_in_milliseconds() -> None:
    assert latencies([number / 1000 for number in range(101)]) == {
        "p50_ms": 50.0,
        "p90_ms": 90.0,
        "p99_ms": 99.0,
        "samples": 101,
    }


def test_the_median_is_not_moved_by_one_slow_run() -> None:
    assert median_of([{"x": 10}, {"x": 11}, {"x": 1}], "x") == 10


def test_progress_leaves_stdout_to_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    say("half done")
    assert capsys.readouterr() == ("", "half done\n")
