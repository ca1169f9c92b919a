"""`python -m tests.hostile --inputs 100000 --seed 1`: all targets; the figures as one JSON object on the last line.

Ends with 1 at the first broken promise, and names target, seed and input."""

import argparse
import asyncio
import json
import logging
import sys
import time
from collections import Counter

from tests.hostile.target import Broken, run
from tests.hostile.targets import shared


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.hostile")
    asked.add_argument("--inputs", type=int, default=100_000)
    asked.add_argument("--seed", type=int, default=0)
    given = asked.parse_args()
    logging.disable()  # what cannot be read is told of line by line
    begin, told, targets = time.monotonic(), Counter[str](), shared(given.inputs)
    for target, count in targets:
        try:
            found = asyncio.run(run(target, given.seed, count))
        except Broken as broken:
            print(f"{broken}\n{type(broken.__cause__).__name__}: {broken.__cause__}", file=sys.stderr)
            return 1
        print(f"{target.name}: {dict(found)}", file=sys.stderr)
        told += found
    figures = {"inputs": told.total(), "broken": 0, **told, "targets": len(targets), "seed": given.seed}
    print(json.dumps(figures | {"seconds": round(time.monotonic() - begin, 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
