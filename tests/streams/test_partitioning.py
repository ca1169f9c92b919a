"""A key's partition is the one that every Kafka client chooses."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from streams.partitioning import partition_of

KNOWN = {b"": 1, b"21": 4, b"foobar": 6, b"user-1": 4, b"user-2": 0, "müsli".encode(): 4, b"\x00\xff" * 9: 0}
"""With 8 partitions; 21 and foobar are in Kafka's own tests. A change would part every user from their mailbox."""


@pytest.mark.parametrize("key", KNOWN)
def test_known_keys(key: bytes) -> None:
    assert partition_of(key, 8) == KNOWN[key]


@given(st.binary(max_size=200), st.integers(1, 64))
def test_as_aiokafka_chooses(key: bytes, partitions: int) -> None:
    every = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key, every, every)
