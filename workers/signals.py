"""How much one interaction says, and how fast that fades."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from schemas.interaction import Signal

SIGNED: dict[Signal, float] = {
    Signal.CLICK: 1.0,
    Signal.LIKE: 2.0,
    Signal.DISLIKE: -2.0,
    Signal.SKIP: -0.5,
    # Shown and passed over: most of what is shown is, so ten of them weigh as one click.
    Signal.IMPRESSION: -0.1,
}
"""Evidence of one signal, in clicks. A retraction has none: it takes evidence away."""

DAY_MS = 24 * 60 * 60 * 1000


Ages = TypeVar("Ages", float, NDArray[np.float64])


def fade(age_ms: Ages, half_life_days: float) -> Ages:
    """What is left of an interaction that is `age_ms` older than the newest one (event time, never arrival time)."""
    left: Ages = 2.0 ** (-age_ms / (half_life_days * DAY_MS))
    return left
