"""Several Kafka brokers that are one cluster, each broker and controller in one: to see what a leader's death does.

Three of them, replication 3 and two in sync: any one may die, and what was acknowledged is on another.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from infra.processes.kafka import KafkaBroker, new_cluster_id
from infra.processes.ports import LOOPBACK, free_ports

_MIN_IN_SYNC = 2


class KafkaCluster:
    """Made by `KafkaCluster.start`. Stop or kill the brokers one by one, or all with `kill`."""

    def __init__(self, brokers: Iterable[KafkaBroker]) -> None:
        self.brokers = dict(enumerate(brokers, start=1))
        """By their node id."""

    @classmethod
    def start(cls, directory: Path, nodes: int = 3) -> Self:
        """Returns when all listen. Raises ProcessError as `KafkaBroker.start` does."""
        found = free_ports(2 * nodes)
        ports, controllers = found[:nodes], found[nodes:]
        cluster = new_cluster_id()
        # Together: none listens before most of them have found each other.
        with ThreadPoolExecutor(nodes) as pool:
            starting = [
                pool.submit(
                    KafkaBroker.start,
                    directory / f"broker-{number}",
                    ports[number - 1],
                    settings=_settings(number, ports, controllers),
                    cluster=cluster,
                )
                for number in range(1, nodes + 1)
            ]
        return cls(started.result() for started in starting)

    @property
    def bootstrap(self) -> str:
        """host:port of all, for a client's bootstrap servers."""
        return ",".join(broker.bootstrap for broker in self.brokers.values())

    @property
    def url(self) -> str:
        """The value of ATTUNE_BROKER."""
        return f"kafka://{self.bootstrap}"

    def kill(self) -> None:
        """SIGKILL to all."""
        for broker in self.brokers.values():
            broker.kill()


def _settings(number: int, ports: tuple[int, ...], controllers: tuple[int, ...]) -> dict[str, str]:
    port, controller, nodes = ports[number - 1], controllers[number - 1], len(ports)
    voters = (f"{node}@{LOOPBACK}:{at}" for node, at in enumerate(controllers, start=1))
    return {
        "node.id": str(number),
        "listeners": f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller}",
        "controller.quorum.voters": ",".join(voters),
        "default.replication.factor": str(nodes),
        "min.insync.replicas": str(_MIN_IN_SYNC),
        "offsets.topic.replication.factor": str(nodes),
        # Three on two cores: a pause of a second is no death.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
    }
