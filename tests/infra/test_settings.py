"""Settings: one name in the environment and in the file, limits with their cure, and the key of the pseudonyms."""

import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from infra.compose import agent_rules
from infra.settings import Settings, read_settings
from workers.errors import ConfigurationError
from workers.space import describe_space


@pytest.fixture(autouse=True)
def _no_settings_of_this_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("ATTUNE_")]:
        monkeypatch.delenv(name)


def test_without_settings_everything_is_embedded_and_on_loopback() -> None:
    settings = read_settings()
    assert settings.embedded
    assert settings.store == "embedded"
    assert settings.http_host == "127.0.0.1"


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "attune.toml"
    file.write_text('refit_after = 7\nhttp_port = 8088\nrunner = "faust"\n')
    monkeypatch.setenv("ATTUNE_CONFIG", str(file))
    monkeypatch.setenv("ATTUNE_REFIT_AFTER", "9")
    settings = read_settings()
    assert (settings.refit_after, settings.http_port, settings.runner) == (9, 8088, "faust")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("BROKER", "localhost:9092", "kafka://host:port"),
        ("STORE", "localhost:6379", "redis://host:port"),
        ("RUNNER", "celery", "'aiokafka' or 'faust'"),
        ("HTTP_PORT", "99999", "65535"),
        ("REFIT_AFTER", "0", "greater than or equal to 1"),
        ("REFINE_TEMPERATURE", "0.5", "'0', '1' or 'inf'"),
        ("REFINE_ITERATIONS", "11", "less than or equal to 10"),
        ("PROPOSER", "gpt", "'phrases' or 'vllm'"),
        ("LLM_URL", "localhost:8000", "must look like http://host:8000/v1"),
        ("LLM_CALLS_PER_USER", "-1", "greater than or equal to 0"),
        ("TENANT", "A tenant", "match pattern"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_takes(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"ATTUNE_{name}", value)
    with pytest.raises(ConfigurationError, match=f"ATTUNE_{name}: .*{said}"):
        read_settings()


def test_an_llm_must_be_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_PROPOSER", "vllm")
    with pytest.raises(ConfigurationError, match=r"^ATTUNE_PROPOSER=vllm needs .* ATTUNE_LLM_URL$"):
        read_settings()
    monkeypatch.setenv("ATTUNE_LLM_URL", "http://vllm:8000/v1")
    assert read_settings().proposer == "vllm"


def test_a_lease_must_outlast_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_LLM_TIMEOUT", "200")
    with pytest.raises(ConfigurationError, match=r"^ATTUNE_REFINE_LEASE must be at least 4 times ATTUNE_LLM_TIMEOUT"):
        read_settings()
    monkeypatch.setenv("ATTUNE_REFINE_LEASE", "800")
    assert read_settings().refine_lease == 800


def test_one_refinement_at_a_time_unless_an_llm_is_waited_for() -> None:
    assert Settings().refinements_at_once == 1
    assert Settings(proposer="vllm", llm_url="http://vllm/v1", llm_concurrency=5).refinements_at_once == 5
    assert Settings(refiner_concurrency=3).refinements_at_once == 3


@pytest.mark.parametrize(
    ("fields", "after"),
    [
        ({}, None),
        ({"refine_after": 7}, 7),
        ({"refine_after": 0}, None),
        ({"proposer": "vllm", "llm_url": "http://vllm/v1"}, 20),
        ({"proposer": "vllm", "llm_url": "http://vllm/v1", "refine_after": 0}, None),
    ],
    ids=["phrases", "phrases, 7", "phrases, 0", "vllm", "vllm, 0"],
)
def test_texts_are_refined_unasked_where_an_llm_does_it_or_a_count_is_set(
    fields: dict[str, Any], after: int | None
) -> None:
    settings = Settings(**fields)
    assert settings.refines_after == after
    assert agent_rules(settings, describe_space("minilm")).triggers.refine_after == after


def test_a_file_that_is_not_there_or_is_no_toml_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(ConfigurationError, match=r"no file is there"):
        read_settings()
    (tmp_path / "none.toml").write_text("a = [")
    with pytest.raises(ConfigurationError, match="is not TOML"):
        read_settings()


def test_control_runs_on_faust_and_one_stage_can_be_put_on_it_alone() -> None:
    settings = Settings(runner_agents="faust")
    assert settings.runner_of("control") == "faust"
    assert settings.runner_of("agents") == "faust"
    assert settings.runner_of("embedder") == "aiokafka"


def test_all_roles_can_run_on_one_machine() -> None:
    ports = [Settings().metrics_port_of(role) for role in ("agents", "embedder", "provider", "control", "refiner")]
    assert len({*ports, Settings().http_port}) == 6
    assert Settings(metrics_port=9100).metrics_port_of("agents") == 9100


def test_the_key_of_the_pseudonyms_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    key = settings.pseudonym_key()
    assert len(key) == 64
    assert settings.pseudonym_key() == key
    assert stat.S_IMODE((tmp_path / "data" / "secret").stat().st_mode) == 0o600


def test_in_a_cluster_the_key_must_be_given() -> None:
    with pytest.raises(ConfigurationError, match="ATTUNE_SECRET"):
        Settings(broker="kafka://localhost:9092").pseudonym_key()
    assert Settings(broker="kafka://localhost:9092", secret="s").pseudonym_key() == b"s"


def test_the_secret_is_not_shown() -> None:
    assert "hidden" not in repr(Settings(secret="hidden", llm_key="hidden"))


def test_each_process_that_holds_embeddings_has_a_name_of_its_own() -> None:
    cluster = {"broker": "kafka://127.0.0.1:1", "store": "redis://127.0.0.1"}
    assert Settings().reader_name(8080) is None  # everything is in one process
    assert Settings(**cluster).reader_name(8080) == f"{socket.gethostname()}:8080"  # type: ignore[arg-type]
    named = Settings(**cluster, instance="a b")  # type: ignore[arg-type]
    assert [named.reader_name(port) for port in (8080, 9103)] == ["a-b:8080", "a-b:9103"]
