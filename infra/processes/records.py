"""What is written down about a detached process, so that a later command finds it again and nothing else."""

import contextlib
import dataclasses
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from infra.processes.process import ProcessError

_POLL_SECONDS = 0.05
_FIELDS_BEFORE_STATE = 2  # of /proc/PID/stat: pid and (name)
_START_FIELD = 22


@dataclass(frozen=True)
class Record:
    """One process, by its number and its start: a number alone is given to strangers after its end."""

    pid: int
    """Also the number of its process group."""
    started: int
    """Clock ticks after boot, from /proc/PID/stat."""
    port: int
    setting: str
    """What a user of the service puts into the environment: NAME=value."""

    @classmethod
    def of(cls, pid: int, port: int, setting: str) -> Self:
        """The record of a process that runs now; ProcessError when there is none, or no /proc to see it."""
        started = _started(pid)
        if started is None:
            raise ProcessError(f"process {pid} is not in /proc: it must run, and this needs Linux")
        return cls(pid, started, port, setting)

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """The record in `file`; None without one."""
        return cls(**json.loads(file.read_text())) if file.exists() else None

    def write(self, file: Path) -> None:
        """Replaces `file` in one step."""
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(dataclasses.asdict(self)) + "\n")
        fresh.replace(file)

    @property
    def running(self) -> bool:
        """Whether this very process still lives."""
        return _started(self.pid) == self.started

    def stop(self, seconds: float) -> None:
        """SIGTERM to its group, up to `seconds` of waiting, then SIGKILL. Nothing happens when it is gone."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.running:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.pid, number)
                    os.killpg(self.pid, signal.SIGCONT)  # a paused process would never see the SIGTERM
                self._wait_gone(seconds)

    def _wait_gone(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.running and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)


def _started(pid: int) -> int | None:
    """When process `pid` started, in clock ticks after boot; None when it is gone, reaped or not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name stands in parentheses and may hold anything, blanks and ')' included.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[_START_FIELD - _FIELDS_BEFORE_STATE - 1])
