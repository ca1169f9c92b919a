"""Private encodings of what the stores keep: one field after the other, each after its length in 4 bytes."""

from collections.abc import Iterable, Iterator, Sequence
from struct import Struct

from workers.ports import ItemRecord, Outgoing

_LENGTH = Struct(">I")


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
    """All of a record but its key and its space."""
    words = (record.title, record.content_hash, *record.phrases)
    return pack([record.vector, *(word.encode() for word in words)])


def unpack_item(key: str, space: str, packed: bytes) -> ItemRecord:
    vector, *words = unpack(packed)
    title, content_hash, *phrases = (word.decode() for word in words)
    return ItemRecord(key, space, vector, title, tuple(phrases), content_hash)


def provider_of(item_key: str) -> str:
    """A provider's name has no colon (`schemas.base.item_key`)."""
    return item_key.partition(":")[0]


def _fields(message: Outgoing) -> tuple[bytes, bytes, bytes, bytes]:
    value = message.value
    return message.topic.encode(), message.key, b"" if value is None else b"1", value or b""
