"""A real Redis server as a child process, on loopback, with the persistence that Attune asks for."""

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from infra.processes.ports import LOOPBACK, free_port
from infra.processes.process import ChildProcess, Launch, ProcessError, find_command

_CURE = "Redis needs its port free and a folder it can write to; `redis-check-aof --fix` mends a damaged AOF."
_ANSWER_SECONDS = 5.0


class RedisServer(ChildProcess):
    """One Redis with its data in its own folder; made by `RedisServer.start`."""

    def __init__(self, launch: Launch, port: int) -> None:
        super().__init__(launch)
        self.port = port
        """Where clients connect, on loopback."""

    @classmethod
    def start(
        cls,
        directory: Path,
        port: int | None = None,
        *,
        policy: str = "noeviction",
        appendonly: bool = True,
        max_memory: str = "512mb",
        settings: Mapping[str, str] | None = None,
        detached: bool = False,
    ) -> Self:
        """A server that answers on `port` (None: a free one), with the data of `directory` if there are any.

        The defaults are what Attune's store requires. `policy="allkeys-lru"` or `appendonly=False` start it
        wrong on purpose; without the AOF nothing outlives the process. `max_memory` is in Redis' units (mb is
        MiB). `settings` stand beside these, words apart as in redis.conf. Raises ProcessError with the cure when
        redis-server is missing or does not answer in a minute.
        """
        directory = directory.absolute()
        port = free_port() if port is None else port
        options = {
            "bind": LOOPBACK,
            "port": str(port),
            "dir": str(directory),
            "appendonly": "yes" if appendonly else "no",
            "appendfsync": "everysec",
            "save": "",  # no snapshots: the AOF is all that counts, or nothing where there is none
            "maxmemory": max_memory,
            "maxmemory-policy": policy,
        }
        launch = Launch(
            name="redis",
            command=(
                find_command("redis-server", "redis-server"),
                *(word for key, value in options.items() for word in (f"--{key}", value)),
                *(word for key, value in (settings or {}).items() for word in (f"--{key}", *value.split())),
            ),
            directory=directory,
            cure=_CURE,
            port=port,
            # Not only listening: while it still loads the AOF it accepts connections and refuses commands.
            ready=lambda: _ask(port, "PING") == "+PONG",
            detached=detached,
        )
        return cls(launch, port).begin()

    @property
    def url(self) -> str:
        """The value of ATTUNE_STORE."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def wipe(self) -> None:
        """Forgets every key, as a Redis does that lost its disk; ProcessError when it does not answer."""
        answer = _ask(self.port, "FLUSHALL")
        if answer != "+OK":
            what = f"redis on {self.url} did not forget: {answer or 'no answer'}"
            raise ProcessError(f"{what}.\n{self.last_lines()}")


def _ask(port: int, command: str) -> str:
    """The first line of the answer to `command`, '' when there is none; without a client library."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=_ANSWER_SECONDS) as connection:
            connection.sendall(f"{command}\r\n".encode())
            return connection.makefile().readline().rstrip()
    except OSError:
        return ""
