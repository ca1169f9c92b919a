"""What the client of an LLM server is told, once."""

from dataclasses import dataclass, field
from enum import IntEnum
from urllib.parse import urlsplit

from schemas.proposal import RefineTrigger
from workers.errors import ConfigurationError


class Priority(IntEnum):
    """Who is served first; the lower, the sooner, here as in vLLM (`--scheduling-policy priority`)."""

    DEMAND = 0
    """Somebody waits for it."""
    DRIFT = 1
    """The profile is worse than it was."""
    BOOTSTRAP = 2
    """There are no words yet, but weights."""
    COUNT = 3
    AGE = 4

    @classmethod
    def of(cls, trigger: RefineTrigger) -> "Priority":
        return cls[trigger.name]


@dataclass(frozen=True, slots=True)
class LlmOptions:
    """`url` ends in /v1. Seconds unless the name says otherwise."""

    url: str
    model: str | None = None
    """None: the first that the server names."""
    api_key: str | None = field(default=None, repr=False)
    at_once: int = 8
    """Requests in flight from this process. vLLM batches them; eight fill a small GPU and half of its 16 sequences
    here."""
    most_waiting: int = 256
    deadline: float = 60.0
    """For one question with all its tries, waiting for a turn included. A 4B model writes the 600 tokens of the longest
    answer in 5 to 20 s when its GPU is busy."""
    first_pause: float = 0.25
    longest_pause: float = 4.0
    """Between tries, doubling, each cut to between half and the whole at random."""

    def __post_init__(self) -> None:
        if urlsplit(self.url).scheme not in {"http", "https"}:
            raise ConfigurationError("ATTUNE_LLM_URL must be http://host:port/v1, of an OpenAI-compatible server")
