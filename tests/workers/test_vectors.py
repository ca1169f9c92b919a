"""float16 bytes and back, and what is refused on the way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.errors import SpaceMismatch
from workers.vectors import pack, rows_of, unit, unpack


def test_bytes_are_little_endian_float16() -> None:
    assert pack(np.array([[1.0, -0.5]], np.float32)) == [b"\x00\x3c\x00\xb8"]


def test_unpacked_again_they_are_the_same_up_to_rounding() -> None:
    rows = unit(np.random.default_rng(1).normal(size=(50, 384)).astype(np.float32))
    again = unpack(pack(rows), 384)
    assert again.shape == (50, 384)
    assert again.dtype == np.float32
    assert np.abs((again * rows).sum(axis=1) - 1).max() < 2e-4  # what rounding may do to a cosine


def test_what_was_packed_once_packs_to_the_same_bytes() -> None:
    packed = pack(unit(np.random.default_rng(2).normal(size=(5, 8)).astype(np.float32)))
    assert pack(unpack(packed, 8)) == packed


def test_nothing_has_the_shape_of_nothing() -> None:
    assert unpack([], 4).shape == (0, 4)
    assert rows_of((), 4).shape == (0, 4)
    assert unit(unpack([], 4)).shape == (0, 4)
    assert pack(rows_of((), 4)) == []


@pytest.mark.parametrize("raw", [b"\x00\x3c", b"\x00\x3c" * 3])
def test_another_length_is_refused_with_both_lengths(raw: bytes) -> None:
    with pytest.raises(SpaceMismatch, match=rf"{len(raw) // 2} components and this space has 2"):
        unpack([b"\x00\x3c" * 2, raw], 2)


def test_numbers_of_another_length_or_of_several_are_refused() -> None:
    with pytest.raises(SpaceMismatch, match="3 components and this space has 2"):
        rows_of([(1.0, 2.0, 3.0)], 2)
    with pytest.raises(SpaceMismatch, match="differ among themselves"):
        rows_of([(1.0, 2.0), (1.0,)], 2)
    with pytest.raises(SpaceMismatch, match="4 components and this space has 2"):
        rows_of([1.0, 2.0, 3.0, 4.0], 2)


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False, width=32), min_size=3, max_size=3)
)
def test_unit_rows_have_length_one_or_zero(row: list[float]) -> None:
    length = float(np.linalg.norm(unit(np.array([row], np.float32))))
    assert length == pytest.approx(1 if any(row) else 0, abs=1e-5)
