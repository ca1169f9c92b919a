"""A real Redis with TLS and a password: we get in, and whoever may not is told what to mend."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from infra.doctor import Finding, examine
from infra.processes import RedisServer, free_port
from infra.settings import Settings
from infra.stores.redis import RedisStore
from infra.stores.redis_security import NO_SECURITY, RedisSecurity
from tests.certificates import Authority, Pair
from tests.secured import PASSWORD, USER, goodbyes, redis_settings
from workers.errors import ConfigurationError, StoreUnavailable

pytestmark = pytest.mark.redis


@dataclass(frozen=True)
class Secured:
    port: int
    asking: int
    """The port of another server, which asks for a certificate."""
    plain: str
    """The URL of the first one without TLS."""
    ca: Path
    other_ca: Path
    client: Pair

    @property
    def url(self) -> str:
        return f"rediss://127.0.0.1:{self.port}/0"

    @property
    def security(self) -> RedisSecurity:
        return RedisSecurity(self.ca, user=USER, password=PASSWORD)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("redis")
    ours, other = Authority(folder), Authority(folder, "other")
    server, ports = ours.sign("redis"), (free_port(), free_port())
    settings = [redis_settings(server, ours.file, port, ask) for port, ask in zip(ports, ("no", "yes"), strict=True)]
    with (
        RedisServer.start(folder / "a", settings=settings[0]) as plain,
        RedisServer.start(folder / "b", settings=settings[1]),
    ):
        yield Secured(*ports, plain.url, ours.file, other.file, ours.sign("client"))


@pytest.fixture(autouse=True)
async def _every_socket_closes() -> AsyncIterator[None]:
    yield
    await goodbyes()


async def opened(url: str, security: RedisSecurity, timeout: float = 5) -> None:
    store = await RedisStore.open(url, timeout=timeout, security=security)
    try:
        assert await store.count_jobs() == 0
    finally:
        await store.close()


async def refused(url: str, security: RedisSecurity) -> str:
    with pytest.raises(ConfigurationError) as refusal:
        await opened(url, security)
    assert PASSWORD not in str(refusal.value) + repr(security)
    return str(refusal.value)


async def test_with_its_ca_and_the_password_we_get_in(secured: Secured) -> None:
    await opened(secured.url, secured.security)


async def test_user_and_password_may_stand_in_the_url_too(secured: Secured) -> None:
    await opened(secured.url.replace("//", f"//{USER}:{PASSWORD}@"), RedisSecurity(secured.ca))


async def test_a_password_works_without_tls_too(secured: Secured) -> None:
    await opened(secured.plain, replace(NO_SECURITY, user=USER, password=PASSWORD))


async def test_a_server_that_asks_for_a_certificate_gets_ours(secured: Secured) -> None:
    url = f"rediss://127.0.0.1:{secured.asking}/0"
    own = replace(secured.security, certificate=secured.client.certificate, key=secured.client.key)
    await opened(url, own)
    with pytest.raises((ConfigurationError, StoreUnavailable)):  # it hangs up, with or without a word of TLS
        await opened(url, secured.security)


async def test_a_wrong_password(secured: Secured) -> None:
    said = await refused(secured.url, replace(secured.security, password="hunter2"))
    assert "refuses the name or password in ATTUNE_STORE (or ATTUNE_REDIS_PASSWORD)" in said
    assert "hunter2" not in said


async def test_a_server_that_somebody_else_s_ca_has_signed(secured: Secured) -> None:
    said = await refused(secured.url, replace(secured.security, ca=secured.other_ca))
    assert "shows a certificate that is not trusted" in said
    assert "let ATTUNE_REDIS_CA name the CA that signed it" in said


async def test_a_server_of_another_name(secured: Secured) -> None:
    """Its certificate is for 127.0.0.1, and not for whatever else leads there."""
    said = await refused(secured.url.replace("127.0.0.1", "localhost"), secured.security)
    assert "the host that it was made for" in said


@pytest.mark.parametrize("tls", [True, False])
async def test_tls_on_one_side_only_gets_no_answer_and_the_cure_names_it(tls: bool, secured: Secured) -> None:
    """Redis takes a handshake for half a command, and waits for the rest."""
    plain = secured.plain.replace("redis://", "rediss://")
    url, security = (plain, secured.security) if tls else (secured.url.replace("rediss://", "redis://"), NO_SECURITY)
    with pytest.raises(StoreUnavailable, match="rediss://"):
        await opened(url, security, timeout=1)


async def test_certificates_that_no_tls_would_ever_look_at(secured: Secured) -> None:
    assert "begin with rediss://" in await refused(secured.plain, secured.security)


@pytest.mark.parametrize("file", ["missing.pem", "empty.pem"])
async def test_a_file_that_holds_no_certificate(file: str, secured: Secured, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    said = await refused(secured.url, replace(secured.security, ca=tmp_path / file))
    assert "let ATTUNE_REDIS_CA, ATTUNE_REDIS_CERT and ATTUNE_REDIS_KEY name PEM files" in said


async def test_a_server_that_is_away_is_waited_for_all_the_same(secured: Secured) -> None:
    with pytest.raises(StoreUnavailable):
        await opened(f"rediss://127.0.0.1:{free_port()}/0", secured.security)


async def test_the_doctor_goes_in_by_the_same_door(secured: Secured, tmp_path: Path) -> None:
    async def store_of(**given: object) -> list[Finding]:
        asked = {"store": secured.url, "redis_user": USER, "redis_password": PASSWORD, "data_dir": tmp_path} | given
        settings = await asyncio.to_thread(lambda: Settings(**asked))  # type: ignore[arg-type]  # pydantic reads them
        return [one for one in await examine(settings) if one.name == "store"]

    (finding,) = await store_of(redis_ca=secured.ca)
    assert finding.ok
    (finding,) = await store_of(redis_ca=secured.other_ca)
    assert "ATTUNE_REDIS_CA" in finding.cure
