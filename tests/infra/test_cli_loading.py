"""`attune ingest` and `attune catalog load`: from a file to a gateway's answers, batch by batch."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.cli.waiting import STALL_SECONDS, NotCaughtUp, Time, wait_for
from schemas.api import MAX_BATCH, MAX_BODY_BYTES
from tests.infra.cli_runs import document, run
from tests.infra.fake_gateway import FakeGateway, lag_of, problem, serving
from tests.infra.loader_files import BEHAVIOR, EVENT, NEWS, written
from tests.patience import AT_ONCE


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with serving(FakeGateway()) as fake:
        yield fake


def ingest(gateway: FakeGateway, file: Path, *more: str) -> Any:
    return run("ingest", str(file), "--json", *more, env={"ATTUNE_GATEWAY_URL": gateway.url})


def load(gateway: FakeGateway, file: Path, *more: str) -> Any:
    words = ("catalog", "load", str(file), "--provider", "news", "--json", *more)
    return run(*words, env={"ATTUNE_GATEWAY_URL": gateway.url})


def event(number: int, **fields: Any) -> str:
    return json.dumps(EVENT | {"event_id": f"e{number}"} | fields) + "\n"


def item(number: int, **fields: Any) -> str:
    return json.dumps({"item": f"N{number}", "title": "Title"} | fields) + "\n"


class TestIngest:
    def test_sends_what_the_file_holds_and_says_what_became_of_it(self, gateway: FakeGateway, tmp_path: Path) -> None:
        file = written(tmp_path, BEHAVIOR + BEHAVIOR + "broken\n")
        result = ingest(gateway, file, "--provider", "news")
        assert result.exit_code == 0
        assert document(result) == {
            "file": str(file),
            "format": "mind",
            "lines": 3,
            "read": 7,
            "accepted": 3,
            "duplicates": 3,
            "rejected": 1,
            "rejections": [{"line": 3, "reason": "has 1 columns where MIND behaviors has 5"}],
            "waited": pytest.approx(0, abs=2),
        }
        assert result.stdout.count("\n") == 1
        assert [entry["item"] for entry in gateway.entries()] == ["N1", "N2", "N1"]
        assert {entry["source"] for entry in gateway.entries()} == {"file"}

    def test_goes_in_order_in_batches_of_a_thousand(self, gateway: FakeGateway, tmp_path: Path) -> None:
        file = written(tmp_path, "".join(map(event, range(2500))))
        assert document(ingest(gateway, file))["accepted"] == 2500
        assert [len(batch) for batch in gateway.batches()] == [MAX_BATCH, MAX_BATCH, 500]
        assert [entry["event_id"] for entry in gateway.entries()] == [f"e{number}" for number in range(2500)]

    def test_a_second_run_sends_the_same_ids(self, gateway: FakeGateway, tmp_path: Path) -> None:
        file = written(tmp_path, BEHAVIOR)
        for _ in range(2):
            ingest(gateway, file, "--provider", "news", "--impressions")
        first, second = gateway.batches()
        assert first == second
        assert len(first) == 5

    def test_what_the_gateway_refuses_is_traced_to_its_line(self, gateway: FakeGateway, tmp_path: Path) -> None:
        gateway.refuse = lambda entry: "too far in the future" if entry["time"].startswith("2150") else None
        file = written(tmp_path, event(1) + "\n" + event(2, time="2150-01-01T00:00:00Z") + event(3))
        result = document(ingest(gateway, file))
        assert (result["accepted"], result["rejections"]) == (2, [{"line": 3, "reason": "too far in the future"}])

    def test_a_batch_that_is_refused_whole_does_not_stop_the_next(self, gateway: FakeGateway, tmp_path: Path) -> None:
        gateway.refuse = lambda entry: "refused" if int(entry["event_id"][1:]) < MAX_BATCH else None
        file = written(tmp_path, "".join(map(event, range(MAX_BATCH + 5))))
        result = document(ingest(gateway, file))
        assert (result["accepted"], result["rejected"], len(result["rejections"])) == (5, MAX_BATCH, 20)
        assert result["rejections"][-1] == {"line": 20, "reason": "refused"}

    def test_nothing_taken_is_1(self, gateway: FakeGateway, tmp_path: Path) -> None:
        result = ingest(gateway, written(tmp_path, event(1, signal="purr") + event(2, signal="purr")))
        assert result.exit_code == 1
        assert document(result)["rejected"] == 2

    def test_an_outage_is_waited_out(self, gateway: FakeGateway, tmp_path: Path) -> None:
        gateway.outages = 1
        result = ingest(gateway, written(tmp_path, event(1)))
        assert (result.exit_code, document(result)["accepted"]) == (0, 1)

    def test_a_gateway_that_was_never_there_is_not_waited_for(self, tmp_path: Path) -> None:
        begin = time.monotonic()
        result = run("ingest", str(written(tmp_path, event(1))), env={"ATTUNE_GATEWAY_URL": "http://127.0.0.1:9"})
        assert result.exit_code == 1
        assert "attune up" in result.stderr
        assert time.monotonic() - begin < AT_ONCE

    def test_what_stops_it_says_that_a_second_run_is_safe(self, gateway: FakeGateway, tmp_path: Path) -> None:
        gateway.answers["POST /v1/interactions"] = problem(401, "Unauthorized", "Send a token.")
        result = ingest(gateway, written(tmp_path, event(1)))
        assert result.exit_code == 1
        assert "run the same command again" in result.stderr
        assert "Error: the gateway answers 401, Unauthorized: Send a token." in result.stderr
        assert result.stdout == ""

    def test_without_json_the_counts_are_the_result(self, gateway: FakeGateway, tmp_path: Path) -> None:
        file = written(tmp_path, event(1) + event(1) + "{\n")
        result = run("ingest", str(file), env={"ATTUNE_GATEWAY_URL": gateway.url})
        assert result.stdout == "read 3, accepted 1, repeated in the file 1, rejected 1\n"
        assert "line 3: is not JSON" in result.stderr

    def test_many_refusals_are_counted_and_the_first_shown(self, gateway: FakeGateway, tmp_path: Path) -> None:
        result = ingest(gateway, written(tmp_path, event(1) + "{\n" * 100))
        assert "line 21: is not JSON" in result.stderr
        assert "... and 80 more" in result.stderr
        assert "line 22" not in result.stderr

    def test_a_wrong_file_is_an_error(self, gateway: FakeGateway, tmp_path: Path) -> None:
        result = ingest(gateway, written(tmp_path, b"%PDF-1.7"))
        assert (result.exit_code, result.stdout) == (1, "")
        assert "is a PDF" in result.stderr

    def test_a_format_may_be_told(self, gateway: FakeGateway, tmp_path: Path) -> None:
        file = written(tmp_path, "a line too few\n" + BEHAVIOR)
        assert ingest(gateway, file, "--provider", "news").exit_code == 1
        result = ingest(gateway, file, "--provider", "news", "--format", "mind")
        assert document(result)["accepted"] == 3


class TestCatalogLoad:
    def test_sends_the_items_to_their_provider(self, gateway: FakeGateway, tmp_path: Path) -> None:
        result = load(gateway, written(tmp_path, NEWS))
        assert document(result)["accepted"] == 1
        (posted,) = [one for one in gateway.requests if one.method == "POST"]
        assert posted.path == "/v1/providers/news/items"
        assert gateway.entries() == [
            {"item": "N1", "title": "Cup final tonight", "text": "Two old rivals meet.", "category": "sports/football"}
        ]

    def test_in_batches_of_500(self, gateway: FakeGateway, tmp_path: Path) -> None:
        load(gateway, written(tmp_path, "".join(map(item, range(1100)))))
        assert [len(batch) for batch in gateway.batches()] == [500, 500, 100]

    def test_and_smaller_where_the_texts_are_long(self, gateway: FakeGateway, tmp_path: Path) -> None:
        text = "語" * 4000
        result = load(gateway, written(tmp_path, "".join(item(number, text=text) for number in range(400))))
        assert document(result)["accepted"] == 400
        sizes = [one.size for one in gateway.requests if one.method == "POST"]
        assert len(sizes) == 2
        assert max(sizes) < MAX_BODY_BYTES

    def test_an_item_that_changes_within_the_file_is_sent_again(self, gateway: FakeGateway, tmp_path: Path) -> None:
        lines = [item(1), item(1), item(1, title="New"), item(1), json.dumps({"item": "N1", "deleted": True})]
        result = document(load(gateway, written(tmp_path, "".join(lines))))
        assert (result["accepted"], result["duplicates"]) == (4, 1)
        assert [entry.get("title") for entry in gateway.entries()] == ["Title", "New", "Title", None]

    def test_waits_until_the_embedder_has_caught_up(self, gateway: FakeGateway, tmp_path: Path) -> None:
        gateway.lags = [lag_of(agents=9, embedder=lag) for lag in (3, 1, 0)]
        result = document(load(gateway, written(tmp_path, NEWS)))
        assert result["waited"] > 0.4
        assert len(gateway.lags) == 1

    def test_or_not(self, gateway: FakeGateway, tmp_path: Path) -> None:
        gateway.lags = [lag_of(agents=0, embedder=3)]
        assert document(load(gateway, written(tmp_path, NEWS), "--no-wait"))["waited"] is None

    def test_a_stage_that_is_not_there_is_an_error(self, gateway: FakeGateway, tmp_path: Path) -> None:
        gateway.lags = [lag_of(agents=0)]
        result = load(gateway, written(tmp_path, NEWS))
        assert result.exit_code == 1
        assert "no stage 'embedder'" in result.stderr


class TestWaiting:
    def test_a_stage_that_stands_still_is_an_error(self) -> None:
        now = [0.0]
        clock = Time(now=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds))
        with pytest.raises(NotCaughtUp, match="attune worker agents"):
            wait_for("agents", lambda: {"agents": 7}, clock)
        assert STALL_SECONDS < now[0] < STALL_SECONDS + 2

    def test_the_counts_are_shown_before_the_waiting(self, tmp_path: Path) -> None:
        with serving(FakeGateway(lags=[lag_of(agents=0)])) as gateway:
            result = load(gateway, written(tmp_path, NEWS))
        assert result.exit_code == 1
        assert result.stderr.index("accepted 1") < result.stderr.index("Error: ")

    def test_one_that_is_slow_is_waited_for(self) -> None:
        now = [0.0]
        clock = Time(now=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + 50.0))
        lags = iter([5, 4, 4, 3, 2, 1, 0])
        assert wait_for("agents", lambda: {"agents": next(lags)}, clock) == 300.0
