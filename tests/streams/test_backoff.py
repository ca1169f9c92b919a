"""The waits between two tries."""

from itertools import islice

from streams.backoff import delays


def test_they_double_up_to_five_seconds() -> None:
    assert list(islice(delays(), 8)) == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
