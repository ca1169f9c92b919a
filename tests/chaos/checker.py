"""The judge: every accepted event against what stands in the store, on the topics and in the provider's index.

1. Every accepted event stands in its user's window exactly once, or in the dead-letters with the reason it ought to
   have. (Events sent and never accepted may stand there too: their outcome is unknown. None does so twice.)
2. Every user's record is byte for byte what folding the log once gives; so is the set of dead-letters.
3. The newest embedding on the compacted topic, and what the provider answers for the subject, are of that record.
4. Every version was announced, and no other; no outbox holds anything.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from schemas.api import SearchAnswer
from schemas.profile import ProfileEmbedding
from tests.chaos.load import Book
from tests.chaos.replayed import Replayed
from tests.chaos.truth import Topics
from workers.mailbox import Folded
from workers.ports import UserRecord
from workers.state import UserState, decode_state, encode_state
from workers.subjects import subject_of

Search = Callable[[str, dict[str, object]], Awaitable[SearchAnswer | None]]
"""The provider's search: a provider and a body in; None where it does not know the subject."""

K = 10
CLOSE = 2e-3


@dataclass
class Verdict:
    """Empty lists are good news. They hold ids that the test has made itself."""

    accepted: int = 0
    users: int = 0
    letters: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    """Users whose record is not the one that the log gives."""
    wrong_letters: list[str] = field(default_factory=list)
    unpublished: list[str] = field(default_factory=list)
    """Subjects whose newest embedding on the topic is not that of the record."""
    unserved: list[str] = field(default_factory=list)
    """Subjects for which the provider answers as if the profile were another."""
    unannounced: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not any(self.faults().values())

    def faults(self) -> dict[str, int]:
        names = ("lost", "doubled", "differing", "wrong_letters", "unpublished", "unserved", "unannounced", "pending")
        return {name: len(getattr(self, name)) for name in names}


@dataclass(frozen=True)
class Found:
    """All that was read after the last fault."""

    topics: Topics
    records: Mapping[str, UserRecord]
    pending: tuple[str, ...]
    providers: tuple[str, ...]
    key: bytes
    """Of the pseudonyms."""


async def judge(book: Book, found: Found, replayed: Replayed, search: Search) -> Verdict:
    verdict = Verdict(accepted=book.count, users=len(found.records), letters=len(found.topics.letters))
    states = {user: decode_state(record.state) for user, record in found.records.items()}
    _judge_events(book, found, states, verdict)  # 1
    _judge_records(found, replayed, verdict)  # 2
    for user, state in states.items():  # 3
        for provider in found.providers:
            subject = subject_of(found.key, provider, user)
            if not _is_of(state, found.topics.embeddings.get(subject)):
                verdict.unpublished.append(f"{user} at {provider}")
            if not await _is_served(state, provider, subject, search):
                verdict.unserved.append(f"{user} at {provider}")
    _judge_notices(found, replayed, verdict)  # 4
    verdict.pending += found.pending
    return verdict


def _judge_events(book: Book, found: Found, states: Mapping[str, UserState], verdict: Verdict) -> None:
    lettered = Counter(letter.value for letter in found.topics.letters.values())
    for user, accepted in book.accepted.items():
        stands = Counter(entry.event for entry in states.get(user, UserState()).window)
        verdict.lost += [event for event in accepted if not stands[event]]
        verdict.doubled += [event for event, times in stands.items() if times > 1]
    ghosts = {event for state in states.values() for event in _events_in(state)} & book.ghosts
    verdict.doubled += sorted(ghosts)  # an item that nobody knows cannot be applied
    verdict.lost += [repr(value) for value in sorted(book.garbage) if not lettered[value]]
    quoted = {event: f'"{event}"'.encode() for event in book.ghosts}
    verdict.lost += [event for event, text in quoted.items() if not any(text in (value or b"") for value in lettered)]


def _judge_records(found: Found, replayed: Replayed, verdict: Verdict) -> None:
    for user, folded in replayed.users.items():
        record = found.records.get(user)
        if record is None or record.state != encode_state(folded.state):
            verdict.differing.append(user)
    letters = {name: letter.reason for name, letter in found.topics.letters.items()}
    ours = {name for name in letters if not _is_of_others(found, name, replayed)}
    expected = replayed.letters
    verdict.wrong_letters += sorted(ours ^ expected.keys())
    verdict.wrong_letters += [name for name in ours & expected.keys() if letters[name] != expected[name]]


def _is_of_others(found: Found, name: str, replayed: Replayed) -> bool:
    return (found.topics.letters[name].key or b"").decode(errors="replace") in replayed.others


def _judge_notices(found: Found, replayed: Replayed, verdict: Verdict) -> None:
    for user, folded in replayed.users.items():
        if found.topics.announced.get(user, frozenset()) != _versions(folded):
            verdict.unannounced.append(user)


def _versions(folded: Folded) -> frozenset[int]:
    return frozenset(change.version for change in folded.changes)


def _events_in(state: UserState) -> Iterable[str]:
    return (entry.event for entry in state.window)


def _is_of(state: UserState, embedding: ProfileEmbedding | None) -> bool:
    if embedding is None:
        return state.version == 0
    return (
        embedding.version == state.version
        and list(embedding.vectors) == [one.vector for one in state.interests]
        and list(embedding.weights) == [one.weight for one in state.interests]
        and list(embedding.avoid) == [one.vector for one in state.avoid]
    )


async def _is_served(state: UserState, provider: str, subject: str, search: Search) -> bool:
    """The provider holds that very version, and finds for the subject what it finds for the record's own vectors."""
    held = await search(provider, {"subject": subject, "k": K})
    if held is None or not state.interests:
        return held is None or held.version == state.version
    asked: dict[str, object] = {
        "vectors": [np.frombuffer(one.vector, "<f2").astype(float).tolist() for one in state.interests],
        "weights": [one.weight for one in state.interests],
        "avoid": [np.frombuffer(one.vector, "<f2").astype(float).tolist() for one in state.avoid],
        "k": K,
    }
    direct = await search(provider, asked)
    return direct is not None and held.version == state.version and _alike(held, direct)


def _alike(one: SearchAnswer, other: SearchAnswer) -> bool:
    """The same scores: vectors that come over HTTP are brought to unit length again, which moves the last digits."""
    if len(one.items) != len(other.items):
        return False
    pairs = zip((found.score for found in one.items), (found.score for found in other.items), strict=True)
    return all(abs(a - b) < CLOSE for a, b in pairs)
