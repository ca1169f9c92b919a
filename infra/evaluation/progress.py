"""How an evaluation tells how far it is."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

Advance = Callable[[float], None]
Progress = Callable[[str, float], AbstractContextManager[Advance]]
"""Takes what is done and how much of it there is; gives what to tell how much is done by now."""


def silent(label: str, total: float) -> AbstractContextManager[Advance]:
    """Shows nothing."""
    return nullcontext(lambda done: None)
