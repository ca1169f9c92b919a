"""Items as each release packed them, byte for byte: read for good."""

import json
from base64 import b64decode
from pathlib import Path

import pytest

from infra.stores.codec import pack_item, standing_of, unpack_item
from workers.ports import ItemRecord
from workers.standing import NONE, provided

GOLDEN = {
    name: b64decode(raw) for name, raw in json.loads((Path(__file__).parent / "golden/items.json").read_text()).items()
}
RECORD = ItemRecord("news:1", "minilm-1", b"\x00\x3c\0\0", "Título", ("music", "jazz"), "0123456789abcdef" * 2)


@pytest.mark.parametrize(
    ("name", "affinities", "standing"),
    [
        ("without affinities", (), NONE),
        ("with affinities", (70, 100), NONE),
        ("with a standing", (70, 100), provided(9, 3)),
    ],
)
def test_an_item_is_read_as_it_was_meant_and_packed_again_as_it_was(
    name: str, affinities: tuple[int, ...], standing: str
) -> None:
    read = unpack_item("news:1", "minilm-1", GOLDEN[name])
    assert (read.affinities, read.standing, standing_of(GOLDEN[name])) == (affinities, standing, standing)
    fields = ("vector", "title", "phrases", "content_hash")
    assert [getattr(read, field) for field in fields] == [getattr(RECORD, field) for field in fields]
    assert pack_item(read) == GOLDEN[name], "or a record could not be replaced where it still is what it was"


def test_a_worker_that_knows_no_standing_takes_it_for_another_text_and_changes_nothing_else() -> None:
    """It splits the fields as it always did."""
    earlier, now = GOLDEN["with affinities"], GOLDEN["with a standing"]
    start = earlier.index(b"0123456789abcdef")
    assert now[: start - 4] == earlier[: start - 4]
    assert now.endswith(earlier[start + 32 :])
    assert now[start - 4 : start] == (32 + 1 + 36).to_bytes(4)
