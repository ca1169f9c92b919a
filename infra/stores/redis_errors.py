"""What went wrong in Redis, as our own errors. No key, value, address or password goes into a message."""

import re
import ssl

from redis.exceptions import AuthenticationError, RedisError, ResponseError

from workers.errors import AttuneError, ConfigurationError, StoreUnavailable

_PASSES = {
    "LOADING": "is still loading its data: wait",
    "BUSY": "is held up by somebody's script: see SLOWLOG, and SCRIPT KILL on it",
    "OOM": "has no memory left and refuses writes (as it must: it may not evict): raise its maxmemory",
    "MISCONF": "cannot write its disk and so refuses writes: make room there and look at its log",
    "READONLY": "is a replica and takes no writes: point ATTUNE_STORE at the primary",
    "MASTERDOWN": "is a replica that lost its primary: point ATTUNE_STORE at the primary, or wait for the failover",
    "NOREPLICAS": "has too few replicas to take writes: start them again, or lower its min-replicas-to-write",
    "CLUSTERDOWN": "is a cluster with nodes down: start them again",
    "TRYAGAIN": "is a cluster that is being resharded: wait",
    "NOSCRIPT": "was told to forget its scripts while they were in use: see who sends it SCRIPT FLUSH",
}
"""Codes of refusals that end by themselves or by an operator's hand: the same call may then succeed."""

_SETTINGS = {
    "NOAUTH": "wants a password: set ATTUNE_REDIS_PASSWORD, or put it into ATTUNE_STORE (redis://:PASSWORD@host:port/db)",
    "WRONGPASS": "refuses the name or password in ATTUNE_STORE (or ATTUNE_REDIS_PASSWORD): mend them there",
    "NOPERM": "does not allow this user of ATTUNE_STORE all it needs: give it +@all on keys ~attune:* ~{attune*",
    "MOVED": "is a cluster of several nodes, which this version cannot use: point ATTUNE_STORE at a single Redis",
    "WRONGTYPE": "holds something else under Attune's names: give Attune a database of its own in ATTUNE_STORE",
}


def no_answer(timeout: float) -> StoreUnavailable:
    cure = "see whether it runs and can be reached, and speaks TLS just where ATTUNE_STORE says rediss://"
    return StoreUnavailable(f"Redis did not answer within {timeout:g} s: {cure}")


def error_of(error: RedisError | OSError) -> AttuneError:
    """`StoreUnavailable` for what may pass, `ConfigurationError` for what somebody has to mend."""
    if (wrong := _tls(error)) is not None:
        return ConfigurationError(f"Redis {wrong}")
    code = _code(error)
    if code in _PASSES:
        return StoreUnavailable(f"Redis {_PASSES[code]}")
    if code in _SETTINGS:
        return ConfigurationError(f"Redis {_SETTINGS[code]}")
    if isinstance(error, AuthenticationError):
        return ConfigurationError(f"Redis {_SETTINGS['WRONGPASS']}")
    if isinstance(error, ResponseError):
        return ConfigurationError(f"Redis refused a command ({code or 'without a code'}): see its log and version")
    return StoreUnavailable(
        "Redis cannot be reached: see whether it runs, and where ATTUNE_STORE points (to rediss:// where it speaks TLS)"
    )


def _tls(error: BaseException | None) -> str | None:
    """What is wrong with a TLS connection, and the cure; None where it is not that. The client hides the reason."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    match error:
        case None:
            return None
        case ssl.SSLCertVerificationError():
            cure = "let ATTUNE_REDIS_CA name the CA that signed it, and ATTUNE_STORE the host that it was made for"
            return f"shows a certificate that is not trusted ({error.verify_message}): {cure}"
    return "wants a certificate, or speaks another TLS: set ATTUNE_REDIS_CERT and ATTUNE_REDIS_KEY"


def _code(error: RedisError | OSError) -> str:
    """The client keeps some codes apart and leaves others in the text; Redis 6.2 puts a script's after its own."""
    words = [getattr(error, "status_code", None) or "", *re.findall(r"\b[A-Z]{3,}\b", str(error))]
    known = [word for word in words if word in _PASSES or word in _SETTINGS]
    return known[0] if known else next(filter(None, words), "")
