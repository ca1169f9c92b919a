"""What onlookers see of a sealed record: what it was, by the keys that were ever written to the log."""

from streams.contract import Record
from streams.sealing import SealingKey, is_sealed, key_id, open_record, unwrap, wrapping_key
from streams.topics import KEYS

SECRET = b"a key of the simulation"

_WRAPPED = 60
"""Bytes of a wrapped key: nothing else on its topic is as long."""


class Onlooker:
    """It is shown every record as it comes to the log. Raises where one was sealed with a key that did not stand there
    before it."""

    def __init__(self) -> None:
        self._keys: dict[bytes, bytes] = {}

    def see(self, record: Record) -> Record:
        if record.topic == KEYS and len(record.value or b"") == _WRAPPED:
            made: SealingKey = unwrap(wrapping_key(SECRET), (record.key or b"")[:32], record.value or b"")
            self._keys[made.id] = made.key
        return open_record(record, self._keys[key_id(record.value)]) if is_sealed(record.value) else record
