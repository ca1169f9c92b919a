"""What the log holds of a person, sealed with a key of that person's own: whoever destroys the key makes it unreadable
for good, wherever copies of the log lie (crypto-shredding).

A sealed message has the person's mailbox id for a key, and this for a value:

    4 bytes   `PREFIX`, with which no JSON begins
    8 bytes   which of the mailbox's keys it is sealed with
    12 bytes  a nonce, of this message alone
    the rest  AES-256-GCM of: a byte that says whether there is a value, two that are the length of the key, the key,
              the value. What it is bound to and does not open without: the mailbox id and the topic.

A mailbox id is made from the person's id with the installation's secret: the same for ever, so that all of one person's
messages lie in one partition, and nobody who lacks the secret can tell whose they are. A key is wrapped (sealed itself)
with another key made from the secret wherever it lies outside a process.

Everything here is pure: nonces and keys come in as arguments. One key may seal 2^32 messages: with random nonces two of
them are equal with a chance under 2^-32 (NIST SP 800-38D), and at one message a second they last 136 years.
"""

import hmac
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import TypeAdapter, ValidationError

from schemas.base import UserId
from schemas.dead_letter import DeadLetter
from streams.contract import Outgoing, Record
from streams.topics import DEAD_LETTERS, MAILBOX, SEALED
from workers.errors import AttuneError

PREFIX = b"\x00AT1"
KEY_SIZE, NONCE_SIZE, ID_SIZE = 32, 12, 8
"""Bytes."""

_HEAD = len(PREFIX) + ID_SIZE + NONCE_SIZE
_USER_ID: TypeAdapter[str] = TypeAdapter(UserId)

MAX_ADDED = _HEAD + 16 + 3 + 4 * 128
"""Bytes that sealing adds at most: the longest id has 128 characters of 4 bytes."""


class DoesNotOpen(AttuneError):
    """It was sealed with another key, or changed, or moved to another topic or mailbox."""


class SealingKey(NamedTuple):
    """One key of a person. `id` is the beginning of its wrapped form."""

    id: bytes
    key: bytes


def mailbox_of(secret: bytes, user: str) -> bytes:
    """32 hex digits. No provider's id begins with a NUL, so it is no provider's name for the user either."""
    return hmac.digest(secret, b"\0mailbox\0" + user.encode(), "sha256").hex()[:32].encode()


def wrapping_key(secret: bytes) -> bytes:
    """What keys are wrapped with."""
    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=None, info=b"attune sealing keys 1").derive(secret)


def wrap(wrapping: bytes, mailbox: bytes, key: bytes, nonce: bytes) -> bytes:
    """The key as it lies in the store and on the topic: 60 bytes, good for that mailbox only."""
    return nonce + AESGCM(wrapping).encrypt(nonce, key, mailbox)


def unwrap(wrapping: bytes, mailbox: bytes, wrapped: bytes) -> SealingKey:
    """Raises `DoesNotOpen`."""
    return SealingKey(wrapped[:ID_SIZE], _opened(wrapping, wrapped, mailbox))


def is_sealed(value: bytes | None) -> bool:
    return value is not None and value.startswith(PREFIX)


def key_id(value: bytes | None) -> bytes:
    """Of the key that the value is sealed with."""
    return (value or b"")[len(PREFIX) : len(PREFIX) + ID_SIZE]


def whose(message: Outgoing) -> str | None:
    """The person whose message it is: None where it is nobody's, or sealed already. A letter about a message that is
    nobody's (an item's, or garbage that has no user id for a key) is nobody's, either."""
    if message.topic not in SEALED or is_sealed(message.value):
        return None
    user = _user_in(message.key)
    if user is None or message.topic != DEAD_LETTERS:
        return user
    return user if _is_personal(message.value) else None


def seal(message: Outgoing, mailbox: bytes, key: SealingKey, nonce: bytes) -> Outgoing:
    value = b"\x00" if message.value is None else b"\x01"
    content = b"".join((value, len(message.key).to_bytes(2), message.key, message.value or b""))
    sealed = AESGCM(key.key).encrypt(nonce, content, _bound_to(mailbox, message.topic))
    return Outgoing(message.topic, mailbox, b"".join((PREFIX, key.id, nonce, sealed)))


def open_record(record: Record, key: bytes) -> Record:
    """The record with the key and the value that it was sealed with. Raises `DoesNotOpen`."""
    sealed = (record.value or b"")[len(PREFIX) + ID_SIZE :]
    content = _opened(key, sealed, _bound_to(record.key or b"", record.topic))
    end = 3 + int.from_bytes(content[1:3])
    value = content[end:] if content[0] else None
    return Record(record.topic, record.partition, record.offset, content[3:end], value, record.timestamp_ms)


def _opened(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    if len(sealed) < NONCE_SIZE + 16:
        raise DoesNotOpen("it is cut off")
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], bound_to)
    except InvalidTag as error:
        raise DoesNotOpen("its key is another, or it was changed or moved") from error


def _bound_to(mailbox: bytes, topic: str) -> bytes:
    return b"%b\0%b" % (mailbox, topic.encode())


@lru_cache(maxsize=65_536)
def _user_in(key: bytes) -> str | None:
    try:
        return _USER_ID.validate_python(key.decode())
    except (UnicodeDecodeError, ValidationError):
        return None


def _is_personal(value: bytes | None) -> bool:
    """Whether a letter is about a message of a person's mailbox that is not sealed itself."""
    try:
        letter = DeadLetter.model_validate_json(value or b"")
    except ValidationError:
        return False
    return letter.topic in MAILBOX and not is_sealed(letter.value)
