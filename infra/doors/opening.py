"""The doors as the settings want them."""

import time
from collections.abc import Callable
from dataclasses import replace

from infra.doors.entering import LOCAL_DOORS, Doors
from infra.doors.key_file import KeyFile
from infra.doors.keys import Keys, ring_of_setting
from infra.doors.loopback import is_loopback
from infra.doors.rates import Rates
from infra.doors.roles import Role
from infra.doors.tokens import DAY, issue
from infra.settings import Settings
from workers.errors import ConfigurationError

_OWN_DAYS = 300 / DAY
"""Of a token that this process makes for one request of its own: five minutes, for clocks that differ."""


def doors_of(settings: Settings) -> Doors:
    """Open on loopback while there are no keys; else everybody needs a token. Raises `ConfigurationError` where they
    would stand open to other machines, and where keys or the port's certificate cannot be read."""
    keys = keys_of(settings)
    if keys is None:
        _refuse_open_to_others(settings)
        return replace(LOCAL_DOORS, tls=settings.http_tls)
    keys()  # what is wrong with them is said at the start
    rates = Rates(settings.rate_person, settings.rate_program, settings.rate_burst)
    return Doors(keys, rates, metrics_open=settings.metrics_open, tls=settings.http_tls)


def keys_of(settings: Settings) -> Keys | None:
    """None where there are none. Raises `ConfigurationError` for a setting that holds no keys."""
    if settings.token_keys is not None:
        ring = ring_of_setting(settings.token_keys.get_secret_value())
        return lambda: ring
    return KeyFile(settings.token_file) if settings.token_file.exists() else None


def own_tokens(settings: Settings) -> Callable[[], str | None]:
    """Gives what a gateway shows `attune worker provider`: ATTUNE_PROVIDER_TOKEN, else each time one that it makes with
    the keys that they share; None where there are none."""
    keys = keys_of(settings)

    def token() -> str | None:
        if settings.provider_token is not None:
            return settings.provider_token.get_secret_value()
        return None if keys is None else issue(keys(), Role.OPERATOR, "gateway", time.time(), _OWN_DAYS)

    return token


def _refuse_open_to_others(settings: Settings) -> None:
    cure = "make keys with `attune token rotate`, or set ATTUNE_TOKEN_KEYS to the same for every role"
    if settings.tokens == "required":
        raise ConfigurationError(f"ATTUNE_TOKENS=required, and there are no keys that sign tokens: {cure}")
    if not is_loopback(settings.http_host):
        what = (
            f"ATTUNE_HTTP_HOST={settings.http_host} is open to other machines, and there are no keys that sign tokens"
        )
        raise ConfigurationError(f"{what}: {cure}, or set ATTUNE_HTTP_HOST=127.0.0.1")
