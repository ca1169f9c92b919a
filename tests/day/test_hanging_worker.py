"""A worker that hangs is gone within thirty seconds, whatever it hangs in, and its log says why."""

import subprocess
import sys
import time
from pathlib import Path

from infra.exits import Exit
from tests.patience import PATIENCE

SECONDS = 30.0
NOISE = 15.0
"""Seconds more, for a slow machine. That the deadlines add up to no more than thirty is tested where they are set."""

SAID = {
    "waiting": "hanging has 1 messages waiting and made no progress for 18 s, with 1 in its hands",
    "thread": "hanging has 1 messages waiting and made no progress for 18 s, with 1 in its hands",
    "loop": "the event loop has not turned for 15 s",
}
CODES = {"waiting": Exit.FAILED, "thread": Exit.FATAL, "loop": Exit.FORCED}
"""Without the command around it, an error that ends it in order is a traceback, which is 1. A thread that never returns
has to be ended by force, with the code of what went wrong."""


def test_it_is_gone_within_thirty_seconds_and_says_why(tmp_path: Path) -> None:
    workers = {how: hanging(tmp_path / how, how) for how in SAID}
    try:
        for worker in workers.values():
            assert worker.stdout is not None
            while worker.stdout.readline().strip() != "hanging":
                assert worker.poll() is None
        since = time.monotonic()
        logs = {how: worker.communicate(timeout=SECONDS + NOISE + PATIENCE)[1] for how, worker in workers.items()}
        took = time.monotonic() - since
    finally:
        for worker in workers.values():
            worker.kill()
    assert took < SECONDS + NOISE
    for how, log in logs.items():
        assert SAID[how] in log, log
        assert workers[how].returncode == CODES[how], log
    assert "in handle" in logs["loop"], "the traceback names the place"


def hanging(folder: Path, how: str) -> subprocess.Popen[str]:
    folder.mkdir()
    command = (sys.executable, "-m", "tests.day.hanging_worker", str(folder), how)
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
