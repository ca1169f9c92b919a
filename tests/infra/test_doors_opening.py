"""Open on one's own machine while there are no keys, closed everywhere else; never open by mistake."""

import time
from pathlib import Path

import httpx
import pytest

from infra import compose
from infra.doors.entering import LOCAL_DOORS
from infra.doors.key_file import made_once
from infra.doors.loopback import is_loopback
from infra.doors.opening import doors_of, own_tokens
from infra.doors.roles import Role
from infra.doors.tokens import issue, read
from infra.gateway.app import create_app, create_provider_app
from infra.provider_client import HttpSearch
from infra.settings import Settings
from schemas.api import Found, SearchBody
from streams.metrics import Metrics
from tests.infra.door_keys import NOW, bearing, doors, token
from tests.infra.gateway_fakes import FakeSearch, no_problems, ports, speak_to
from workers.errors import ConfigurationError

KEYS = "k" * 32
CLUSTER = {"broker": "kafka://127.0.0.1:1", "store": "redis://127.0.0.1:1/0", "secret": "s"}
BODY = SearchBody(space="space-1", vectors=((1.0, 0.0),), weights=(0.5,), k=3)


def settings(folder: Path, **given: object) -> Settings:
    return Settings(**({"data_dir": folder} | given))  # type: ignore[arg-type]  # pydantic reads them


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_without_keys_the_doors_stand_open_on_loopback(host: str, tmp_path: Path) -> None:
    assert doors_of(settings(tmp_path, http_host=host)) == LOCAL_DOORS


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "attune.example", "127.0.0.1.example"])
def test_without_keys_nothing_starts_for_other_machines_and_the_cure_is_said(host: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"attune token rotate.*ATTUNE_TOKEN_KEYS.*ATTUNE_HTTP_HOST=127.0.0.1"):
        doors_of(settings(tmp_path, http_host=host))


def test_tokens_can_be_required_on_loopback_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="ATTUNE_TOKENS=required, and there are no keys"):
        doors_of(settings(tmp_path, tokens="required"))
    assert doors_of(settings(tmp_path, tokens="required", token_keys=KEYS)).keys is not None


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_with_keys_they_are_closed(host: str, tmp_path: Path) -> None:
    assert doors_of(settings(tmp_path, http_host=host, token_keys=KEYS)).keys is not None
    made_once(tmp_path / "tokens.json", NOW)
    closed = doors_of(
        settings(tmp_path, http_host=host, rate_person=3, rate_program=4, rate_burst=2, metrics_open=True)
    )
    assert closed.keys is not None
    assert closed.rates is not None
    assert (closed.rates.person, closed.rates.program, closed.rates.burst) == (3, 4, 2)
    assert closed.metrics_open


def test_keys_that_cannot_be_read_are_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="chmod 600"):
        doors_of(settings(tmp_path))
    with pytest.raises(ConfigurationError, match="ATTUNE_TOKEN_KEYS needs keys"):
        doors_of(settings(tmp_path, token_keys="hunter2"))


def test_a_name_that_only_looks_like_loopback_is_not() -> None:
    assert not is_loopback("localhost.example")
    assert not is_loopback("")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *((host, 200) for host in ("localhost:8080", "127.0.0.1:8080", "[::1]:8080", "127.0.0.1", "localhost")),
        *((host, 403) for host in ("evil.example", "evil.example:8080", "localhost.evil.example", "192.168.1.2:8080")),
        # What a framework cannot read, and takes the address that it listens on instead.
        *((host, 403) for host in ("evil{.example", 'evil".example:8080', "[", "", "localhost:80:80", "a@127.0.0.1")),
    ],
)
async def test_open_to_this_machine_means_to_who_asks_by_its_name(host: str, status: int) -> None:
    """A page from elsewhere can have its name lead to 127.0.0.1, and is of one origin with us then."""
    async with speak_to(create_app(ports(), LOCAL_DOORS)) as client:
        for path in ("/v1/status", "/"):
            assert (await client.get(path, headers={"Host": host})).status_code == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 202),
        ("http://localhost:8080", 202),
        ("HTTP://LOCALHOST:8080", 202),
        ("http://evil.example", 403),
        ("http://localhost:3000", 403),
        ("http://127.0.0.1:8080", 403),
        ("null", 403),
        ("", 403),
    ],
)
async def test_no_page_but_ours_changes_anything(origin: str | None, status: int) -> None:
    """A form needs no leave to be sent to another site, and a refresh needs no body that a form could not send."""
    headers = {"Host": "localhost:8080"} | ({} if origin is None else {"Origin": origin})
    async with speak_to(create_app(ports(), LOCAL_DOORS)) as client:
        assert (await client.post("/v1/users/ada/refresh", headers=headers)).status_code == status


