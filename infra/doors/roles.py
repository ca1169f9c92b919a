"""Who somebody is at the doors, as their token says it."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import TypeAdapter, ValidationError

from schemas.base import ProviderId, UserId
from workers.errors import ConfigurationError


class Role(StrEnum):
    """What each may do stands in `infra.doors.access`."""

    PERSON = "person"
    PROVIDER = "provider"
    INGESTER = "ingester"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Holder:
    """Of a token that was accepted. `subject`: a person's user id, a provider's id, or the name of a program. `expires`
    is in epoch seconds. `token` and `key` are the ids of the token ("" where it has none) and of the key that signed
    it: with them it is looked at again while an answer lasts."""

    role: Role
    subject: str
    expires: float
    token: str = field(default="", compare=False)
    key: str = field(default="", compare=False)


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_IDS = {
    Role.PERSON: (TypeAdapter[str](UserId), "--user takes a user id: 1 to 128 characters, none of them invisible"),
    Role.PROVIDER: (
        TypeAdapter[str](ProviderId),
        "--provider takes a provider's id: small letters, digits, '.', '_' and '-', 64 at most",
    ),
}


def checked_subject(role: Role, subject: str) -> str:
    """The subject, as the contracts have it. Raises `ConfigurationError` where no token of this role can be for it."""
    if role not in _IDS:
        if _NAME.fullmatch(subject) is None:
            raise ConfigurationError("--name takes letters, digits, '.', '_' and '-', 64 at most: choose another")
        return subject
    kind, cure = _IDS[role]
    try:
        return kind.validate_python(subject)
    except ValidationError as error:
        raise ConfigurationError(f"{cure}: choose another") from error
