"""A real Kafka broker as a child process: KRaft, broker and controller in one, on loopback.

Kafka 4.3.1, Java 17, two cores, `fast`, jars already there; wall clock around each call, best and worst of
three runs with little else running; memory is VmRSS in /proc/PID/status 3 s after the start:
  start in an empty folder to listening  2.6-2.8 s (0.8 s of it the format tool), 200 MiB
  kill, then restart to listening        2.5-2.8 s
  stop 0.2-0.4 s, then begin again       1.7-2.1 s
With both cores busy otherwise up to twice as long.
"""

import secrets
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from infra.processes.kafka_jars import KAFKA_FILES, kafka_jars
from infra.processes.ports import LOOPBACK, free_port, free_ports
from infra.processes.process import ChildProcess, Launch, ProcessError, find_command

_JAVA_PACKAGES = "default-jre-headless maven"
_CURE = "Kafka 4 needs Java 17 or newer (see `java -version`), its ports free, and a folder it can write to."
_FORMAT_SECONDS = 60

# Small and quick to start: no optimising compiler, no parallel collector.
_FAST_JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m")
# As Kafka's own start script has it, for measurements.
_SHIPPED_JVM = (
    "-server",
    "-Xmx1g",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
)

_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    # Our topics are declared with their own partitions; one made by a typo would hide the mistake.
    "auto.create.topics.enable": "false",
    # Event time is in the payload: by Kafka's timestamp, old events would be deleted as they come in.
    "log.message.timestamp.type": "LogAppendTime",
    # One broker: nothing to replicate to, and 50 partitions for offsets only cost start-up time.
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # Groups form at once (shipped: 3 s) and may have short sessions (shipped: 6 s), so hand-overs are quick.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # A broker that was killed is back 2.3 s after its restart; with the shipped 9 s session after 11 s.
    "broker.session.timeout.ms": "1000",
    "broker.heartbeat.interval.ms": "200",
    # The shipped 128 MiB does not go with a 256 MiB heap.
    "log.cleaner.dedupe.buffer.size": "4194304",
    # Compaction and deletion show within half a second on topics that ask for it (shipped: 14 s and more).
    "log.cleaner.backoff.ms": "100",
    "log.retention.check.interval.ms": "200",
    "log.segment.delete.delay.ms": "0",
    "log.initial.task.delay.ms": "100",
}


class KafkaBroker(ChildProcess):
    """One broker with its data in its own folder; made by `KafkaBroker.start`."""

    def __init__(self, launch: Launch, port: int) -> None:
        super().__init__(launch)
        self.port = port
        """Where clients connect, on loopback."""

    @classmethod
    def start(
        cls,
        directory: Path,
        port: int | None = None,
        fast: bool = True,
        *,
        settings: Mapping[str, str] | None = None,
        users: Mapping[str, str] | None = None,
        cluster: str | None = None,
        detached: bool = False,
    ) -> Self:
        """A broker that listens on `port` (None: a free one), with the data of `directory` if there are any.

        `fast`: small and quick, for tests; False: the Java options that Kafka ships. `settings` go over the
        broker's own. `users`: names and passwords for SCRAM-SHA-512, of a new broker. `cluster`: the id of the one
        that it belongs to (None: one of its own). Raises ProcessError with the cure when Java, Maven or the jars are
        missing, or when the broker does not listen within a minute.
        """
        directory = directory.absolute()
        java = _java(directory, kafka_jars(), _FAST_JVM if fast else _SHIPPED_JVM)
        port = free_port() if port is None else port
        configuration = _write_configuration(directory, port, settings or {})
        _format_once(java, directory, configuration, cluster or new_cluster_id(), users or {})
        launch = Launch(
            name="kafka",
            command=(*java, "kafka.Kafka", str(configuration)),
            directory=directory,
            cure=_CURE,
            port=port,
            detached=detached,
        )
        return cls(launch, port).begin()

    @property
    def bootstrap(self) -> str:
        """host:port for a client's bootstrap servers."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def url(self) -> str:
        """The value of ATTUNE_BROKER."""
        return f"kafka://{self.bootstrap}"


def _java(directory: Path, jars: Path, options: tuple[str, ...]) -> tuple[str, ...]:
    return (
        find_command("java", _JAVA_PACKAGES),
        *options,
        # Unpacked native libraries stay after a SIGKILL: in the broker's folder, then, and not in /tmp.
        f"-Djava.io.tmpdir={directory / 'tmp'}",
        "-XX:-UsePerfData",
        f"-Dlog4j2.configurationFile={KAFKA_FILES / 'log4j2.xml'}",
        "-cp",
        f"{jars}/*",
    )


def _write_configuration(directory: Path, port: int, settings: Mapping[str, str]) -> Path:
    (directory / "tmp").mkdir(parents=True, exist_ok=True)
    (controller,) = free_ports(1)
    own = {
        "listeners": f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port}",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
        "log.dirs": str(directory / "data"),
    }
    file = directory / "server.properties"
    file.write_text("".join(f"{key}={value}\n" for key, value in {**_SETTINGS, **own, **settings}.items()))
    return file


def _format_once(
    java: tuple[str, ...], directory: Path, configuration: Path, cluster: str, users: Mapping[str, str]
) -> None:
    """KRaft wants a cluster id in its storage before the first start; ProcessError when that fails."""
    if (directory / "data" / "meta.properties").exists():
        return
    scram = [f"SCRAM-SHA-512=[name={name},password={password}]" for name, password in users.items()]
    added = (word for one in scram for word in ("--add-scram", one))
    command = (*java, "kafka.tools.StorageTool", "format", "--ignore-formatted", *added)
    try:
        subprocess.run(
            (*command, "-t", cluster, "-c", str(configuration)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_FORMAT_SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise ProcessError(f"formatting Kafka's storage took over {_FORMAT_SECONDS} s.\n{_CURE}") from error
    except subprocess.CalledProcessError as error:
        output = f"{error.stdout}{error.stderr}"
        raise ProcessError(f"Kafka's storage cannot be formatted:\n{output}\n{_CURE}") from error


def new_cluster_id() -> str:
    """16 random bytes as Kafka writes them; a leading '-' would be an option to the format tool."""
    while (name := secrets.token_urlsafe(16)).startswith("-"):
        pass
    return name
