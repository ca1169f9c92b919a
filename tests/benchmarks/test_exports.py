"""The exports that imports are measured with: the same bytes each time, of the sizes that are told, and read whole."""

import io
from datetime import UTC, datetime

import pytest

from benchmarks.exports import ROWS, exports
from infra.platforms.detect import PLATFORMS
from infra.platforms.reading import Known, Wish, read_history

FILES = exports()


def test_there_is_one_of_each_platform_and_a_seed_gives_the_same() -> None:
    assert FILES.keys() == PLATFORMS.keys() == ROWS.keys()
    assert exports() == FILES


@pytest.mark.parametrize("platform", ROWS)
def test_every_row_is_read(platform: str) -> None:
    taken = read_history(
        io.BytesIO(FILES[platform]), Wish("kim", b"secret"), Known(datetime(2026, 11, 21, tzinfo=UTC))
    ).taken
    assert taken.platform == platform
    assert {one.reason for one in taken.rows_refused} <= {"is a trailer or a teaser, which play by themselves"}
    counted = taken.interactions + taken.older + taken.repeated + taken.refused
    assert ROWS[platform] <= counted <= 1.2 * ROWS[platform]  # a film that is liked has two rows
