"""`python -m benchmarks.own_spaces`: what a provider with a space of its own costs an agent, for
docs/decisions/0008-own-space.md.

A window of 256 interactions in two spaces of 384 dimensions, random items around 24 topics whose names are the
interests. Timed are a re-fit in the profile's space and the same profile as it looks in the other one; what the record
would grow by if that stood in it is counted. Medians of rounds that take turns.
"""

import json
import statistics
import time
from collections.abc import Callable

import numpy as np

from benchmarks.figures import machine
from schemas.interaction import Signal
from workers.editing import fit
from workers.knowledge import Knowledge
from workers.ports import ItemRecord
from workers.refit import FitRules
from workers.seen import seen_in
from workers.spaces import InSpace
from workers.state import Remembered, UserState, encode_state
from workers.vectors import pack, unit

DIMENSION, TOPICS, WINDOW, ROUNDS = 384, 24, 256, 200


def space(name: str, seed: int) -> InSpace:
    """Item `n` is of topic `n % 24`, and shows it."""
    draw = np.random.default_rng(seed)
    topics = unit(draw.standard_normal((TOPICS, DIMENSION)))
    items = pack(unit(np.tile(topics, (11, 1))[:WINDOW] + 0.04 * draw.standard_normal((WINDOW, DIMENSION))))
    known = Knowledge(space=name)
    records = {
        f"p:{at}": ItemRecord(f"p:{at}", name, vector, "", (f"topic {at % TOPICS}",), "", (90,))
        for at, vector in enumerate(items)
    }
    known.learn_items(records, records)
    words = {f"topic {at}": vector for at, vector in enumerate(pack(topics))}
    known.learn_phrases(words, words)
    return InSpace(name, known, FitRules(np.eye(DIMENSION) / np.sqrt(DIMENSION)))


def timed(work: Callable[[], object]) -> float:
    """Milliseconds of the processor, whatever else runs on it."""
    start = time.process_time()
    work()
    return 1000 * (time.process_time() - start)


def main() -> None:
    home, own = space("home", 1), space("own", 2)
    window = [Remembered(1_000 * at, f"e{at}", f"p:{at}", Signal.LIKE) for at in range(WINDOW)]
    state = UserState(version=1, window=window, space="home")
    fit(state, home.known, home.fit)
    rounds = [
        (timed(lambda: fit(state, home.known, home.fit)), timed(lambda: seen_in(state, home.known, own)))
        for _ in range(ROUNDS)
    ]
    refits, views = zip(*rounds, strict=True)
    kept = sum(len(one.vector) + 8 for one in state.interests)
    print(
        json.dumps(
            {
                "interests": len(state.interests),
                "refit_ms": round(statistics.median(refits), 2),
                "seen_ms": round(statistics.median(views), 2),
                "record_bytes": len(encode_state(state)),
                "record_bytes_more_if_kept": kept,
                **machine(),
            }
        )
    )


if __name__ == "__main__":
    main()
