"""Keys: the newest signs, older ones hold until their time; in a file that only its owner reads."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.doors.key_file import KeyFile, made_once, read_ring, revoke, rotate
from infra.doors.keys import MAX_REVOKED, KeyRing, TokenKey, ring_of_setting
from infra.doors.roles import Role
from infra.doors.tokens import DAY, TokenRefused, issue, read
from tests.infra.door_keys import KEY, NOW, RING
from workers.errors import ConfigurationError

NEW, NEWER = b"n" * 32, b"m" * 32


def test_after_a_rotation_the_new_key_signs_and_tokens_of_the_old_one_hold_for_their_time() -> None:
    old = issue(RING, Role.PERSON, "ada", NOW, 300)
    ring = RING.rotated(NEW, NOW, 10 * DAY)
    assert issue(ring, Role.PERSON, "ada", NOW, 1) != issue(RING, Role.PERSON, "ada", NOW, 1)
    assert read(ring, old, NOW + 10 * DAY - 1).subject == "ada"
    with pytest.raises(TokenRefused, match="No key in force"):
        read(ring, old, NOW + 10 * DAY)


def test_a_key_that_others_may_know_is_out_at_once() -> None:
    ring = RING.rotated(NEW, NOW, 0)
    assert [key.secret for key in ring.keys] == [NEW]


def test_a_second_rotation_does_not_give_the_first_key_more_time() -> None:
    ring = RING.rotated(NEW, NOW, DAY).rotated(NEWER, NOW + 100, 30 * DAY)
    assert [key.until for key in ring.keys] == [None, NOW + 100 + 30 * DAY, NOW + DAY]
    assert ring.signing.secret == NEWER


def test_a_key_whose_time_is_over_is_left_out() -> None:
    ring = RING.rotated(NEW, NOW, DAY).rotated(NEWER, NOW + 2 * DAY, DAY)
    assert [key.secret for key in ring.keys] == [NEWER, NEW]


def test_a_key_shows_its_secret_nowhere() -> None:
    assert "kkkk" not in repr(RING)
    assert b"kkkk".hex() not in repr(RING)
    assert KEY.kid != TokenKey(NEW).kid


def test_keys_of_the_setting_the_newest_first() -> None:
    ring = ring_of_setting(f" {'a' * 32}, {'b' * 40},")
    assert [key.secret for key in ring.keys] == [b"a" * 32, b"b" * 40]
    assert ring.signing.secret == b"a" * 32


@pytest.mark.parametrize("text", ["", ",", "hunter2", f"{'a' * 32},hunter2"])
def test_a_key_that_can_be_guessed_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigurationError, match="openssl rand -hex 32") as refusal:
        ring_of_setting(text)
    assert "hunter2" not in str(refusal.value)


# --- tokens that are called back


def test_a_token_that_was_called_back_leaves_the_list_when_it_would_have_expired() -> None:
    ring = RING.without("a" * 24, NOW, NOW + DAY).without("b" * 24, NOW + DAY - 1, NOW + 2 * DAY)
    assert ring.revoked == {"a" * 24: NOW + DAY, "b" * 24: NOW + 2 * DAY}
    assert ring.without("c" * 24, NOW + DAY, NOW + 3 * DAY).revoked.keys() == {"b" * 24, "c" * 24}


def test_a_rotation_remembers_them_no_longer_than_any_older_token_holds() -> None:
    ring = RING.without("a" * 24, NOW, NOW + 300 * DAY)
    assert ring.rotated(NEW, NOW, 10 * DAY).revoked == {"a" * 24: NOW + 10 * DAY}
    assert ring.rotated(NEW, NOW, 0).revoked == {}


def test_the_list_has_an_end_and_the_cure_is_said() -> None:
    full = KeyRing(RING.keys, {f"{n:024x}": NOW + DAY for n in range(MAX_REVOKED)})
    with pytest.raises(ConfigurationError, match="attune token rotate --keep-days 0"):
        full.without("f" * 24, NOW, NOW + DAY)
    assert len(full.without(f"{1:024x}", NOW, NOW + DAY).revoked) == MAX_REVOKED


# --- the file


def test_the_first_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "data" / "tokens.json"
    ring, first = made_once(path, NOW)
    assert first
    assert made_once(path, NOW) == (ring, False)
    assert [stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()] == [0o600, 0o600]
    assert len(ring.signing.secret) == 32


def test_two_that_rotate_at_once_lose_no_key(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: rotate(path, NOW, DAY), range(12)))
    assert len(read_ring(path).keys) == 12


def test_a_running_service_takes_up_a_rotation_at_once(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    made_once(path, NOW)
    keys = KeyFile(path)
    old = issue(keys(), Role.PERSON, "ada", NOW, 1)
    rotate(path, NOW, 0)
    with pytest.raises(TokenRefused):
        read(keys(), old, NOW)


def test_a_running_service_notices_a_token_that_was_called_back(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    made_once(path, NOW)
    keys = KeyFile(path)
    lost, other = (issue(keys(), Role.PERSON, "ada", NOW, 1) for _ in range(2))
    revoke(path, read(keys(), lost, NOW).token, NOW, NOW + DAY)
    with pytest.raises(TokenRefused, match="called back"):
        read(keys(), lost, NOW)
    assert read(keys(), other, NOW).subject == "ada"
    rotate(path, NOW, DAY)
    with pytest.raises(TokenRefused, match="called back"):
        read(keys(), lost, NOW)


def test_two_that_call_tokens_back_at_once_lose_none(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    made_once(path, NOW)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: revoke(path, f"{n:024x}", NOW, NOW + DAY), range(12)))
    assert len(read_ring(path).revoked) == 12


def test_without_keys_there_is_nothing_to_call_back(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no keys yet"):
        revoke(tmp_path / "tokens.json", "a" * 24, NOW, NOW + DAY)


def test_a_file_of_an_earlier_release_calls_nothing_back(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    made_once(path, NOW)
    document = json.loads(path.read_text())
    del document["revoked"]
    path.write_text(json.dumps(document))
    assert read_ring(path).revoked == {}


def test_what_is_unchanged_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    made_once(path, NOW)
    keys = KeyFile(path)
    assert keys() is keys()


def test_a_file_that_is_gone_lets_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    made_once(path, NOW)
    keys = KeyFile(path)
    keys()
    path.unlink()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        keys()


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    made_once(path, NOW)
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match=f"chmod 600 {path}"):
        KeyFile(path)()


TOO_SHORT = {"secret": "6b" * 31, "made": 1, "until": None}
WHOLE = {"secret": "6b" * 32, "made": 1, "until": None}
OVER = {"secret": "6b" * 32, "made": 1, "until": 2}


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", '{"keys": []}', '{"keys": [{"secret": "zz"}]}', '{"keys": 7}', "[" * 100_000),
        *(json.dumps({"keys": [key]}) for key in (TOO_SHORT, OVER)),
        *(json.dumps({"keys": [WHOLE], "revoked": revoked}) for revoked in (7, ["a"], {"a": "soon"}, {"a": None})),
    ],
)
def test_what_we_did_not_write_is_refused_and_not_repeated(text: str, tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="does not hold keys as `attune token rotate`") as refusal:
        read_ring(path)
    assert "6b6b" not in str(refusal.value)


def test_a_write_that_was_cut_off_is_made_good(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    (tmp_path / "tokens.new").write_text("half of it")
    rotate(path, NOW, DAY)
    assert isinstance(read_ring(path), KeyRing)
