"""Logging: of a role, one line per record on stderr; of a command that is over at once, none."""

import logging

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

_QUIET = (
    "aiokafka",
    "asyncio",
    "faiss",
    "faust",
    "httpcore",
    "httpx",
    "kafka",
    "mode",
    "sentence_transformers",
    "uvicorn",
)
"""They log every request, rebalance or library file at info; what they warn of is kept."""


def start_logging(level: str) -> None:
    """`level` as ATTUNE_LOG_LEVEL has it. At debug the libraries speak at info; their own debug lines hold keys and
    values of messages, which have no place in a log."""
    logging.basicConfig(level=level.upper(), format=_FORMAT)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.INFO if level == "debug" else logging.WARNING)


def silence_libraries() -> None:
    """For a command that reports by itself: what a client logs on the way to an error is said in the error."""
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
