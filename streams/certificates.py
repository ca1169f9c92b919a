"""The certificates that a client shows a server, and by which it makes sure of the server: PEM files as one context."""

import ssl
from pathlib import Path
from typing import Protocol

from workers.errors import ConfigurationError


class Files(Protocol):
    """`ca` None: the CAs of the system."""

    @property
    def ca(self) -> Path | None: ...

    @property
    def certificate(self) -> Path | None: ...

    @property
    def key(self) -> Path | None: ...


def context_of(files: Files, server: str) -> ssl.SSLContext:
    """`server` is "Kafka" or "Redis". Raises `ConfigurationError` for a file that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=files.ca)
        if files.certificate is not None:
            context.load_cert_chain(files.certificate, files.key)
    except OSError as error:  # ssl's own errors are among them
        said, name = error.strerror or type(error).__name__, f"ATTUNE_{server.upper()}"
        cure = f"let {name}_CA, {name}_CERT and {name}_KEY name PEM files"
        raise ConfigurationError(f"a certificate for {server} cannot be used ({said}): {cure}") from error
    return context
