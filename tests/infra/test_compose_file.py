"""docker-compose.yml: Attune's own services, checked against its settings, its commands and its roles."""

import re
from typing import Any, get_args

import pytest
from typer.testing import CliRunner

from infra.cli.roles import Role
from infra.doors.opening import doors_of
from infra.settings import Settings
from tests.infra.compose_file import FILE, ONE_SHOT, SECRET, TOKEN_KEYS, compose, long_running, own, services

LOOPBACK = "127.0.0.1"
WORKERS = get_args(Role)
ROLES = {"gateway", *WORKERS}
COMMANDS = [("gateway",), ("topics", "create"), *(("worker", role) for role in WORKERS)]

_SECONDS = {"s": 1, "m": 60}


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have settings of their own."""
    for field in Settings.model_fields:
        monkeypatch.delenv(f"ATTUNE_{field.upper()}", raising=False)
    monkeypatch.delenv("ATTUNE_CONFIG", raising=False)


def settings_of(service: dict[str, Any]) -> Settings:
    """What the role makes of its environment. A variable without a value is not passed at all."""
    passed = {name: value for name, value in service["environment"].items() if value is not None}
    assert all(name.startswith("ATTUNE_") for name in passed)
    return Settings(**{name.removeprefix("ATTUNE_").lower(): value for name, value in passed.items()})


def published(service: dict[str, Any]) -> list[tuple[str, str]]:
    """The address and the port of the host, for each that is published."""
    return [(address, port) for address, port, _ in (entry.split(":") for entry in service.get("ports", []))]


def seconds(duration: str) -> float:
    return sum(float(number) * _SECONDS[unit] for number, unit in re.findall(r"([\d.]+)([sm])", duration))


# --- settings


@pytest.mark.usefixtures("no_settings")
def test_every_setting_passed_exists_and_takes_its_value() -> None:
    known = {f"ATTUNE_{field.upper()}" for field in Settings.model_fields}
    for service in own(services()).values():
        assert set(service["environment"]) <= known
        settings_of(service)


def test_every_variable_of_attunes_that_the_file_asks_for_is_a_setting() -> None:
    asked = set(re.findall(r"\$\{ATTUNE_(\w+)", FILE.read_text()))
    assert asked == {"SECRET", "TOKEN_KEYS"}
    assert {name.lower() for name in asked} <= set(Settings.model_fields)


def test_settings_named_without_a_value_come_from_the_environment() -> None:
    given = {"ATTUNE_PARTITIONS": "24", "ATTUNE_LOG_LEVEL": "debug", "ATTUNE_LLM_URL": "http://vllm:8000/v1"}
    for service in own(services(**given)).values():
        assert given.items() <= service["environment"].items()


@pytest.mark.parametrize("missing", ["ATTUNE_SECRET", "ATTUNE_TOKEN_KEYS"])
@pytest.mark.parametrize("given", [None, ""])
def test_without_a_secret_nothing_starts_and_the_message_says_why(missing: str, given: str | None) -> None:
    there: dict[str, str | None] = {"ATTUNE_SECRET": SECRET, "ATTUNE_TOKEN_KEYS": TOKEN_KEYS, missing: given}
    result = compose("config", **{name: value for name, value in there.items() if value is not None})
    assert result.returncode != 0
    assert f"set {missing} to one long random text" in result.stderr


@pytest.mark.usefixtures("no_settings")
def test_whoever_asks_is_asked_who_they_are() -> None:
    for service in own(services()).values():
        doors = doors_of(settings_of(service))
        assert doors.keys is not None
        assert doors.metrics_open  # Prometheus has no token here


@pytest.mark.usefixtures("no_settings")
def test_every_role_is_given_the_same_settings() -> None:
    assert len({str(sorted(service["environment"].items(), key=str)) for service in own(services()).values()}) == 1


@pytest.mark.usefixtures("no_settings")
def test_what_the_settings_name_is_a_service_that_listens_there() -> None:
    settings = settings_of(services()["gateway"])
    assert settings.bootstrap == services()["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split("//")[1]
    assert settings.bootstrap.split(":")[0] in services()
    assert settings.store == "redis://redis:6379/0"
    assert settings.provider_url == f"http://provider:{settings.metrics_port}"
    # 127.0.0.1 would shut out the gateway from the provider, and Prometheus from all of them.
    assert settings.http_host == "0.0.0.0"


# --- roles


def test_every_role_has_a_service() -> None:
    assert set(own(services())) == ROLES | {ONE_SHOT}


def test_every_service_of_ours_runs_a_command_of_its_name() -> None:
    assert sorted(tuple(service["command"]) for service in own(services()).values()) == sorted(COMMANDS)
    assert all(service["command"][-1] == name for name, service in own(services()).items() if name != ONE_SHOT)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_is_one_that_attune_knows(command: tuple[str, ...]) -> None:
    from infra.cli.main import app

    runner = CliRunner(env={"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"})
    for depth, word in enumerate(command):
        result = runner.invoke(app, [*command[:depth], "--help"])
        assert result.exit_code == 0, result.output
        assert re.search(rf"\b{word}\b", result.output), result.output


def test_every_role_waits_for_its_servers_and_for_the_topics() -> None:
    servers = {"kafka": {"condition": "service_healthy"}, "redis": {"condition": "service_healthy"}}
    topics = {"topics": {"condition": "service_completed_successfully"}}
    assert services()["topics"]["depends_on"] == servers
    for name in ROLES:
        assert services()[name]["depends_on"] == servers | topics


def test_what_ends_is_started_again_unless_it_is_meant_to_end() -> None:
    assert {service["restart"] for service in long_running(services()).values()} == {"unless-stopped"}
    assert services()["topics"]["restart"] == "no"


@pytest.mark.usefixtures("no_settings")
def test_an_orderly_stop_has_its_whole_deadline_before_the_kill() -> None:
    for service in own(services()).values():
        assert seconds(service["stop_grace_period"]) >= settings_of(service).stop_timeout + 5
        assert service["init"] is True


@pytest.mark.parametrize("role", sorted(ROLES - {"gateway"}))
def test_a_worker_can_have_replicas(role: str) -> None:
    """No name, port, folder or place in the group that two would fight for."""
    assert not {"container_name", "hostname", "ports", "volumes"} & set(services()[role])
    assert "ATTUNE_INSTANCE" not in services()[role]["environment"]


def test_our_containers_have_no_rights_that_they_do_not_need() -> None:
    for service in own(services()).values():
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not {"privileged", "network_mode", "pid", "user"} & set(service)


# --- health


def test_everything_that_stays_has_a_healthcheck() -> None:
    for name, service in long_running(services()).items():
        check = service["healthcheck"]
        assert check["test"][0] in {"CMD", "CMD-SHELL"}, name
        assert {"interval", "timeout", "retries", "start_period"} <= set(check), name
    assert services()["topics"]["healthcheck"]["test"] == ["NONE"]


@pytest.mark.usefixtures("no_settings")
def test_a_role_is_asked_for_its_health_where_it_listens() -> None:
    for name in ROLES:
        settings = settings_of(services()[name])
        port = settings.http_port if name == "gateway" else settings.metrics_port
        kind, interpreter, _, program = services()[name]["healthcheck"]["test"]
        assert (kind, interpreter) == ("CMD", "python")
        assert f'urlopen("http://127.0.0.1:{port}/healthz", timeout=' in program
        compile(program, "healthcheck", "exec")


# --- ports


def test_nothing_is_published_beyond_loopback_unless_asked_for() -> None:
    assert published(services()["gateway"]) == [(LOOPBACK, "8080")]
    assert {address for service in services().values() for address, _ in published(service)} == {LOOPBACK}


def test_only_the_gateway_can_be_published_beyond_loopback() -> None:
    given = {"GATEWAY_ADDRESS": "0.0.0.0", "GATEWAY_PORT": "80", "PROMETHEUS_PORT": "9999"}
    opened = services(**given)
    beyond = {name: published(one) for name, one in opened.items() if {a for a, _ in published(one)} - {LOOPBACK}}
    assert beyond == {"gateway": [("0.0.0.0", "80")]}
