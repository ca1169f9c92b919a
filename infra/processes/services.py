"""A Kafka and a Redis for development that outlive the command which starts them.

    python -m infra.processes.services start|stop|status [--dir DIR]

stdout gets the settings to use, `ATTUNE_BROKER=...` and `ATTUNE_STORE=...`, and nothing else; progress goes
to stderr. `start` and `status` exit 0 when both run. Data, logs and records are in DIR and stay there after
`stop`: the next `start` comes back with the same data and, where they are still free, on the same ports.
"""

import argparse
import fcntl
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.processes.kafka import KafkaBroker
from infra.processes.ports import is_free
from infra.processes.process import ProcessError
from infra.processes.records import Record
from infra.processes.redis import RedisServer

DEFAULT_DIRECTORY = Path(".attune/services")
_STOP_SECONDS = 15.0


def _start_kafka(directory: Path, port: int | None) -> Record:
    broker = KafkaBroker.start(directory, port, detached=True)
    return Record.of(broker.pid, broker.port, f"ATTUNE_BROKER={broker.url}")


def _start_redis(directory: Path, port: int | None) -> Record:
    server = RedisServer.start(directory, port, detached=True)
    return Record.of(server.pid, server.port, f"ATTUNE_STORE={server.url}")


_STARTERS: dict[str, Callable[[Path, int | None], Record]] = {"kafka": _start_kafka, "redis": _start_redis}


def start(directory: Path) -> list[str]:
    """Starts what does not run yet; the settings lines. ProcessError with the cure when that fails."""
    with _locked(directory):
        return [_ensure(directory, name).setting for name in _STARTERS]


def stop(directory: Path) -> None:
    """Stops what runs; nothing happens otherwise."""
    with _locked(directory):
        for name, record in _running(directory).items():
            _say(f"stopping {name} (process {record.pid})")
            record.stop(_STOP_SECONDS)


def status(directory: Path) -> list[str]:
    """The settings lines of what runs."""
    return [record.setting for record in _running(directory).values()]


def _ensure(directory: Path, name: str) -> Record:
    file = _record_file(directory, name)
    former = Record.read(file)
    if former and former.running:
        return former
    _say(f"starting {name} in {directory / name}")
    record = _STARTERS[name](directory / name, former.port if former and is_free(former.port) else None)
    record.write(file)
    return record


def _running(directory: Path) -> dict[str, Record]:
    records = {name: Record.read(_record_file(directory, name)) for name in _STARTERS}
    return {name: record for name, record in records.items() if record and record.running}


def _record_file(directory: Path, name: str) -> Path:
    return directory / f"{name}.pid"


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """One command at a time per folder: two that start at once would start two of each."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _run(command: str, directory: Path) -> int:
    if command == "stop":
        stop(directory)
        return 0
    lines = start(directory) if command == "start" else status(directory)
    print("\n".join(lines), end="\n" if lines else "")
    if len(lines) < len(_STARTERS):
        _say(f"not all of {', '.join(_STARTERS)} run: `start` starts the others; logs are in {directory}")
        return 1
    return 0


def main(arguments: list[str] | None = None) -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.processes.services", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("command", choices=("start", "stop", "status"))
    parser.add_argument("--dir", type=Path, default=DEFAULT_DIRECTORY, help="default: %(default)s")
    chosen = parser.parse_args(arguments)
    # As an exception it runs the clean-up: a server that is not up yet must not stay without a record.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return _run(chosen.command, chosen.dir.absolute())
    except (ProcessError, OSError) as error:
        _say(f"error: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
