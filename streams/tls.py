"""TLS from the files that settings name. A file that cannot be used is said with the names of its settings, and nothing
of what is in it."""

import ssl
from functools import lru_cache
from pathlib import Path

from workers.errors import ConfigurationError


@lru_cache(maxsize=8)  # the CAs of a system take 10 ms to read; a new certificate is taken up at the next start
def client_context(
    server: str, ca: Path | None, certificate: Path | None = None, key: Path | None = None
) -> ssl.SSLContext:
    """For a client of that server, as settings name it ("Kafka": ATTUNE_KAFKA_CA, ...). Paths are of PEM files; `ca`
    None: the CAs of the system. Raises `ConfigurationError`."""
    try:
        context = ssl.create_default_context(cafile=ca)
        if certificate is not None:
            context.load_cert_chain(certificate, key, _no_password)
    except OSError as error:  # ssl's own errors are among them
        names = [f"ATTUNE_{server.upper()}_{kind}" for kind in ("CA", "CERT", "KEY")]
        raise _unusable(server, f"{names[0]}, {names[1]} and {names[2]}", error) from error
    return context


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """For our own ports; `certificate` with those that lead to its CA. Raises `ConfigurationError`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # TLS 1.2 at least
    try:
        context.load_cert_chain(certificate, key, _no_password)
    except OSError as error:
        raise _unusable("HTTP", "ATTUNE_HTTP_CERT and ATTUNE_HTTP_KEY", error) from error
    return context


def distrust(error: BaseException) -> str | None:
    """What is wrong with the certificate that a server has shown, where that is behind the error of a client."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, ssl.SSLCertVerificationError):
        found = found.__cause__ or found.__context__
    return None if found is None else found.verify_message


def _no_password() -> str:
    """Without this, OpenSSL asks for one at the terminal, and a service waits for an answer that nobody gives."""
    return ""


def _unusable(server: str, settings: str, error: OSError) -> ConfigurationError:
    said = error.strerror or type(error).__name__
    cure = f"let {settings} name PEM files that belong together, the key without a password"
    return ConfigurationError(f"a certificate for {server} cannot be used ({said}): {cure}")
