"""Progress in the middle of a batch, so that work which takes long can be told from work which hangs.

Whoever waits for a batch (or a tick) counts what it hears while that runs; whatever the batch is made of says so when a
step of it is done, in whichever thread: each answer of a store or a producer (`noting`), each piece of texts embedded.
"""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, cast

T = TypeVar("T")

STALL_TIMEOUT = 18.0
"""Seconds with something to do and not one step of it done. The longest honest step is a send that
waits for its deadline, 10 s, and is `Unavailable` then; or 64 texts of 256 tokens to embed, 6.4 s on a core of its own
and 13 s on half of one. Found out within one look, 2 s, and ended by force after the stop deadline, 8 s: whatever hangs
is gone after 28 s."""

_note: ContextVar[Callable[[], None] | None] = ContextVar("attune_progress", default=None)


def made_progress() -> None:
    """A step is done. Costs nothing where nobody waits for it."""
    note = _note.get()
    if note is not None:
        note()


@contextmanager
def heard_by(note: Callable[[], None]) -> Iterator[None]:
    """`note` is called for each step of what is started inside: tasks and threads too."""
    token = _note.set(note)
    try:
        yield
    finally:
        _note.reset(token)


def noting(port: T) -> T:
    """The port, of which each call that ends, if only with an error, is a step. For objects of which only coroutine
    methods are used."""
    return cast(T, _Noting(port))


class _Noting:
    def __init__(self, port: object) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        method = getattr(self._port, name)

        async def call(*words: Any, **named: Any) -> Any:
            try:
                return await method(*words, **named)
            finally:
                made_progress()

        return call
