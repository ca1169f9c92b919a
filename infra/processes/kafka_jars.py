"""The Kafka broker's jars: resolved once by Maven into a cache folder, by the pins of infra/kafka/pom.xml."""

import fcntl
import os
import subprocess
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from infra.processes.process import ProcessError, find_command

KAFKA_FILES = Path(__file__).resolve().parent.parent / "kafka"
_POM = KAFKA_FILES / "pom.xml"
_MAVEN_SECONDS = 600
_OUTPUT_LINES = 15


def kafka_jars() -> Path:
    """The folder with the broker's 46 jars (44 MB), filled on the first call (about 5 s).

    `KAFKA_LIBS` in the environment names another folder. Raises ProcessError when it has to be filled and
    Maven is missing or fails.
    """
    chosen = os.environ.get("KAFKA_LIBS")
    libs = Path(chosen).absolute() if chosen else _cache() / "attune" / f"kafka-{_version()}" / "libs"
    if not libs.exists():
        _fill(libs)
    return libs


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _version() -> str:
    pom = ElementTree.parse(_POM)
    version = pom.findtext(".//{http://maven.apache.org/POM/4.0.0}kafka.version")
    if not version:
        raise ProcessError(f"{_POM} has no kafka.version: put the property back")
    return version


def _fill(libs: Path) -> None:
    libs.parent.mkdir(parents=True, exist_ok=True)
    # One fills and the others wait; after the rename it is all there, so nobody ever sees half a folder.
    with (libs.parent / f"{libs.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if libs.exists():
            return
        with tempfile.TemporaryDirectory(dir=libs.parent, prefix=f"{libs.name}-") as temporary:
            fresh = Path(temporary) / "libs"
            _run_maven(fresh)
            fresh.rename(libs)


def _run_maven(output: Path) -> None:
    maven = find_command("mvn", "default-jre-headless maven")
    goal = ("dependency:copy-dependencies", f"-DoutputDirectory={output}")
    try:
        done = subprocess.run(
            (maven, "-q", "-B", "-f", str(_POM), *goal),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_MAVEN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProcessError(f"Maven took over {_MAVEN_SECONDS} s: check the network, run it again") from error
    if done.returncode != 0:
        lines = "\n".join((done.stdout + done.stderr).splitlines()[-_OUTPUT_LINES:])
        raise ProcessError(
            f"Maven could not fetch Kafka's jars:\n{lines}\n"
            f"Check that Maven reaches its repository, or point KAFKA_LIBS to the jars of {_POM}"
        )
