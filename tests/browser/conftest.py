"""One Chromium for the tests of a file, one served world for each of them."""

import asyncio
import shutil
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from infra.doors.entering import OPEN_DOORS, Doors
from infra.gateway.app import create_app
from infra.gateway.server import GatewayServer
from tests.browser.world import DIMENSION, FIT, World
from tests.infra.door_keys import doors
from tests.infra.gateway_fakes import FakeProducer, ports

CHROMIUM = "/usr/bin/chromium"

PATIENCE_MS = 30_000
"""For anything the page is waited for: it takes milliseconds, unless the machine is busy with other things."""

expect.set_options(timeout=PATIENCE_MS)


# Not for the session: Playwright holds the thread's event loop, and the asynchronous tests elsewhere need it.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if shutil.which(CHROMIUM) is None:
        pytest.fail(f"{CHROMIUM} is missing: apt-get install --no-install-recommends chromium", pytrace=False)
    with sync_playwright() as playwright:
        # A root's Chromium (as in CI) starts only without its sandbox; it opens nothing but our own page.
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def url(world: World) -> Iterator[str]:
    """Where the page on this world is served."""
    with served(world) as address:
        yield address


@pytest.fixture
def closed_url(world: World) -> Iterator[str]:
    """The same behind closed doors: `tests.infra.door_keys` has the keys."""
    with served(world, doors(clock=time.time)) as address:
        yield address


@contextmanager
def served(world: World, behind: Doors = OPEN_DOORS) -> Iterator[str]:
    producer = FakeProducer(before=world.react)
    given = {"store": world.store, "search": world, "producer": producer, "sample_users": ("anna", "ben")}
    app = create_app(ports(**given, clock=time.time, dimension=DIMENSION, fit=lambda state: FIT), behind)
    app.state.gateway = replace(app.state.gateway, poll_seconds=0.02)
    with _loop_in_a_thread() as run:
        server = GatewayServer(app, "127.0.0.1", 0, stop_timeout=20.0)
        serving = run(server.run())
        yield f"http://127.0.0.1:{server.port}"
        run(server.stop()).result(PATIENCE_MS / 1000)
        serving.result(PATIENCE_MS / 1000)


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """A fresh page of an English reader; the test fails where the console shows an error or anything is thrown."""
    with opened(browser, url) as one:
        yield one


@pytest.fixture
def refused_page(browser: Browser, url: str) -> Iterator[Page]:
    """The same, where the test makes answers fail: of those the console may speak."""
    with opened(browser, url, REFUSALS) as one:
        yield one


REFUSALS = "Failed to load resource"


@contextmanager
def opened(browser: Browser, url: str, expected: str | None = None) -> Iterator[Page]:
    context = browser.new_context(base_url=url, locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []
    context.on("console", lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None)
    context.on("weberror", lambda one: complaints.append(str(one.error)))
    yield context.new_page()
    context.close()
    assert [said for said in complaints if expected is None or not said.startswith(expected)] == []


@contextmanager
def _loop_in_a_thread() -> Iterator[Callable[[Coroutine[object, object, None]], Future[None]]]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="gateway", daemon=True)
    thread.start()
    try:
        yield lambda work: asyncio.run_coroutine_threadsafe(work, loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
