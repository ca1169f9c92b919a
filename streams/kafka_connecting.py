"""The first contact with Kafka. aiokafka says the same of a broker that is away and of one that refuses us: here the
second is found out, and what there is to mend."""

import asyncio
import ssl
from collections.abc import Awaitable

from aiokafka import errors
from aiokafka.conn import create_conn

from streams.deadline import Deadline, within
from streams.kafka_calls import ask
from streams.kafka_security import KafkaSecurity
from workers.errors import BrokerUnavailable, ConfigurationError

_LOOK = 3.0
"""Seconds to find out why: a TLS handshake and a login take some 20 ms. Less where the caller has less left."""

_CA = "let ATTUNE_KAFKA_CA name the CA that signed it, and ATTUNE_BROKER the host that it was made for"
_LISTENER = "set ATTUNE_KAFKA_SECURITY to what its listener has"
_MECHANISM = "set ATTUNE_KAFKA_MECHANISM to what it takes"
_USER = "correct ATTUNE_KAFKA_USER and ATTUNE_KAFKA_PASSWORD"

_ENDED = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
"""A broker that goes down in the middle of a handshake: not a word about TLS."""


async def connected(start: Awaitable[None], seconds: float, bootstrap: str, security: KafkaSecurity) -> None:
    """Starts a client. Raises `BrokerUnavailable` where nobody answers in time, `ConfigurationError` where somebody
    does and TLS or SASL fails."""
    deadline = Deadline(seconds)
    try:
        await ask(start, seconds, "connecting", bootstrap)
    except BrokerUnavailable as unavailable:
        try:
            await within(min(_LOOK, deadline.remaining()), _say_why(bootstrap, security))
        except (TimeoutError, OSError, errors.KafkaError):
            raise unavailable from None
        raise


async def _say_why(bootstrap: str, security: KafkaSecurity) -> None:
    """Raises `ConfigurationError` where a broker that is there refuses us."""
    for address in bootstrap.split(","):
        try:
            await _try(address, security)
            return
        except (TimeoutError, OSError, errors.KafkaError):
            if not security.uses_tls and await _speaks_tls(address):
                raise _refused(address, "has a listener with TLS", _LISTENER) from None


async def _try(address: str, security: KafkaSecurity) -> None:
    """One connection, with its login. Raises `ConfigurationError` for what will not pass by itself."""
    try:
        host, port = _split(address)
        (await create_conn(host, port, request_timeout_ms=_LOOK * 1000, **security.of_client())).close()
    except _ENDED:
        raise
    except ssl.SSLCertVerificationError as error:
        raise _refused(address, f"shows a certificate that is not trusted ({error.verify_message})", _CA) from error
    except ssl.SSLError as error:
        raise _refused(address, f"does not speak TLS as this side does ({error.reason})", _LISTENER) from error
    except errors.UnsupportedSaslMechanismError as error:
        raise _refused(address, f"does not take {security.mechanism}", _MECHANISM) from error
    except errors.IllegalSaslStateError as error:
        raise _refused(address, "has a listener that asks for no password", _LISTENER) from error
    except (errors.AuthenticationFailedError, errors.SaslAuthenticationFailed) as error:
        raise _refused(address, "does not take the user or the password", _USER) from error


async def _speaks_tls(address: str) -> bool:
    """Whatever its certificate: nothing is sent there."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        _, writer = await asyncio.open_connection(*_split(address), ssl=context)
    except OSError:
        return False
    writer.close()
    return True


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


def _refused(address: str, what: str, cure: str) -> ConfigurationError:
    return ConfigurationError(f"Kafka at {address} {what}: {cure}")
