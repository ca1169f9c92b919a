"""Real servers as child processes, for development, tests and benchmarks: Kafka and Redis without Docker."""

from infra.processes.kafka import KafkaBroker
from infra.processes.kafka_cluster import KafkaCluster
from infra.processes.ports import free_port, free_ports
from infra.processes.process import ChildProcess, Launch, ProcessError
from infra.processes.redis import RedisServer

__all__ = [
    "ChildProcess",
    "KafkaBroker",
    "KafkaCluster",
    "Launch",
    "ProcessError",
    "RedisServer",
    "free_port",
    "free_ports",
]
