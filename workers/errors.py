"""Every error that Attune raises on purpose. A message says what is wrong and what to do.

AttuneError
+-- ConfigurationError       a setting or a server is set up wrongly: stop, and tell the operator
|   +-- StoreRefused         a store that would lose data (eviction on, no append-only file, too old)
|   +-- TopicMismatch        a topic exists with other partitions or another cleanup policy
|   +-- SpaceMismatch        vectors of another space, or of another length
+-- Unavailable              will pass: wait and try the same again
|   +-- StoreUnavailable
|   +-- BrokerUnavailable
|   +-- SearchUnavailable
+-- FatalRunnerError         this process can no longer consume: exit non-zero and be restarted
|   +-- StoreLost            the store has lost what it had confirmed: the restart reads the log again
+-- Overloaded               a bounded queue is full: the caller slows down
+-- EditRefused              an edit that this profile, as it is, cannot take
"""


class AttuneError(Exception):
    """Base of all."""


class ConfigurationError(AttuneError):
    """Something is set up wrongly."""


class StoreRefused(ConfigurationError):
    """The store would lose data."""


class TopicMismatch(ConfigurationError):
    """A topic is not as the table of topics says."""


class SpaceMismatch(ConfigurationError):
    """Vectors of two spaces never mix."""


class Unavailable(AttuneError):
    """A server did not answer; the outcome of what was asked is unknown."""


class StoreUnavailable(Unavailable):
    """The store did not answer."""


class BrokerUnavailable(Unavailable):
    """The broker did not answer."""


class SearchUnavailable(Unavailable):
    """A provider's search did not answer."""


class UnknownProvider(AttuneError):
    """No item of that provider is searchable."""


class UnknownSubject(AttuneError):
    """That provider holds no embedding of that subject."""


class EditRefused(AttuneError):
    """An edit that this profile, as it is, cannot take. The message repeats nothing of either."""


class FatalRunnerError(AttuneError):
    """The runner lost its place in the group for good."""


class StoreLost(FatalRunnerError):
    """The store has lost writes that it had confirmed. Nothing may be folded on what is left before the log has been
    read again, which a restart does."""


class Overloaded(AttuneError):
    """A bounded queue is full. `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
