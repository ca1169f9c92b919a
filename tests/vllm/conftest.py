"""One real vLLM server for all tests here, and the figures that they print at the end."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from infra.vllm.client import LlmClient
from infra.vllm.options import LlmOptions
from infra.vllm.server import ENVIRONMENT, VllmServer

RUNNING = 8
QUEUED = 24
"""What the server works on at once, and lets wait: few, so that tests reach both limits."""

_figures: list[str] = []


@pytest.fixture(scope="session")
def figures() -> list[str]:
    """Lines for the end of the report."""
    return _figures


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _figures:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def running_server() -> Iterator[VllmServer]:
    options = {"max-num-seqs": str(RUNNING), "max-num-queued-reqs": str(QUEUED)}
    with VllmServer.start(ENVIRONMENT.parent / "tests", options=options) as server:
        yield server
        server.kill()  # with requests in flight an orderly stop may hang


@pytest.fixture
def server(running_server: VllmServer) -> VllmServer:
    """Healthy, whatever the test before has done to it."""
    return running_server.begin()


@pytest.fixture
async def client(server: VllmServer) -> AsyncIterator[LlmClient]:
    client = LlmClient(LlmOptions(server.url))
    await client.check()
    yield client
    await client.close()


class Meter:
    """How many requests the server holds, by its own metrics."""

    def __init__(self, server: VllmServer) -> None:
        self._url = server.url.removesuffix("/v1") + "/metrics"

    async def held(self, http: httpx.AsyncClient) -> int:
        """Running and waiting."""
        lines = (await http.get(self._url, timeout=10)).text.splitlines()
        names = ("vllm:num_requests_running{", "vllm:num_requests_waiting{")
        return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines if line.startswith(names))


@pytest.fixture
def meter(server: VllmServer) -> Meter:
    return Meter(server)
