"""The settings of whom one lets in and to whom one shows who one is: tokens, TLS, and passwords of the servers."""

import ssl
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings

from infra.stores.redis_security import RedisSecurity
from streams.kafka_security import KafkaSecurity, Mechanism, Protocol
from streams.tls import client_context, server_context

Rate = Annotated[float, Field(gt=0, le=1e6)]


class DoorSettings(BaseSettings):
    """A part of `infra.settings.Settings`, which gives the rest."""

    tokens: Literal["auto", "required"] = Field(
        "auto", description="required: everybody needs a token; auto: nobody on loopback while there are no keys"
    )
    token_keys: SecretStr | None = Field(
        None,
        description="keys that sign tokens, with commas between them, the newest first, the same for every role; "
        "unset: tokens.json in data_dir",
    )
    token: SecretStr | None = Field(None, description="the token that commands show the gateway")
    provider_token: SecretStr | None = Field(
        None, description="the gateway's token for ATTUNE_PROVIDER_URL; unset: it makes one with the keys"
    )
    metrics_open: bool = Field(False, description="/metrics without a token: they hold no ids")
    rate_person: Rate = Field(20.0, description="requests a second with one person's tokens")
    rate_program: Rate = Field(500.0, description="requests a second with the tokens of one of the others")
    rate_burst: Rate = Field(5.0, description="seconds' worth of requests that may come at once")

    http_cert: Path | None = Field(
        None, description="certificate of this process' own port (PEM, with those up to its CA); unset: no TLS"
    )
    http_key: Path | None = Field(None, description="its private key (PEM)")
    http_ca: Path | None = Field(
        None, description="CA of the gateway's and the provider's certificates (PEM); unset: the usual ones"
    )

    kafka_security: Protocol = Field("PLAINTEXT", description="how Kafka's listener is protected")
    kafka_ca: Path | None = Field(None, description="CA of Kafka's certificate (PEM); unset: the system's")
    kafka_cert: Path | None = Field(None, description="certificate to show Kafka (PEM), where it asks for one")
    kafka_key: Path | None = Field(None, description="its private key (PEM)")
    kafka_mechanism: Mechanism = Field("SCRAM-SHA-512", description="of SASL")
    kafka_user: str | None = Field(None, description="user of SASL")
    kafka_password: SecretStr | None = Field(None, description="its password")

    redis_ca: Path | None = Field(None, description="CA of the certificate at rediss:// (PEM); unset: the system's")
    redis_cert: Path | None = Field(None, description="certificate to show Redis (PEM), where it asks for one")
    redis_key: Path | None = Field(None, description="its private key (PEM)")
    redis_user: str | None = Field(None, description="user of Redis' ACL")
    redis_password: SecretStr | None = Field(None, description="password of Redis; it may stand in ATTUNE_STORE, too")

    @model_validator(mode="after")
    def _doors_fit_together(self) -> "DoorSettings":
        if self.kafka_security.startswith("SASL") and (self.kafka_user is None or self.kafka_password is None):
            raise ValueError(f"ATTUNE_KAFKA_SECURITY={self.kafka_security} needs ATTUNE_KAFKA_USER and _PASSWORD")
        # A password that nobody asks for means that the protection which one believes in is not there.
        if not self.kafka_security.startswith("SASL") and self.kafka_password is not None:
            raise ValueError("ATTUNE_KAFKA_PASSWORD needs ATTUNE_KAFKA_SECURITY=SASL_SSL")
        if not self.kafka_security.endswith("SSL") and (self.kafka_ca or self.kafka_cert):
            raise ValueError("ATTUNE_KAFKA_CA and _CERT need ATTUNE_KAFKA_SECURITY=SSL or SASL_SSL")
        for name in ("http", "kafka", "redis"):
            if (getattr(self, f"{name}_cert") is None) != (getattr(self, f"{name}_key") is None):
                raise ValueError(f"ATTUNE_{name.upper()}_CERT and ATTUNE_{name.upper()}_KEY belong together")
        return self

    @property
    def http_tls(self) -> ssl.SSLContext | None:
        """What this process' own port speaks; None: no TLS. Raises `ConfigurationError` for files that cannot be
        used."""
        if self.http_cert is None or self.http_key is None:
            return None
        return server_context(self.http_cert, self.http_key)

    @property
    def http_trust(self) -> ssl.SSLContext | bool:
        """Whom commands and the gateway's own questions take for Attune, as httpx has it in `verify`. Raises as
        `http_tls` does."""
        return True if self.http_ca is None else client_context("HTTP", self.http_ca)

    @property
    def authorization(self) -> dict[str, str]:
        """The header with which commands show the gateway who they are; none without a token."""
        return {} if self.token is None else {"Authorization": f"Bearer {self.token.get_secret_value()}"}

    @property
    def kafka(self) -> KafkaSecurity:
        """How every client of Kafka shows who it is."""
        return KafkaSecurity(
            protocol=self.kafka_security,
            ca=self.kafka_ca,
            certificate=self.kafka_cert,
            key=self.kafka_key,
            mechanism=self.kafka_mechanism,
            user=self.kafka_user,
            password=None if self.kafka_password is None else self.kafka_password.get_secret_value(),
        )

    @property
    def redis(self) -> RedisSecurity:
        """How every client of Redis shows who it is, beside what its URL says."""
        return RedisSecurity(
            ca=self.redis_ca,
            certificate=self.redis_cert,
            key=self.redis_key,
            user=self.redis_user,
            password=None if self.redis_password is None else self.redis_password.get_secret_value(),
        )
