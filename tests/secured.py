"""Kafka and Redis as somebody runs them who lets not everybody in: with TLS, a user and a password."""

import asyncio
from pathlib import Path

from tests.certificates import Pair

USER = "attune"
PASSWORD = "correct-horse-battery"

_LOGIN = "org.apache.kafka.common.security.{} required username=broker password=broker-s-own{};"
_NAMED = "listener.name.plaintext"


def kafka_settings(server: Pair, ca: Path) -> dict[str, str]:
    """The listener that is called PLAINTEXT by default asks for TLS and a password, which `KafkaBroker.start` is to be
    told, too (`users`), for SCRAM."""
    plain = _LOGIN.format("plain.PlainLoginModule", f" user_broker=broker-s-own user_{USER}={PASSWORD}")
    return {
        "listener.security.protocol.map": "PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        f"{_NAMED}.plain.sasl.jaas.config": plain,
        f"{_NAMED}.scram-sha-512.sasl.jaas.config": _LOGIN.format("scram.ScramLoginModule", ""),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(server.both),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(ca),
    }


def redis_settings(server: Pair, ca: Path, port: int, ask: str = "no") -> dict[str, str]:
    """TLS beside the plain port, which the look at whether it is up needs. `ask`: for a certificate, yes or no."""
    return {
        "tls-port": str(port),
        "tls-cert-file": str(server.certificate),
        "tls-key-file": str(server.key),
        "tls-ca-cert-file": str(ca),
        "tls-auth-clients": ask,
        "user": f"{USER} on >{PASSWORD} ~* &* +@all",
    }


async def goodbyes() -> None:
    """Returns when the running loop holds no socket any more: TLS takes leave of its other side, nobody waits for that,
    and a loop that ends before leaves sockets open."""
    selector = asyncio.get_running_loop()._selector  # type: ignore[attr-defined]  # nothing public knows its sockets
    for _ in range(500):
        if len(selector.get_map()) <= 1:  # its own, by which it is woken
            return
        await asyncio.sleep(0.01)
