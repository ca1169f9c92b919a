"""Tests whose time is virtual: a minute of waiting takes no time, and a slow machine is not noticed."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from random import Random
from typing import Any, ParamSpec

from tests.simulation.loop import VirtualLoop

P = ParamSpec("P")


def in_virtual_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Runs the test on a `VirtualLoop`, where `loop_time()` tells to the last bit how long it waited. For tests of code
    that has its time from the loop, without sockets and signals. A test that would wait for ever fails (`Stuck`)."""

    @wraps(test)
    def run(*given: P.args, **named: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=lambda: VirtualLoop(Random(0))) as runner:
            runner.run(test(*given, **named))

    return run


def loop_time() -> float:
    """Seconds of the running loop, virtual or not."""
    return asyncio.get_running_loop().time()
