"""The command line itself: help, errors and exit codes, settings, topics, starting roles, benchmarks."""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from infra.cli.main import app
from infra.cli.output import plain
from infra.cli.outside import Outside
from infra.doctor import Finding
from infra.processes import ProcessError
from infra.settings import Settings
from streams.kafka_admin import TopicReport
from streams.topics import TOPICS
from tests.infra.cli_runs import document, run
from workers.errors import (
    BrokerUnavailable,
    ConfigurationError,
    FatalRunnerError,
    StoreLost,
    StoreRefused,
    StoreUnavailable,
    TopicMismatch,
)

HEAVY = {"aiokafka", "faust", "httpx", "numpy", "pydantic", "redis", "rich", "torch"}


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


EVERY = dict(commands(typer.main.get_command(app)))


class TestHelp:
    def test_names_every_command(self) -> None:
        assert {" ".join(path) for path in EVERY} == {
            "up",
            "gateway",
            "worker",
            "catalog load",
            "ingest",
            "import",
            "profile show",
            "profile edit",
            "profile versions",
            "profile rollback",
            "profile plot",
            "profile why",
            "profile export",
            "profile import",
            "profile forget",
            "explain",
            "recommend",
            "refresh",
            "status",
            "doctor",
            "topics create",
            "topics list",
            "dlq list",
            "dlq show",
            "dlq replay",
            "dlq drop",
            "rebuild",
            "audit forgotten",
            "token issue",
            "token revoke",
            "token rotate",
            "token show",
            "config show",
            "space train",
            "space fit",
            "space roll-out",
            "space roll-back",
            "space retire",
            "space own",
            "space status",
            "eval impressions",
            "eval sequences",
            "eval ratings",
            "eval editability",
            "eval ablation",
            "eval platforms",
            "eval portability",
            "bench throughput",
            "bench freshness",
            "bench hot-user",
            "bench edits",
            "version",
        }

    @pytest.mark.parametrize("path", EVERY, ids=" ".join)
    def test_says_what_a_command_does_with_an_example(self, path: tuple[str, ...]) -> None:
        result = run(*path, "--help")
        assert result.exit_code == 0
        assert EVERY[path].help
        assert f"attune {' '.join(path)}" in result.stdout.split("Example:")[1]

    def test_is_quick_because_nothing_heavy_is_imported_for_it(self) -> None:
        script = "import sys; from infra.cli.main import app; app(['--help'], standalone_mode=False)"
        result = subprocess.run(
            [sys.executable, "-c", f"{script}; print(*sys.modules)"], capture_output=True, text=True, check=True
        )
        assert "Example" in result.stdout
        assert HEAVY & set(result.stdout.splitlines()[-1].split()) == set()

    def test_without_a_command_the_help_is_shown(self) -> None:
        result = run()
        assert result.exit_code == 2
        assert "Commands:" in result.output


class TestErrors:
    @pytest.mark.parametrize(
        "words",
        [
            ("frob",),
            ("worker",),
            ("worker", "router"),
            ("catalog", "load", "file"),
            ("catalog", "load", "file", "--provider", "No Good"),
            ("recommend", "ada", "-k", "0"),
            ("recommend", "ada", "-k", "201"),
            ("dlq", "list", "--limit", "0"),
        ],
        ids=" ".join,
    )
    def test_wrong_usage_is_2_and_says_what_is_right(self, words: tuple[str, ...]) -> None:
        result = run(*words)
        assert result.exit_code == 2
        assert "Error: " in result.stderr
        assert result.stdout == ""

    def test_a_known_error_of_a_command_is_one_message_and_1(self) -> None:
        def fail(settings: Settings) -> TopicReport:
            raise BrokerUnavailable("it is away: start it")

        result = run(
            "topics", "create", env={"ATTUNE_BROKER": "kafka://127.0.0.1:9"}, outside=Outside(create_topics=fail)
        )
        assert (result.exit_code, result.stdout, result.stderr) == (1, "", "Error: it is away: start it\n")

    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (ProcessError("it is wrong: mend it"), 1),
            (ConfigurationError("it is wrong: mend it"), 2),
            (StoreRefused("it is wrong: mend it"), 2),
            (StoreUnavailable("it is wrong: mend it"), 3),
            (FatalRunnerError("it is wrong: mend it"), 4),
            (StoreLost("it is wrong: mend it"), 4),
        ],
        ids=lambda given: type(given).__name__,
    )
    def test_a_known_error_of_a_role_is_one_message_and_says_whether_to_start_it_again(
        self, error: Exception, code: int
    ) -> None:
        def fail(settings: Settings, sample: bool) -> None:
            raise error

        result = run("up", outside=Outside(run_up=fail))
        assert (result.exit_code, result.stdout, result.stderr) == (code, "", "Error: it is wrong: mend it\n")

    def test_an_error_nobody_foresaw_keeps_its_traceback(self) -> None:
        def fail(settings: Settings, sample: bool) -> None:
            raise ZeroDivisionError

        assert isinstance(run("up", outside=Outside(run_up=fail)).exception, ZeroDivisionError)

    def test_ctrl_c_is_130_without_a_word(self) -> None:
        def interrupt(settings: Settings, sample: bool) -> None:
            raise KeyboardInterrupt

        result = run("up", outside=Outside(run_up=interrupt))
        assert (result.exit_code, result.output) == (130, "")

    def test_a_wrong_setting_is_named(self) -> None:
        result = run("gateway", env={"ATTUNE_BROKER": "localhost:9092"})
        assert result.exit_code == 2
        assert "ATTUNE_BROKER" in result.stderr
        assert "kafka://host:port" in result.stderr

    def test_a_gateway_that_is_not_there_says_how_to_start_it(self) -> None:
        for words in (("status",), ("dlq", "list"), ("profile", "show", "ada")):
            result = run(*words, env={"ATTUNE_GATEWAY_URL": "http://127.0.0.1:9"})
            assert result.exit_code == 1
            assert "attune up" in result.stderr
            assert "ATTUNE_GATEWAY_URL" in result.stderr
            assert result.stdout == ""


