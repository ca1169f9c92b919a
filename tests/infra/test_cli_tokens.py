"""`attune token`: a token and nothing else on stdout, keys by their ids only, a new key without an interruption; and
the commands that show the gateway the token of the settings."""

import json
import time
from pathlib import Path

import pytest

from infra.doors.key_file import read_ring
from infra.doors.keys import ring_of_setting
from infra.doors.roles import Role
from infra.doors.tokens import DAY, TokenRefused, read
from infra.settings import Settings
from tests.infra.cli_runs import document, run
from tests.infra.fake_gateway import FakeGateway, problem, serving

KEYS = "k" * 32


def env(folder: Path, **more: str) -> dict[str, str]:
    return {"ATTUNE_DATA_DIR": str(folder), **more}


@pytest.mark.parametrize(
    ("words", "role", "subject"),
    [
        (("--role", "person", "--user", "Ada Ü"), Role.PERSON, "Ada Ü"),
        (("--role", "provider", "--provider", "news"), Role.PROVIDER, "news"),
        (("--role", "ingester", "--name", "importer-2"), Role.INGESTER, "importer-2"),
        (("--role", "operator"), Role.OPERATOR, "operator"),
    ],
)
def test_stdout_is_the_token_alone(words: tuple[str, ...], role: Role, subject: str, tmp_path: Path) -> None:
    result = run("token", "issue", *words, "--days", "2", env=env(tmp_path))
    assert result.exit_code == 0, result.output
    holder = read(read_ring(tmp_path / "tokens.json"), result.stdout.removesuffix("\n"), time.time())
    assert (holder.role, holder.subject) == (role, subject)
    assert holder.expires == pytest.approx(time.time() + 2 * DAY, abs=30)


