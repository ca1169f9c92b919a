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

from infra.gateway.app import create_app
from infra.gateway.server import GatewayServer
from tests.browser.world import World
from tests.infra.gateway_fakes import FakeProducer, ports

CHROMIUM = "/usr/bin/chromium"

PATIENCE_MS = 15_000
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
    producer = FakeProducer(before=world.react)
    users = ("anna", "ben")
    app = create_app(ports(store=world.store, search=world, producer=producer, sample_users=users, clock=time.time))
    app.state.gateway = replace(app.state.gateway, poll_seconds=0.02)
    with _loop_in_a_thread() as run:
        server = GatewayServer(app, "127.0.0.1", 0, stop_timeout=3.0)
        serving = run(server.run())
        yield f"http://127.0.0.1:{server.port}"
        run(server.stop()).result(10)
        serving.result(10)


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """A fresh page of an English reader; the test fails where the console shows an error or anything is thrown."""
    context = browser.new_context(base_url=url, locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert complaints == []


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