class TestRoles:
    def test_up_takes_the_sample_and_another_folder(self, tmp_path: Path) -> None:
        calls: list[tuple[Path, bool]] = []
        outside = Outside(run_up=lambda settings, sample: calls.append((settings.data_dir, sample)))
        assert run("up", outside=outside).exit_code == 0
        assert run("up", "--sample", "--data-dir", str(tmp_path), outside=outside).exit_code == 0
        assert calls == [(Path(".attune/data"), False), (tmp_path, True)]

    def test_gateway_and_workers_run_on_the_settings_in_force(self) -> None:
        calls: list[tuple[str, int]] = []
        outside = Outside(
            run_gateway=lambda settings: calls.append(("gateway", settings.http_port)),
            run_worker=lambda settings, role: calls.append((role, settings.http_port)),
        )
        env = {"ATTUNE_HTTP_PORT": "1234"}
        roles = ("agents", "embedder", "refiner", "provider", "control")
        for words in (("gateway",), *(("worker", role) for role in roles)):
            assert run(*words, outside=outside, env=env).exit_code == 0
        assert calls == [(role, 1234) for role in ("gateway", *roles)]


class TestConfig:
    def settings(self, env: dict[str, str]) -> dict[str, dict[str, Any]]:
        result = run("config", "show", "--json", env=env)
        assert result.exit_code == 0
        return {one["name"]: one for one in document(result)["settings"]}

    def test_lists_every_setting_with_its_meaning(self) -> None:
        settings = self.settings({})
        assert set(settings) == {f"ATTUNE_{name.upper()}" for name in Settings.model_fields}
        assert all(one["description"] and one["source"] == "default" for one in settings.values())

    def test_says_where_a_value_comes_from(self, tmp_path: Path) -> None:
        file = tmp_path / "attune.toml"
        file.write_text('http_port = 1\nhttp_host = "0.0.0.0"\n')
        settings = self.settings({"ATTUNE_CONFIG": str(file), "attune_http_port": "1234"})
        assert (settings["ATTUNE_HTTP_PORT"]["value"], settings["ATTUNE_HTTP_PORT"]["source"]) == ("1234", "env")
        assert (settings["ATTUNE_HTTP_HOST"]["value"], settings["ATTUNE_HTTP_HOST"]["source"]) == ("0.0.0.0", "file")
        assert settings["ATTUNE_STORE"]["source"] == "default"

    def test_masks_secrets_and_passwords(self) -> None:
        env = {"ATTUNE_STORE": "redis://:sesame@localhost/0", "ATTUNE_SECRET": "sesame"}
        settings = self.settings(env)
        assert settings["ATTUNE_SECRET"]["value"] == "********"
        assert settings["ATTUNE_STORE"]["value"] == "redis://:********@localhost/0"
        assert "sesame" not in run("config", "show", env=env).output

    def test_a_file_that_is_not_there_is_an_error(self, tmp_path: Path) -> None:
        result = run("config", "show", env={"ATTUNE_CONFIG": str(tmp_path / "none.toml")})
        assert result.exit_code == 1
        assert "ATTUNE_CONFIG" in result.stderr


