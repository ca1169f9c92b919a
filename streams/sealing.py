"""What the log holds of a person, sealed with a key of that person's own: whoever destroys the key makes it unreadable
for good, wherever copies of the log lie (crypto-shredding).

A sealed message has the person's mailbox id for a key (one of the catalog the key that it had, which begins with that
id: compaction goes by item), and this for a value:

    4 bytes   `PREFIX`, with which no JSON begins
    8 bytes   which of the mailbox's keys it is sealed with
    12 bytes  a nonce, of this message alone
    the rest  AES-256-GCM of: a byte that says whether there is a value, two that are the length of the key, the key,
              the value. What it is bound to and does not open without: the sealed message's key and the topic.

A mailbox id is made from the person's id with the installation's secret: the same for ever, so that all of one person's
messages lie in one partition, and nobody who lacks the secret can tell whose they are. A key is wrapped (sealed itself)
with another key made from the secret wherever it lies outside a process.

Everything here is pure: nonces and keys come in as arguments. One key may seal 2^32 messages: with random nonces two of
them are equal with a chance under 2^-32 (NIST SP 800-38D), and at one message a second they last 136 years.
"""

import hmac
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import TypeAdapter, ValidationError

from schemas.base import UserId
from schemas.catalog import split_catalog_key
from schemas.dead_letter import DeadLetter
from schemas.interaction import Interaction
from streams.contract import Outgoing, Record
from streams.topics import CATALOG, DEAD_LETTERS, MAILBOX, OPENED, SEALED
from workers.errors import AttuneError
from workers.mine import is_mine, owner_of

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


def own_item(secret: bytes, user: str, item: str) -> str:
    """The id of an item that the person brought (`workers.mine`): 64 hex digits, of which the first half is their
    mailbox id. `item` says which it is; whoever lacks the secret cannot try titles against the id."""
    mailbox = mailbox_of(secret, user)
    digest = hmac.digest(secret, b"\0own item\0%b\0%b" % (mailbox, item.encode()), "sha256")
    return mailbox.decode() + digest.hex()[:32]


def is_theirs(secret: bytes, interaction: Interaction) -> bool:
    """Whether it may speak of its item: of what a person brought only that person's may. An item is sealed with the key
    of whom its id begins with, and so nobody describes it in another's name, or in nobody's."""
    if not is_mine(interaction.provider):
        return True
    return owner_of(interaction.item_key) == mailbox_of(secret, interaction.user)


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
    return user if _is_letter_of(message.value, MAILBOX) else None


def sealed_for(message: Outgoing, mailbox: Callable[[str], bytes]) -> bytes | None:
    """The mailbox with whose key the message is to be sealed: of the person who brought the item that it (or what the
    letter is about) describes, or of the one whose message it is. A tombstone of the catalog is nobody's: compaction
    must see that it is one."""
    if message.topic in (CATALOG, DEAD_LETTERS) and message.value is not None and not is_sealed(message.value):
        owner = _owner_in(message.key)
        if owner is not None and (message.topic == CATALOG or _is_letter_of(message.value, (CATALOG,))):
            return owner
    user = whose(message)
    return None if user is None else mailbox(user)


def may_open(record: Record) -> bool:
    return record.topic in OPENED and is_sealed(record.value)


def mailbox_in(record: Record) -> bytes:
    """Whose it is, given that it is sealed."""
    key = record.key or b""
    return (_owner_in(key) or b"") if record.topic == CATALOG else key


def forgotten(record: Record) -> Record:
    """One that was sealed with a key that is destroyed. By its key, which says nothing of the person, an item can still
    be taken from the catalog's topic."""
    return replace(record, key=record.key if record.topic == CATALOG else None, value=None, forgotten=True)


def seal(message: Outgoing, mailbox: bytes, key: SealingKey, nonce: bytes) -> Outgoing:
    name = message.key if message.topic == CATALOG else mailbox
    value = b"\x00" if message.value is None else b"\x01"
    content = b"".join((value, len(message.key).to_bytes(2), message.key, message.value or b""))
    sealed = AESGCM(key.key).encrypt(nonce, content, _bound_to(name, message.topic))
    return Outgoing(message.topic, name, b"".join((PREFIX, key.id, nonce, sealed)))


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


def _bound_to(name: bytes, topic: str) -> bytes:
    return b"%b\0%b" % (name, topic.encode())


def _owner_in(key: bytes) -> bytes | None:
    """Of a key of the catalog."""
    return owner_of(split_catalog_key(key.decode(errors="replace"))[1])


@lru_cache(maxsize=65_536)
def _user_in(key: bytes) -> str | None:
    try:
        return _USER_ID.validate_python(key.decode())
    except (UnicodeDecodeError, ValidationError):
        return None


def _is_letter_of(value: bytes | None, topics: Collection[str]) -> bool:
    """Whether a letter is about a message of these topics that is not sealed itself."""
    try:
        letter = DeadLetter.model_validate_json(value or b"")
    except ValidationError:
        return False
    return letter.topic in topics and not is_sealed(letter.value)