async def test_behind_closed_doors_only_the_token_counts() -> None:
    headers = {"Host": "attune.example", "Origin": "https://attune.example"} | bearing(token(Role.PERSON))
    async with speak_to(create_app(ports(), doors())) as client:
        assert (await client.post("/v1/users/ada/refresh", headers=headers)).status_code == 202


async def test_no_role_starts_open_to_others(tmp_path: Path) -> None:
    """Before anything else is opened: no broker or store is there."""
    open_to_all = settings(tmp_path, http_host="0.0.0.0")
    with pytest.raises(ConfigurationError, match="open to other machines"):
        await compose.run_up(open_to_all)
    open_to_all = settings(tmp_path, http_host="0.0.0.0", **CLUSTER)
    with pytest.raises(ConfigurationError, match="open to other machines"):
        await compose.run_gateway(open_to_all)
    with pytest.raises(ConfigurationError, match="open to other machines"):
        await compose.run_worker(open_to_all, "provider")


# --- the gateway at the provider's door


def test_a_gateway_makes_its_own_token_with_the_keys_they_share(tmp_path: Path) -> None:
    shared = settings(tmp_path, token_keys=KEYS)
    made = own_tokens(shared)()
    keys = doors_of(shared).keys
    assert made is not None
    assert keys is not None
    holder = read(keys(), made, time.time())
    assert holder.role is Role.OPERATOR
    assert holder.expires - time.time() < 400


def test_or_shows_the_one_it_was_given(tmp_path: Path) -> None:
    assert own_tokens(settings(tmp_path, token_keys=KEYS, provider_token="given"))() == "given"


def test_and_none_where_the_doors_are_open(tmp_path: Path) -> None:
    assert own_tokens(settings(tmp_path))() is None


async def test_the_token_opens_the_provider_s_search() -> None:
    app = create_provider_app(
        FakeSearch({"news": [Found(item="n-1", title="t", score=0.5, interest=0)]}), Metrics(), no_problems, doors()
    )
    transport = httpx.ASGITransport(app)
    search = HttpSearch("http://provider", lambda: token(Role.OPERATOR, "gateway"), transport=transport)
    assert (await search.search("news", BODY)).items[0].item == "n-1"
    assert await search.providers() == {"news": 1}
    for wrong in (None, token(Role.PROVIDER, "music")):
        search = HttpSearch("http://provider", lambda given=wrong: given, transport=transport)  # type: ignore[misc]
        with pytest.raises(ConfigurationError, match=r"same ATTUNE_TOKEN_KEYS, or .* ATTUNE_PROVIDER_TOKEN"):
            await search.search("news", BODY)


def test_a_token_issued_with_the_settings_keys_is_taken_by_the_service(tmp_path: Path) -> None:
    keys = doors_of(settings(tmp_path, token_keys=f"{'n' * 32},{KEYS}")).keys
    old = doors_of(settings(tmp_path, token_keys=KEYS)).keys
    assert keys is not None
    assert old is not None
    assert read(keys(), issue(old(), Role.PERSON, "ada", time.time(), 1), time.time()).subject == "ada"
