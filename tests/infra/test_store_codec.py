"""The stores' private encodings give back what they were given."""

from hypothesis import example, given
from hypothesis import strategies as st

from infra.stores.codec import (
    pack,
    pack_item,
    pack_outbox,
    provider_of,
    standing_of,
    unpack,
    unpack_item,
    unpack_outbox,
)
from schemas.base import item_key
from workers.ports import ItemRecord, Outgoing
from workers.standing import NONE, described, provided

words = st.text(max_size=20)
messages = st.builds(Outgoing, words, st.binary(max_size=20), st.none() | st.binary(max_size=20))
rated = st.lists(st.tuples(words, st.integers(0, 100)), max_size=4)


@st.composite
def records(draw: st.DrawFn) -> ItemRecord:
    """With an affinity for each phrase, or as an earlier release wrote them: with none."""
    phrases, fits = tuple(zip(*draw(rated), strict=True)) or ((), ())
    key, space, title, content_hash = (draw(words) for _ in range(4))
    vector = draw(st.binary(max_size=20))
    standing = draw(st.just(NONE) | st.builds(provided, st.integers(0, 2**53), st.integers(0, 2**63 - 1)))
    return ItemRecord(key, space, vector, title, phrases, content_hash, fits if draw(st.booleans()) else (), standing)


@given(st.lists(st.binary(max_size=300)))
def test_fields(fields: list[bytes]) -> None:
    assert unpack(pack(fields)) == fields


@given(st.integers(1, 2**53), st.lists(messages, max_size=4))
def test_outbox_entries(revision: int, sent: list[Outgoing]) -> None:
    assert list(unpack_outbox(pack_outbox(revision, sent))) == sent


@given(messages)
def test_entries_of_two_commits_differ_though_they_say_the_same(sent: Outgoing) -> None:
    assert pack_outbox(1, [sent]) != pack_outbox(11, [sent])


@given(records())
@example(ItemRecord("", "", b"", "", ("\0",), "", ()))
@example(ItemRecord("", "", b"", "", ("\0",), "", (0,)))
@example(ItemRecord("", "", b"", "", ("@1",), "@2@", (0,), described(1, "x")))
def test_items(record: ItemRecord) -> None:
    packed = pack_item(record)
    assert packed  # an empty one stands for an item that is not there
    assert unpack_item(record.key, record.space, packed) == record
    assert standing_of(packed) == record.standing


def test_the_provider_is_read_off_the_key() -> None:
    assert provider_of(item_key("news", "a:b")) == "news"
