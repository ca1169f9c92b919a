"""Every refusal of Redis says what to do, and whether trying again will help."""

import pytest
from redis.exceptions import (
    BusyLoadingError,
    ConnectionError,
    MovedError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from infra.stores.redis_errors import error_of
from workers.errors import ConfigurationError, StoreUnavailable


@pytest.mark.parametrize(
    ("refusal", "cure"),
    [
        (BusyLoadingError("Redis is loading the dataset in memory", status_code="LOADING"), "wait"),
        (OutOfMemoryError("command not allowed when used memory > 'maxmemory'.", status_code="OOM"), "raise its max"),
        # As 6.2 says it of a script.
        (
            ResponseError("Error running script (call to f_1): @user_script:5: -OOM command not allowed"),
            "raise its max",
        ),
        (ReadOnlyError("You can't write against a read only replica.", status_code="READONLY"), "primary"),
        (ResponseError("MISCONF Redis is configured to save RDB snapshots, but"), "make room"),
        (NoScriptError("No matching script.", status_code="NOSCRIPT"), "SCRIPT FLUSH"),
        (ConnectionError("Connection reset by peer"), "see whether it runs"),
        (OSError("Network is unreachable"), "see whether it runs"),
    ],
)
def test_what_may_pass_is_unavailable(refusal: RedisError | OSError, cure: str) -> None:
    error = error_of(refusal)
    assert isinstance(error, StoreUnavailable)
    assert cure in str(error)


@pytest.mark.parametrize(
    ("refusal", "cure"),
    [
        (ResponseError("WRONGTYPE Operation against a key holding the wrong kind"), "database of its own"),
        (NoPermissionError("this user has no permissions to run", status_code="NOPERM"), "~{attune*"),
        (MovedError("7000 10.0.0.1:6379", status_code="MOVED"), "a single Redis"),
        (ResponseError("ERR unknown command 'EVALSHA'"), "log and version"),
    ],
)
def test_what_somebody_has_to_mend_is_a_matter_of_configuration(refusal: RedisError, cure: str) -> None:
    error = error_of(refusal)
    assert isinstance(error, ConfigurationError)
    assert cure in str(error)


def test_what_was_refused_is_not_repeated() -> None:
    assert "ann@example.org" not in str(error_of(ResponseError("ERR no such thing: ann@example.org")))