class TestTopics:
    def test_an_embedded_log_needs_none(self) -> None:
        result = run("topics", "create", "--json")
        assert "the embedded log needs no topics" in result.stderr
        assert document(result) == {"broker": "embedded", "created": [], "existing": []}

    def test_on_kafka_they_are_created_with_the_settings(self) -> None:
        asked: list[tuple[str, int, int]] = []

        def create(settings: Settings) -> TopicReport:
            asked.append((settings.bootstrap, settings.partitions, settings.replication))
            return TopicReport(created=("a", "b"), existing=("c",))

        env = {"ATTUNE_BROKER": "kafka://one:9092,two:9092", "ATTUNE_PARTITIONS": "4", "ATTUNE_REPLICATION": "2"}
        result = run("topics", "create", "--json", env=env, outside=Outside(create_topics=create))
        assert asked == [("one:9092,two:9092", 4, 2)]
        assert document(result) == {"broker": "kafka", "created": ["a", "b"], "existing": ["c"]}

    def test_a_mismatch_is_an_error_with_its_cure(self) -> None:
        def create(settings: Settings) -> TopicReport:
            raise TopicMismatch("attune.commands has 3 partitions, not 8: set ATTUNE_PARTITIONS=3")

        env = {"ATTUNE_BROKER": "kafka://one:9092"}
        result = run("topics", "create", env=env, outside=Outside(create_topics=create))
        assert result.exit_code == 1
        assert "set ATTUNE_PARTITIONS=3" in result.stderr

    def test_list_is_the_table_of_topics(self) -> None:
        topics = document(run("topics", "list", "--json", env={"ATTUNE_PARTITIONS": "3"}))["topics"]
        assert [topic["name"] for topic in topics] == [topic.name for topic in TOPICS]
        assert {topic["partitions"] for topic in topics} == {3}
        assert "attune.dead-letters" in run("topics", "list").stdout


class TestDoctor:
    FINE = Finding("broker", True, "embedded")
    WRONG = Finding("store", False, "it keeps no append-only file", "set `appendonly yes`")

    def test_well_is_0(self) -> None:
        result = run("doctor", "--json", outside=Outside(examine=lambda settings: [self.FINE]))
        assert result.exit_code == 0
        assert document(result) == {
            "ok": True,
            "findings": [{"name": "broker", "ok": True, "detail": "embedded", "cure": ""}],
        }

    def test_something_wrong_is_1_and_named_with_its_cure(self) -> None:
        result = run("doctor", outside=Outside(examine=lambda settings: [self.FINE, self.WRONG]))
        assert result.exit_code == 1
        assert "WRONG store: it keeps no append-only file\n      cure: set `appendonly yes`" in result.stdout

    def test_settings_that_cannot_be_read_are_the_finding(self) -> None:
        result = run("doctor", "--json", env={"ATTUNE_PARTITIONS": "none"})
        assert result.exit_code == 1
        (finding,) = document(result)["findings"]
        assert finding["name"] == "settings"
        assert "ATTUNE_PARTITIONS" in finding["detail"]


class TestBench:
    def test_prints_what_was_measured(self) -> None:
        outside = Outside(bench=lambda name, settings, refinements: {"name": name, "ours": {"rate": 5 + refinements}})
        assert document(run("bench", "throughput", "--json", outside=outside)) == {
            "name": "throughput",
            "ours": {"rate": 5},
        }
        assert run("bench", "freshness", outside=outside).stdout == "name       freshness\nours.rate  5\n"
        told = run("bench", "freshness", "--refinements", "1000", outside=outside).stdout
        assert told == "name       freshness\nours.rate  1005\n"


class TestVersion:
    def test_is_that_of_the_project_where_it_is_installed(self) -> None:
        project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
        result = run("version", "--json")
        if result.exit_code:
            assert "not installed" in result.stderr
        else:
            assert document(result)["version"] == project["version"]


class TestOutput:
    def test_nothing_that_steers_a_terminal_gets_through(self) -> None:
        assert plain("a\x1b[31mb\x07c\u202ed\re") == "a\ufffd[31mb\ufffdc\ufffdd\ufffde"
        assert plain("Träume «日本» 🏆\nzwei") == "Träume «日本» 🏆\nzwei"
