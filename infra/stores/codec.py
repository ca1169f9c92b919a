"""Private encodings of what the stores keep: one field after the other, each after its length in 4 bytes."""

import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from struct import Struct

from workers.ports import ItemRecord, Outgoing
from workers.standing import NONE

_LENGTH = Struct(">I")
_NO_TEXT = b"\xff"
"""Never in UTF-8 (a zero byte is: a title may hold one)."""
_STANDING = re.compile(r"(.*)@([01]\d{35})", re.DOTALL)
"""What follows the hash, which is 32 hex digits and so has no '@'."""


def pack(fields: Iterable[bytes]) -> bytes:
    pieces: list[bytes] = []
    for field in fields:
        pieces += (_LENGTH.pack(len(field)), field)
    return b"".join(pieces)


def unpack(packed: bytes) -> list[bytes]:
    fields: list[bytes] = []
    at = 0
    while at < len(packed):
        (length,) = _LENGTH.unpack_from(packed, at)
        start, at = at + 4, at + 4 + length
        fields.append(packed[start:at])
    return fields


def pack_outbox(revision: int, messages: Sequence[Outgoing]) -> bytes:
    """What one commit puts into the outbox. The revision makes it unlike any other entry of the user."""
    return pack([b"%d" % revision, *(field for message in messages for field in _fields(message))])


def unpack_outbox(entry: bytes) -> Iterator[Outgoing]:
    _, *fields = unpack(entry)
    for at in range(0, len(fields), 4):
        topic, key, has_value, value = fields[at : at + 4]
        yield Outgoing(topic.decode(), key, value if has_value else None)


def pack_item(record: ItemRecord) -> bytes:
    """All of a record but its key and its space. A phrase's affinity follows it, after a byte no text has. The standing
    follows the hash, where an earlier release reads the whole as the hash of another text: it embeds the item again,
    and nothing else of it changes. (put_items.lua reads it there, too.)"""
    fits = [_NO_TEXT + b"%c" % fit for fit in record.affinities] or [b""] * len(record.phrases)
    phrases = (text.encode() + fit for text, fit in zip(record.phrases, fits, strict=True))
    content_hash = f"{record.content_hash}@{record.standing}" if record.standing else record.content_hash
    return pack([record.vector, record.title.encode(), content_hash.encode(), *phrases])


def unpack_item(key: str, space: str, packed: bytes) -> ItemRecord:
    vector, title, content_hash, *fields = unpack(packed)
    parted = [field.partition(_NO_TEXT) for field in fields]
    phrases = tuple([text.decode() for text, _, _ in parted])
    affinities = tuple([fit[0] for _, _, fit in parted if fit])  # an earlier release wrote none
    hashed, standing = _parted(content_hash.decode())
    return ItemRecord(key, space, vector, title.decode(), phrases, hashed, affinities, standing)


def standing_of(packed: bytes) -> str:
    """Of a packed item."""
    return _parted(unpack(packed)[2].decode())[1]


def digest_of(text: str) -> bytes:
    """In place of words whose vector is kept: a person may have typed them, and nobody is to read them here."""
    return sha256(text.encode()).digest()[:16]


def provider_of(item_key: str) -> str:
    """A provider's name has no colon (`schemas.base.item_key`)."""
    return item_key.partition(":")[0]


def _parted(content_hash: str) -> tuple[str, str]:
    """Hash and standing, which an earlier release wrote none of."""
    found = _STANDING.fullmatch(content_hash)
    return (found[1], found[2]) if found else (content_hash, NONE)


def _fields(message: Outgoing) -> tuple[bytes, bytes, bytes, bytes]:
    value = message.value
    return message.topic.encode(), message.key, b"" if value is None else b"1", value or b""
