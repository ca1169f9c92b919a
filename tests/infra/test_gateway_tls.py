"""The gateway's own TLS, on a real line: who trusts its CA gets in, and whoever does not is told what to mend."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization

from attune_client import AttuneClient, AttuneClientError, GatewayUnreachable
from infra.doctor import examine
from infra.doors.roles import Role
from infra.gateway.app import create_app
from infra.provider_client import HttpSearch
from infra.settings import Settings
from schemas.api import Found
from streams.tls import server_context
from tests.certificates import Authority, Pair
from tests.infra.cli_runs import run
from tests.infra.door_keys import bearing, doors, token
from tests.infra.gateway_fakes import FakeSearch, FakeStore, held, ports, serving, state_of
from tests.patience import PATIENCE
from tests.secured import goodbyes
from workers.errors import ConfigurationError


@dataclass(frozen=True)
class Papers:
    ca: Path
    other_ca: Path
    ours: Pair

    def settings(self, **given: object) -> Settings:
        whole = {"http_cert": self.ours.certificate, "http_key": self.ours.key} | given
        return Settings(**whole)  # type: ignore[arg-type]  # pydantic reads them


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    folder = tmp_path_factory.mktemp("tls")
    ours, other = Authority(folder), Authority(folder, "other")
    return Papers(ours.file, other.file, ours.sign("gateway"))


@pytest.fixture(autouse=True)
async def _every_socket_closes() -> AsyncIterator[None]:
    yield
    await goodbyes()


@asynccontextmanager
async def gateway(papers: Papers) -> AsyncIterator[tuple[str, httpx.AsyncClient]]:
    """Its address, and a client that trusts it."""
    search = FakeSearch({"news": [Found(item="n-1", title="One", score=0.5, interest=0)]})
    app = create_app(
        ports(store=FakeStore({"ada": state_of(7, [held("jazz", 0.6)])}), search=search),
        doors(tls=papers.settings().http_tls),
    )
    async with serving(app, papers.settings(http_ca=papers.ca).http_trust) as (server, client):
        yield f"https://127.0.0.1:{server.port}", client


async def test_who_trusts_its_ca_gets_in_with_their_token(papers: Papers) -> None:
    async with gateway(papers) as (_, client):
        assert (await client.get("/healthz")).status_code == 200
        answer = await client.get("/v1/users/ada/profile", headers=bearing(token(Role.PERSON)))
    assert answer.json()["version"] == 7


async def test_without_tls_nobody_is_answered(papers: Papers) -> None:
    async with gateway(papers) as (url, _), httpx.AsyncClient(timeout=PATIENCE) as plain:
        with pytest.raises(httpx.TransportError):
            await plain.get(url.replace("https", "http") + "/healthz")


async def test_a_live_stream_comes_through(papers: Papers) -> None:
    async with gateway(papers) as (_, client):
        headers = bearing(token(Role.PERSON))
        async with client.stream("GET", "/v1/users/ada/events", headers=headers) as stream:
            async for line in stream.aiter_lines():
                if line == "event: profile":
                    return
    pytest.fail("the profile did not come")


# --- the client and the commands


async def test_the_client_takes_its_ca(papers: Papers, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(ca: Path | None) -> int:
        with AttuneClient(url, token=token(Role.PERSON), ca=ca) as client:
            return client.profile("ada")["version"]

    async with gateway(papers) as (url, _):
        assert await asyncio.to_thread(version, papers.ca) == 7
        for wrong in (None, papers.other_ca):
            with pytest.raises(AttuneClientError, match="let ATTUNE_HTTP_CA name the CA that signed it") as refusal:
                await asyncio.to_thread(version, wrong)
            assert not isinstance(refusal.value, GatewayUnreachable)  # asked again it would be the same
        monkeypatch.setenv("ATTUNE_HTTP_CA", str(papers.ca))
        assert await asyncio.to_thread(version, None) == 7


@pytest.mark.parametrize("file", ["missing.pem", "empty.pem"])
def test_a_client_s_ca_that_is_none_names_the_cure(file: str, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    with pytest.raises(AttuneClientError, match="ATTUNE_HTTP_CA cannot be used"):
        AttuneClient("https://127.0.0.1:1", ca=tmp_path / file)


async def test_commands_take_it_from_the_settings(papers: Papers) -> None:
    async with gateway(papers) as (url, _):
        there = {"ATTUNE_GATEWAY_URL": url, "ATTUNE_TOKEN": token(Role.PERSON)}
        shown = await asyncio.to_thread(run, "profile", "show", "ada", env=there | {"ATTUNE_HTTP_CA": str(papers.ca)})
        assert (shown.exit_code, "jazz" in shown.stdout) == (0, True)
        for words in (("profile", "show", "ada"), ("dlq", "list")):
            refused = await asyncio.to_thread(run, *words, env=there)
            assert refused.exit_code == 1
            assert "let ATTUNE_HTTP_CA name the CA that signed it" in refused.stderr


async def test_the_gateway_s_own_questions_do_so_too(papers: Papers) -> None:
    async with gateway(papers) as (url, _):
        for ca in (papers.ca, papers.other_ca):
            trust = papers.settings(http_ca=ca).http_trust
            search = HttpSearch(url, lambda: token(Role.OPERATOR), timeout=PATIENCE, trust=trust)
            try:
                if ca is papers.ca:
                    assert await search.providers() == {"news": 1}
                else:
                    with pytest.raises(ConfigurationError, match="let ATTUNE_HTTP_CA name the CA"):
                        await search.providers()
            finally:
                await search.close()


async def test_the_doctor_says_so(papers: Papers, tmp_path: Path) -> None:
    async with gateway(papers) as (url, _):
        for ca in (papers.ca, papers.other_ca):
            settings = papers.settings(http_ca=ca, gateway_url=url, data_dir=tmp_path)
            (finding,) = [one for one in await examine(settings) if one.name == "gateway"]
            assert finding.ok is (ca is papers.ca)
            assert finding.ok or "ATTUNE_HTTP_CA" in finding.cure


# --- its files


def test_files_that_cannot_be_used_are_said_at_the_start(papers: Papers, tmp_path: Path) -> None:
    empty, missing, locked = tmp_path / "empty.pem", tmp_path / "missing.pem", tmp_path / "locked.key"
    empty.write_text("")
    key = serialization.load_pem_private_key(papers.ours.key.read_bytes(), None)
    password = serialization.BestAvailableEncryption(b"hunter2")
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, password)
    locked.write_bytes(pem)
    other = Authority(tmp_path, "third").sign("other")
    for certificate, private in (
        (empty, papers.ours.key),
        (papers.ours.certificate, missing),
        (papers.ours.certificate, locked),  # nobody is there to type the password
        (papers.ours.certificate, other.key),
    ):
        with pytest.raises(ConfigurationError, match=r"let ATTUNE_HTTP_CERT and ATTUNE_HTTP_KEY name PEM files"):
            server_context(certificate, private)


@pytest.mark.parametrize("role", ["up", "gateway", "worker provider"])
def test_a_role_with_wrong_files_does_not_start(role: str, papers: Papers, tmp_path: Path) -> None:
    """Before anything else is opened: no broker or store is there."""
    env = {
        "ATTUNE_DATA_DIR": str(tmp_path),
        "ATTUNE_BROKER": "kafka://127.0.0.1:1",
        "ATTUNE_STORE": "redis://127.0.0.1:1/0",
        "ATTUNE_SECRET": "s",
        "ATTUNE_HTTP_CERT": str(papers.ours.certificate),
        "ATTUNE_HTTP_KEY": str(papers.ca),
    }
    ended = run(*role.split(), env=env)
    assert ended.exit_code == 2
    assert "let ATTUNE_HTTP_CERT and ATTUNE_HTTP_KEY name PEM files" in ended.stderr


def test_commands_find_it_at_https(papers: Papers) -> None:
    assert papers.settings(http_host="0.0.0.0", http_port=8443).url == "https://127.0.0.1:8443"
    assert papers.settings(gateway_url="http://elsewhere").url == "http://elsewhere"
