"""How a client shows Redis who it is, and makes sure that it is Redis, beside what its URL says."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from streams.tls import client_context
from workers.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class RedisSecurity:
    """Paths are of PEM files. `ca` None: the CAs of the system. Whether there is TLS at all, the URL says (rediss://);
    so may user and password, and what it says counts."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def of_client(self, url: str) -> dict[str, Any]:
        """What the client takes. Raises `ConfigurationError` for a file that cannot be read, and where the URL asks for
        no TLS and the files do."""
        options = {"username": self.user, "password": self.password}
        if urlsplit(url).scheme != "rediss":
            if self.ca is not None or self.certificate is not None:
                raise ConfigurationError(
                    "ATTUNE_REDIS_CA and ATTUNE_REDIS_CERT need TLS: let ATTUNE_STORE begin with rediss://"
                )
            return options
        # The client would say the same of a wrong file as of a server that is away.
        client_context("Redis", self.ca, self.certificate, self.key)
        files = {"ssl_ca_certs": self.ca, "ssl_certfile": self.certificate, "ssl_keyfile": self.key}
        named = {name: str(path) for name, path in files.items() if path is not None}
        return options | named | {"ssl_cert_reqs": "required", "ssl_check_hostname": True}


NO_SECURITY = RedisSecurity()