def test_the_first_token_makes_the_first_key_and_says_what_that_means(tmp_path: Path) -> None:
    words = ("token", "issue", "--role", "operator")
    assert "from its next start the service asks everybody" in run(*words, env=env(tmp_path)).stderr
    assert "asks everybody" not in run(*words, env=env(tmp_path)).stderr
    assert len(read_ring(tmp_path / "tokens.json").keys) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--role", "person"), "a token of the role person takes --user"),
        (("--role", "person", "--user", "ada", "--provider", "news"), "a token of the role person takes --user"),
        (("--role", "operator", "--user", "ada"), "a token of the role operator takes --name"),
        (("--role", "root"), "'root' is not one of"),
        (("--role", "person", "--user", "ada", "--days", "5000"), "366"),
        (("--role", "provider", "--provider", "News"), "--provider takes a provider's id"),
    ],
)
def test_a_token_that_cannot_be_is_refused_with_the_cure(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    result = run("token", "issue", *words, env=env(tmp_path))
    assert result.exit_code != 0
    assert said in result.stderr
    assert result.stdout == ""


def test_a_rotation_keeps_issued_tokens_for_as_long_as_is_said(tmp_path: Path) -> None:
    token = run("token", "issue", "--role", "operator", env=env(tmp_path)).stdout.strip()
    result = run("token", "rotate", "--keep-days", "3", "--json", env=env(tmp_path))
    assert [key["use"] for key in document(result)["keys"]] == ["signs", "accepted"]
    ring = read_ring(tmp_path / "tokens.json")
    assert read(ring, token, time.time()).role is Role.OPERATOR
    run("token", "rotate", "--keep-days", "0", env=env(tmp_path))
    with pytest.raises(TokenRefused):
        read(read_ring(tmp_path / "tokens.json"), token, time.time())


@pytest.mark.parametrize("by", ["id", "token", "stdin"])
def test_one_token_is_called_back_and_no_other(by: str, tmp_path: Path) -> None:
    words = ("token", "issue", "--role", "person", "--user", "ada", "--days", "2", "--json")
    lost, other = (document(run(*words, env=env(tmp_path))) for _ in range(2))
    given, says = {"id": (lost["id"], None), "token": (lost["token"], None), "stdin": ("-", f"{lost['token']}\n")}[by]
    result = run("token", "revoke", given, "--json", env=env(tmp_path), says=says)
    assert result.exit_code == 0, result.output
    (revoked,) = document(result)["revoked"]
    assert revoked["id"] == lost["id"]
    assert (revoked["until"] == lost["expires"]) is (by != "id")
    ring = read_ring(tmp_path / "tokens.json")
    with pytest.raises(TokenRefused, match="called back"):
        read(ring, lost["token"], time.time())
    assert read(ring, other["token"], time.time()).subject == "ada"
    shown = run("token", "show", env=env(tmp_path)).stdout
    assert lost["id"] in shown
    assert other["id"] not in shown
    assert lost["token"] not in (tmp_path / "tokens.json").read_text()


def test_the_id_of_a_token_is_told_with_it(tmp_path: Path) -> None:
    result = run("token", "issue", "--role", "operator", env=env(tmp_path))
    holder = read(read_ring(tmp_path / "tokens.json"), result.stdout.strip(), time.time())
    assert f"`attune token revoke {holder.token}` calls it back" in result.stderr


@pytest.mark.parametrize("given", ["hunter2", "a.b.c", "", "0123456789abcdef"])
def test_what_names_no_token_calls_none_back(given: str, tmp_path: Path) -> None:
    run("token", "rotate", env=env(tmp_path))
    result = run("token", "revoke", given, env=env(tmp_path))
    assert result.exit_code != 0
    assert "name the id that `attune token issue` told with it" in result.stderr
    assert read_ring(tmp_path / "tokens.json").revoked == {}


def test_keys_of_the_environment_call_no_single_token_back_and_the_cure_is_said(tmp_path: Path) -> None:
    result = run("token", "revoke", "a" * 24, env=env(tmp_path, ATTUNE_TOKEN_KEYS=KEYS))
    assert result.exit_code == 1
    assert "take the key that signed it out of there, start the roles again" in result.stderr


def test_keys_are_shown_by_their_ids_and_never_themselves(tmp_path: Path) -> None:
    outputs = [run("token", word, env=env(tmp_path)).output for word in ("rotate", "rotate", "show")]
    shown = run("token", "show", "--json", env=env(tmp_path))
    secrets = [key["secret"] for key in json.loads((tmp_path / "tokens.json").read_text())["keys"]]
    assert len(secrets) == 2
    for output in (*outputs, shown.output):
        assert all(secret not in output for secret in secrets)
    ring = read_ring(tmp_path / "tokens.json")
    assert [(key["kid"], key["use"]) for key in document(shown)["keys"]] == [
        (ring.keys[0].kid, "signs"),
        (ring.keys[1].kid, "accepted"),
    ]


def test_without_keys_there_is_nothing_to_show(tmp_path: Path) -> None:
    result = run("token", "show", env=env(tmp_path))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "`attune token rotate` makes the first" in result.stderr


def test_keys_of_the_environment_sign_and_are_rotated_there(tmp_path: Path) -> None:
    there = env(tmp_path, ATTUNE_TOKEN_KEYS=KEYS)
    token = run("token", "issue", "--role", "operator", env=there).stdout.strip()
    assert read(ring_of_setting(KEYS), token, time.time()).role is Role.OPERATOR
    result = run("token", "rotate", env=there)
    assert result.exit_code == 1
    assert "put a new one before the others there" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_no_secret_of_the_doors_is_shown_among_the_settings(tmp_path: Path) -> None:
    secrets = {name: f"{name}-{'x' * 40}" for name, field in Settings.model_fields.items() if "Secret" in repr(field)}
    assert {"token_keys", "token", "provider_token", "kafka_password", "redis_password"} <= set(secrets)
    given = {f"ATTUNE_{name.upper()}": value for name, value in secrets.items()}
    more = {"ATTUNE_KAFKA_SECURITY": "SASL_SSL", "ATTUNE_KAFKA_USER": "attune"}
    result = run("config", "show", "--json", env=env(tmp_path, **given, **more))
    assert result.exit_code == 0, result.output
    assert all(value not in result.output for value in secrets.values())
    assert all(one["value"] == "********" for one in document(result)["settings"] if one["name"] in given)


@pytest.mark.parametrize("words", [("refresh", "ada"), ("dlq", "list")])
@pytest.mark.parametrize("token", ["a.b.c", None])
def test_commands_show_the_gateway_the_token_of_the_settings(token: str | None, words: tuple[str, ...]) -> None:
    gateway = FakeGateway()
    with serving(gateway):
        given = {} if token is None else {"ATTUNE_TOKEN": token}
        run(*words, env={"ATTUNE_GATEWAY_URL": gateway.url, **given})
    assert [one.authorization for one in gateway.requests] == [None if token is None else f"Bearer {token}"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_does_not_open_the_dead_letters_is_said_with_the_cure(status: int) -> None:
    gateway = FakeGateway({"GET /v1/dead-letters": problem(status, "Refused", "No.")})
    with serving(gateway):
        result = run("dlq", "list", env={"ATTUNE_GATEWAY_URL": gateway.url})
    assert result.exit_code == 1
    assert "`attune token issue --role operator`" in result.stderr
