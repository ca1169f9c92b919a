"""What Prometheus is told: it reads every role, names only figures that Attune exports, and its alerts are proven."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from infra.processes.process import find_command
from streams.metrics import Metrics

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "infra" / "prometheus"

ALERTS = [
    rule
    for group in yaml.safe_load((FILES / "rules.yml").read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
]
CASES = yaml.safe_load((FILES / "rules_test.yml").read_text())["tests"]

_SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_count", "_sum"),
}
_METRIC = re.compile(r"(?<![\w:])attune_\w+(?![\w:])")
"""A metric of ours in an expression; a figure recorded by rules.yml has colons in its name."""


def read(name: str) -> Any:
    return yaml.safe_load((FILES / name).read_text())


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = (find_command("promtool", "prometheus"), *arguments)
    return subprocess.run(command, cwd=FILES, capture_output=True, text=True, timeout=120, check=False)


def exported_names(registry: CollectorRegistry) -> set[str]:
    """As they stand in an answer to a scrape."""
    return {family.name + suffix for family in registry.collect() for suffix in _SUFFIXES[family.type]}


def ports_read() -> dict[str, int]:
    """Which port is read, by the host that a job names."""
    lookups = [one for job in read("prometheus.yml")["scrape_configs"] for one in job["dns_sd_configs"]]
    return {name: one["port"] for one in lookups for name in one["names"]}


def firing(case: dict[str, Any], alert: str) -> list[bool]:
    """Whether the alert fires, for each time that a case looks at it."""
    told = [bool(look.get("exp_alerts")) for look in case.get("alert_rule_test", []) if look["alertname"] == alert]
    asked = f'ALERTS{{alertname="{alert}", alertstate="firing"}}'
    return told + [bool(look["exp_samples"]) for look in case.get("promql_expr_test", []) if look["expr"] == asked]


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "--lint=all", "--lint-fatal", "rules.yml"),
        ("test", "rules", "rules_test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_finds_nothing_wrong(arguments: tuple[str, ...]) -> None:
    result = promtool(*arguments)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", ["rules.yml", "rules_test.yml"])
def test_every_metric_named_is_one_that_attune_exports(name: str) -> None:
    named = set(_METRIC.findall((FILES / name).read_text()))
    assert named
    # The comments and the actions may name a histogram as a whole.
    families = {family.name for family in Metrics().registry.collect() if family.type == "histogram"}
    assert named - exported_names(Metrics().registry) - families == set()


def test_no_expression_names_a_histogram_as_a_whole() -> None:
    rules = [rule for group in read("rules.yml")["groups"] for rule in group["rules"]]
    named = {metric for rule in rules for metric in _METRIC.findall(rule["expr"])}
    assert named <= exported_names(Metrics().registry)


def test_every_window_holds_eight_scrapes() -> None:
    assert read("prometheus.yml")["global"]["scrape_interval"] == "15s"
    minutes = [int(window) for window in re.findall(r"\[(\d+)m\]", (FILES / "rules.yml").read_text())]
    assert min(minutes) * 60 >= 8 * 15


def test_every_role_is_read_where_the_compose_file_has_it_listen() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    settings = {name: one["environment"] for name, one in services.items() if "build" in one and name != "topics"}
    expected = {
        name: int(passed["ATTUNE_HTTP_PORT" if name == "gateway" else "ATTUNE_METRICS_PORT"])
        for name, passed in settings.items()
    }
    assert ports_read() == expected


def test_a_job_has_the_name_of_the_role_it_reads() -> None:
    for job in read("prometheus.yml")["scrape_configs"]:
        assert [one["names"] for one in job["dns_sd_configs"]] == [[job["job_name"]]]


def test_the_alert_for_a_silent_role_knows_every_role() -> None:
    (alert,) = [alert for alert in ALERTS if alert["alert"] == "AttuneRoleDown"]
    assert set(re.findall(r'absent\(up{job="(\w+)"}\)', alert["expr"])) == set(ports_read())
    (silent,) = re.findall(r'job=~"([\w|]+)"', alert["expr"])
    assert set(silent.split("|")) == set(ports_read())


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_every_alert_says_what_is_wrong_and_what_to_do(alert: dict[str, Any]) -> None:
    assert set(alert["annotations"]) == {"summary", "action"}
    assert "$labels." in alert["annotations"]["summary"]
    assert alert["labels"]["severity"] in {"page", "ticket"}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_quiet(alert: dict[str, Any]) -> None:
    outcomes = [fires for case in CASES for fires in firing(case, alert["alert"])]
    assert set(outcomes) == {True, False}
