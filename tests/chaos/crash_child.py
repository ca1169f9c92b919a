"""An agents worker that dies, or freezes, at a named point while a second life of it goes on:
`python -m tests.chaos.crash_child POINT SIGKILL|SIGSTOP`.

The parent imports everything and plays the supervisor; each life is a fork of it, which takes a tenth of a second where
a process of its own takes three. A frozen life wakes up when the parent gets SIGUSR1, and finds the other one there.
Settings are the usual ATTUNE_*. Ends after SIGTERM: with 0, or with 1 where a life that shall live did not.
"""

import asyncio
import contextlib
import os
import signal
import sys

from infra.compose import agent_rules
from infra.ground import Ground, open_ground
from infra.settings import Settings, read_settings
from streams.agents import AgentsStage
from streams.aiokafka_runner import AiokafkaRunner
from streams.faust_runner import FaustRunner
from tests.chaos.crash_points import DyingProducer, DyingStage, DyingStore, Fuse
from tests.chaos.playing import play


def main(point: str, number: signal.Signals) -> int:
    settings = read_settings()
    first = _fork(settings, point, number)
    status = os.waitpid(first, os.WUNTRACED)[1]
    frozen = os.WIFSTOPPED(status)
    print(f"the first life at {point}: {'frozen' if frozen else os.waitstatus_to_exitcode(status)}", flush=True)
    second = _fork(settings, None, number)
    _pass_on(signal.SIGUSR1, [first] if frozen else [], signal.SIGCONT)
    _pass_on(signal.SIGTERM, [first, second] if frozen else [second], signal.SIGTERM)
    if frozen:
        print(f"the first life ended: {_end_of(first)}", flush=True)
    return 0 if _end_of(second) == 0 else 1


def _pass_on(received: signal.Signals, lives: list[int], number: signal.Signals) -> None:
    def send(*_: object) -> None:
        for life in lives:
            with contextlib.suppress(ProcessLookupError):
                os.kill(life, number)

    signal.signal(received, send)


def _end_of(life: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(life, 0)[1])


def _fork(settings: Settings, point: str | None, number: signal.Signals) -> int:
    """The process id of the new life; this function does not return in it."""
    life = os.fork()
    if life == 0:
        try:
            asyncio.run(_live(settings, Fuse(point, number)))
        except BaseException as error:
            print(f"ended by {error!r}", flush=True)
            os._exit(1)
        os._exit(0)
    return life


async def _live(settings: Settings, fuse: Fuse) -> None:
    async with open_ground(settings) as ground:
        stage = _stage(ground, fuse)
        make = FaustRunner if settings.runner_of("agents") == "faust" else AiokafkaRunner
        runner = make(
            ground.opened(stage),
            bootstrap=settings.bootstrap,
            batch_size=settings.batch_size,
            metrics=ground.metrics,
            session_timeout=settings.session_timeout,
            instance=settings.instance,
        )
        await play(runner)


def _stage(ground: Ground, fuse: Fuse) -> DyingStage:
    stage = AgentsStage(
        DyingStore(ground.store, fuse),
        DyingProducer(ground.producer, fuse),
        agent_rules(ground.settings, ground.space),
        space=ground.space.id,
        key=ground.settings.pseudonym_key(),
        metrics=ground.metrics,
    )
    return DyingStage(stage, fuse)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], signal.Signals[sys.argv[2]]))
