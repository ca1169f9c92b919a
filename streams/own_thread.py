"""A part of a process on an event loop of its own, in a thread of its own: what it computes holds up nobody else.

1. `run` starts the thread; its loop runs the part. Whatever ends the part ends `run`, in the same way.
2. What the part calls of the process (its store, its producer) belongs to the loop that `run` was called on: `Home.of`
   makes each such call there, and waits for the answer here.
3. `stop` stops the part, on the part's loop, and returns when it has.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar, cast

T = TypeVar("T")


class Part(Protocol):
    async def run(self) -> None: ...

    async def stop(self) -> None: ...


class Home:
    """The loop of the process."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def settle(self) -> None:
        """To be called on that loop."""
        self._loop = asyncio.get_running_loop()

    # 2. What it calls
    def of(self, port: T) -> T:
        """The port as it can be used on another loop. For objects of which only coroutine methods are used."""
        return cast(T, _FromAfar(port, self))

    async def call(self, method: Callable[..., Coroutine[Any, Any, T]], *words: Any, **named: Any) -> T:
        assert self._loop is not None, "settled before the part runs"
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(method(*words, **named), self._loop))


class _FromAfar:
    def __init__(self, port: object, home: Home) -> None:
        self._port = port
        self._home = home

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        method = getattr(self._port, name)
        return lambda *words, **named: self._home.call(method, *words, **named)


class OwnThread:
    """`make` gets the home of the ports that it builds the part on. To be used once."""

    def __init__(self, name: str, make: Callable[[Home], Part]) -> None:
        self._name = name
        self._home = Home()
        self._part = make(self._home)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._done = asyncio.Event()
        self._done.set()

    async def run(self) -> None:
        # 1. Run
        self._done.clear()
        self._home.settle()
        ended: Future[None] = Future()
        threading.Thread(target=self._serve, args=(ended,), name=self._name, daemon=True).start()
        try:
            await asyncio.wrap_future(ended)
        except asyncio.CancelledError:
            self._on_its_loop(self._cancel)
            raise
        finally:
            self._done.set()

    async def stop(self) -> None:
        # 3. Stop
        if self._loop is None:
            await self._part.stop()  # it has not begun: so it will end as soon as it does
        else:
            self._on_its_loop(self._ask_to_stop)
        await self._done.wait()

    def _serve(self, ended: "Future[None]") -> None:
        try:
            asyncio.run(self._run_part())
            outcome: BaseException | None = None
        except BaseException as error:
            outcome = error
        if not ended.set_running_or_notify_cancel():
            return
        if outcome is None:
            ended.set_result(None)
        else:
            ended.set_exception(outcome)

    async def _run_part(self) -> None:
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        await self._part.run()

    def _on_its_loop(self, call: Callable[[], object]) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has just ended by itself
                self._loop.call_soon_threadsafe(call)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _ask_to_stop(self) -> None:
        self._asking = asyncio.ensure_future(self._part.stop())
