"""One started child process: its folder, its log, its process group and its end."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.processes.guard import Guard
from infra.processes.ports import is_free, is_listening

_POLL_SECONDS = 0.02
_LOG_LINES = 15


class ProcessError(RuntimeError):
    """A process cannot be started, did not become ready, or is not there; the message ends with the cure."""


@dataclass(frozen=True)
class Launch:
    """What to start, and how one knows that it is ready."""

    name: str
    """For messages, and the log is NAME.log."""
    command: tuple[str, ...]
    directory: Path
    """Its own folder: working directory, log, and whatever it writes. Created when missing."""
    cure: str
    """What to do when it does not start, in one sentence: the end of every error message."""
    port: int | None = None
    """Where it will listen on loopback: must be free before the start."""
    ready: Callable[[], bool] | None = None
    """Asked every 20 ms until it says True, while the process lives. None: `port` accepts connections."""
    ready_seconds: float = 60.0
    stop_seconds: float = 15.0
    """How long `stop` waits after SIGTERM before it sends SIGKILL."""
    env: Mapping[str, str] | None = None
    """Added to this process's environment."""
    detached: bool = False
    """It outlives this process. Otherwise it is killed as soon as this process ends, by SIGKILL too."""


class ChildProcess:
    """A process in a group of its own that can be stopped, killed, paused and started again.

    `with ChildProcess(launch).begin() as child:` stops it at the end. Not for use from two threads at once.
    """

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.exit_code: int | None = None
        """Of the last run, as subprocess gives it (-9 after SIGKILL); None while it was not ended yet."""
        self._popen: subprocess.Popen[bytes] | None = None
        self._guard: Guard | None = None

    @property
    def log(self) -> Path:
        """stdout and stderr of all runs, one after the other."""
        return self.launch.directory / f"{self.launch.name}.log"

    @property
    def running(self) -> bool:
        """Whether the process lives (a paused one does)."""
        return self._popen is not None and not _has_exited(self._popen.pid)

    @property
    def pid(self) -> int:
        """The process id, also of its group; ProcessError when it is not running."""
        if self._popen is None or _has_exited(self._popen.pid):
            raise ProcessError(f"{self.launch.name} is not running: call begin() first.\n{self.last_lines()}")
        return self._popen.pid

    def begin(self) -> Self:
        """Starts it and waits until it is ready; ProcessError with the last log lines when that fails.

        Nothing happens when it runs already.
        """
        if self.running:
            return self
        self.kill()  # reaps the former run, where that ended by itself
        self.exit_code = None
        self._check_port()
        self.launch.directory.mkdir(parents=True, exist_ok=True)
        try:
            self._spawn()
            self._wait_ready()
        except BaseException:  # a Ctrl-C while waiting must not leave it behind either
            self.kill()
            raise
        return self

    def restart(self) -> Self:
        """Stops it if it still runs, then the same command in the same folder; raises as `begin` does."""
        self.stop()
        return self.begin()

    def stop(self) -> None:
        """SIGTERM, up to `stop_seconds` of waiting, then SIGKILL. Nothing happens when it is not running."""
        if self.running:
            self._signal(signal.SIGTERM)
            self._signal(signal.SIGCONT)  # a paused process would never see the SIGTERM
            self.wait(self.launch.stop_seconds)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the whole group, at once. Nothing happens when it is not running."""
        if self._popen is None:
            return
        # Until it is reaped below, even a dead leader keeps its number: no signal can reach a stranger.
        self._signal(signal.SIGKILL)
        if self._guard is not None:
            self._guard.dismiss()
        self.exit_code = self._popen.wait()
        self._popen = self._guard = None

    def pause(self) -> None:
        """SIGSTOP: it keeps its sockets and memory but does nothing; ProcessError when it is not running."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT after `pause`; ProcessError when it is not running."""
        os.killpg(self.pid, signal.SIGCONT)

    def wait(self, seconds: float) -> bool:
        """Waits up to `seconds` for it to end by itself; whether it did."""
        return _poll(lambda: not self.running, seconds)

    def last_lines(self) -> str:
        """The end of its log, for messages."""
        if not self.log.exists():
            return f"(no log at {self.log})"
        lines = self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        return "\n".join([f"Last lines of {self.log}:", *(f"  {line}" for line in lines)])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _check_port(self) -> None:
        port = self.launch.port
        # A stranger that listens there already would be taken for ours, ready at once.
        if port is not None and not is_free(port):
            raise ProcessError(
                f"{self.launch.name} needs port {port}, and somebody listens there: "
                "stop that one (`ss -lntp` shows who it is) or name another port"
            )

    def _spawn(self) -> None:
        with self.log.open("ab") as log:
            try:
                self._popen = subprocess.Popen(
                    self.launch.command,
                    cwd=self.launch.directory,
                    env={**os.environ, **(self.launch.env or {})},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                what = f"{self.launch.name} cannot be started: {error}"
                raise ProcessError(f"{what}.\n{self.launch.cure}") from error
        if not self.launch.detached:
            self._guard = Guard(self._popen.pid)

    def _wait_ready(self) -> None:
        settled = _poll(lambda: not self.running or self._is_ready(), self.launch.ready_seconds)
        if settled and self.running:
            return
        what = f"was not ready within {self.launch.ready_seconds:g} s"
        if settled:
            self.kill()
            what = f"ended before it was ready (exit code {self.exit_code})"
        raise ProcessError(f"{self.launch.name} {what}.\n{self.last_lines()}\n{self.launch.cure}")

    def _is_ready(self) -> bool:
        if self.launch.ready is not None:
            return self.launch.ready()
        return self.launch.port is None or is_listening(self.launch.port)

    def _signal(self, number: signal.Signals) -> None:
        if self._popen is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._popen.pid, number)


def find_command(name: str, package: str) -> str:
    """The path of the command `name`; ProcessError naming the Debian package where it is missing."""
    path = shutil.which(name)
    if path is None:
        raise ProcessError(
            f"`{name}` is not on PATH. Install it: apt-get install --no-install-recommends {package} "
            "(scripts/system-packages.sh test installs all that the tests need)"
        )
    return path


def _has_exited(pid: int) -> bool:
    # WNOWAIT: looked at, not reaped, so that the number stays ours until `kill` has dealt with the group.
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _poll(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
