"""What readers of the embeddings hold of people whose records are folded again: a number they must not fall behind.

What is folded again may come to fewer versions than there were (an item for which something waited is known now), or to
another profile under the same number. Readers keep the greater number, and of two equal ones the first. So:

1. The topic of embeddings is read once, for all of these people; of each subject the newest version counts.
2. What they hold as new already is not sent to them: they would answer with what they hold (`streams.healing`). The
   same version in another space they take (`streams.own_space`).
3. Where a fold has come to its end, and a reader holds more, or something else under that number, the profile goes on
   under the next number after that one. Whether an embedding in a provider's own space says the same is not known
   here, so for people at such a provider it always does.
"""

import hashlib
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from pydantic import ValidationError

from schemas.profile import ProfileEmbedding
from streams.contract import History, Outgoing, Record
from streams.dead_letters import summarize
from streams.replay import Span, pages
from streams.topics import PROFILE_EMBEDDINGS
from workers.state import UserState
from workers.subjects import subject_of

_LOG = logging.getLogger(__name__)


class Held(NamedTuple):
    """The newest embedding of one subject. `says` is a digest of it without its number and its time; empty where there
    are two of that number."""

    version: int
    says: bytes
    space: str = ""


@dataclass(frozen=True, slots=True)
class Readers:
    """`held` by subject, `subjects` by user: about 300 bytes a person and provider."""

    held: Mapping[bytes, Held] = field(default_factory=dict)
    subjects: Mapping[str, Sequence[bytes]] = field(default_factory=dict)

    def hold(self, message: Outgoing) -> bool:
        """Step 2: whether this is an embedding, and they hold one as new."""
        if message.topic != PROFILE_EMBEDDINGS or message.value is None or message.key not in self.held:
            return False
        sent, held = ProfileEmbedding.model_validate_json(message.value), self.held[message.key]
        return sent.version < held.version or (sent.version == held.version and sent.space == held.space)

    def number_for(self, user: str, state: UserState) -> int:
        """Step 3: the version under which they take this state; its own, unless they hold another one."""
        says = _says_state(state)
        held = [self.held[subject] for subject in self.subjects.get(user, ()) if subject in self.held]
        overtaken = [one.version for one in held if one.version > state.version or _differs(one, state.version, says)]
        return max(overtaken, default=state.version - 1) + 1


async def readers_of(history: History, users: Collection[str], providers: Collection[str], key: bytes) -> Readers:
    """Step 1. `key` makes the pseudonyms. Raises as `History` does."""
    subjects = {user: [subject_of(key, provider, user).encode() for provider in providers] for user in users}
    wanted = {subject for own in subjects.values() for subject in own}
    held: dict[bytes, Held] = {}
    for source, end in (await history.ends([PROFILE_EMBEDDINGS])).items() if wanted else ():
        async for page in pages(history, source, Span(0, end)):
            for record in page:
                if record.key in wanted:
                    _take(held, record.key, record)
    return Readers(held, subjects)


def _take(held: dict[bytes, Held], subject: bytes, record: Record) -> None:
    """The greatest number, and not the last: a zombie's may stand behind it until a reader mends that. Under one number
    those who were there hold the first, and whoever reads a compacted topic the last: then nothing is what all hold."""
    if record.value is None:
        held.pop(subject, None)
        return
    try:
        embedding = ProfileEmbedding.model_validate_json(record.value)
    except ValidationError as error:  # readers pass over it, too
        _LOG.warning("%s/%d at %d: %s", record.topic, record.partition, record.offset, summarize(error))
        return
    says = _says(embedding.space, embedding.vectors, embedding.weights, embedding.avoid)
    if subject not in held or embedding.version > held[subject].version:
        held[subject] = Held(embedding.version, says, embedding.space)
    elif _differs(held[subject], embedding.version, says):
        held[subject] = Held(embedding.version, b"", embedding.space)


def _differs(held: Held, version: int, says: bytes) -> bool:
    return held.version == version and held.says != says


def _says_state(state: UserState) -> bytes:
    weights = [one.weight for one in state.interests]
    return _says(state.space, [one.vector for one in state.interests], weights, [one.vector for one in state.avoid])


def _says(space: str, vectors: Sequence[bytes], weights: Sequence[float], avoid: Sequence[bytes]) -> bytes:
    parts = (space.encode(), np.array(weights, "<f8").tobytes(), *vectors, b"avoid", *avoid)
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).digest()
