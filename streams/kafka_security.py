"""How a client shows Kafka who it is, and makes sure that it is Kafka: TLS and SASL, in one value that travels."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from streams.tls import client_context

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True)
class KafkaSecurity:
    """As the listener has it; paths are of PEM files. `ca` None: the CAs of the system. A certificate is shown where
    there is one. `user` and `password` are there where the protocol begins with SASL."""

    protocol: Protocol = "PLAINTEXT"
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    mechanism: Mechanism = "SCRAM-SHA-512"
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def of_client(self) -> dict[str, Any]:
        """What aiokafka's clients take. Raises `ConfigurationError` for a file that cannot be read."""
        options: dict[str, Any] = {"security_protocol": self.protocol}
        if self.uses_tls:
            options["ssl_context"] = self.context
        if self.uses_sasl:
            options |= {"sasl_mechanism": self.mechanism}
            options |= {"sasl_plain_username": self.user, "sasl_plain_password": self.password}
        return options

    @property
    def context(self) -> ssl.SSLContext | None:
        """None where there is no TLS. Raises as `of_client` does."""
        return client_context("Kafka", self.ca, self.certificate, self.key) if self.uses_tls else None

    @property
    def uses_tls(self) -> bool:
        return self.protocol.endswith("SSL")

    @property
    def uses_sasl(self) -> bool:
        return self.protocol.startswith("SASL")


PLAINTEXT = KafkaSecurity()
