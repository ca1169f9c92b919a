"""The long form: `python -m tests.chaos --kills 200`. See `tests.chaos.campaign`."""

import asyncio
import json
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.campaign import Report, campaign, hush, plan, plan_for_leaders, say_to_stderr
from tests.chaos.faults import Fault
from tests.chaos.town import town


async def main() -> int:
    parser = ArgumentParser(description="Kills workers, Kafka and Redis under load, and judges the outcome.")
    parser.add_argument("--kills", type=int, default=200, help="of workers; of Kafka and of Redis a tenth of that")
    parser.add_argument("--leaders", type=int, default=5, help="kills of the leader of three brokers, in the end")
    parser.add_argument("--rate", type=float, default=30.0, help="events a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pause", type=float, nargs=2, default=(1.0, 6.0), help="seconds between two faults")
    parser.add_argument("--keep", type=Path, help="folder for the logs and data; default: one that is removed")
    parser.add_argument("--light", action="store_true", help="an embedder without a model")
    options = parser.parse_args()
    hush()
    with tempfile.TemporaryDirectory(prefix="attune-chaos-") as temporary:
        folder: Path = options.keep or Path(temporary)
        one = await _campaign(folder / "one", plan(options.kills, options.seed), options, brokers=1)
        three = await _campaign(folder / "three", plan_for_leaders(options.leaders), options, brokers=3)
    print(json.dumps({"one_broker": one.to_dict(), "three_brokers": three.to_dict()}))
    return 0 if one.sound and three.sound else 1


async def _campaign(folder: Path, chosen: Sequence[Fault], options: Namespace, brokers: int) -> Report:
    """Nothing chosen, nothing done."""
    if not chosen:
        return Report()
    pause = (options.pause[0], options.pause[1])
    async with town(folder, light=options.light, brokers=brokers) as place:
        return await campaign(place, chosen, rate=options.rate, seed=options.seed, pause=pause, say=say_to_stderr)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
