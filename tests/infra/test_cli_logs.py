"""What a role logs: its own words at the level asked for, and never the contents that libraries log at debug."""

import logging
from collections.abc import Iterator

import pytest

from infra.cli.logs import start_logging

LIBRARIES = ("aiokafka", "faust", "httpx", "mode")


@pytest.fixture(autouse=True)
def _levels_as_they_were() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in LIBRARIES]
    before = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


@pytest.mark.parametrize(("level", "theirs"), [("info", logging.WARNING), ("debug", logging.INFO)])
def test_libraries_never_log_at_debug(level: str, theirs: int) -> None:
    start_logging(level)
    assert {logging.getLogger(name).level for name in LIBRARIES} == {theirs}
