"""The judge sees what is wrong: where all is well it says so, and each harm done is called by its name."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
import pytest

from schemas.api import Found as FoundItem
from schemas.api import SearchAnswer
from schemas.dead_letter import DeadLetter, Reason
from schemas.profile import ProfileEmbedding
from streams.publication import publication
from streams.topics import INTERACTIONS, PROFILE_EMBEDDINGS
from tests.chaos.checker import Found, Verdict, judge
from tests.chaos.load import GHOST, Book
from tests.chaos.replayed import Replayed
from tests.chaos.truth import Topics
from tests.workers.mailbox import SPACE, Mailbox, fold_in
from workers.mailbox import Folded
from workers.ports import UserRecord
from workers.state import UserState, decode_state, encode_state
from workers.subjects import subject_of

KEY = b"key"
GHOST_EVENT = f"ada-9-{GHOST}"
GARBAGE = b"garbage 1"


@dataclass
class Case:
    """A town with one person and one provider, where all is well."""

    folded: Folded
    book: Book
    found: Found
    replayed: Replayed
    served: UserState = field(default_factory=UserState)

    async def search(self, provider: str, body: dict[str, object]) -> SearchAnswer | None:
        """A provider whose only item is scored by the first vector it is asked with."""
        if "subject" in body:
            first = np.frombuffer(self.served.interests[0].vector, "<f2")
            return self._answer(float(first[0]) + self.served.interests[0].weight, self.served.version)
        vectors, weights = body["vectors"], body["weights"]
        assert isinstance(vectors, list)
        assert isinstance(weights, list)
        return self._answer(float(vectors[0][0]) + weights[0], None)

    async def judged(self) -> Verdict:
        return await judge(self.book, self.found, self.replayed, self.search)

    def store(self, state: UserState) -> None:
        self.found = replace(self.found, records={"ada": UserRecord(revision=3, state=encode_state(state))})

    def topics(self, **changed: object) -> None:
        self.found = replace(self.found, topics=replace(self.found.topics, **changed))  # type: ignore[arg-type]

    @staticmethod
    def _answer(score: float, version: int | None) -> SearchAnswer:
        item = FoundItem(item="jazz-1", title="Jazz", score=score, interest=0)
        return SearchAnswer(version=version, space=SPACE, items=(item,))


@pytest.fixture
def case() -> Case:
    mailbox = Mailbox()
    mailbox.clicks("jazz", range(6))
    folded = fold_in(mailbox.events)
    (embedding,) = (
        ProfileEmbedding.model_validate_json(message.value or b"")
        for message in publication("ada", folded, ["news"], SPACE, KEY)
        if message.topic == PROFILE_EMBEDDINGS
    )
    letters = [letter(7, GARBAGE, Reason.INVALID), letter(8, f'"{GHOST_EVENT}"'.encode(), Reason.UNKNOWN_ITEM)]
    topics = Topics(
        mail=tuple(event.record for event in mailbox.events),
        letters={one.id: one for one in letters},
        embeddings={subject_of(KEY, "news", "ada"): embedding},
        stepped_back=0,
        announced={"ada": frozenset(change.version for change in folded.changes)},
    )
    book = Book(accepted={"ada": [f"e{number:04d}" for number in range(6)]}, ghosts={GHOST_EVENT}, garbage={GARBAGE})
    records = {"ada": UserRecord(revision=3, state=encode_state(folded.state))}
    found = Found(topics, records, pending=(), providers=("news",), key=KEY)
    replayed = Replayed({"ada": folded}, letters={one.id: one.reason for one in letters})
    return Case(folded, book, found, replayed, served=folded.state)


def letter(offset: int, value: bytes, reason: Reason) -> DeadLetter:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    return DeadLetter.model_construct(
        topic=INTERACTIONS,
        partition=0,
        offset=offset,
        key=b"ada",
        value=value,
        reason=reason,
        detail="",
        stage="agents",
        first_time=now,
        last_time=now,
    )


def altered(case: Case) -> UserState:
    """The person's record, to be changed."""
    return decode_state(case.found.records["ada"].state)


async def test_where_all_is_well_it_says_so(case: Case) -> None:
    verdict = await case.judged()
    assert verdict.sound, verdict
    assert (verdict.accepted, verdict.users, verdict.letters) == (8, 1, 2)


def lose_an_event(case: Case) -> None:
    state = altered(case)
    del state.window[2]
    case.store(state)


def apply_one_twice(case: Case) -> None:
    state = altered(case)
    state.window.append(state.window[2])
    case.store(state)


def change_a_byte(case: Case) -> None:
    state = altered(case)
    state.pending += 1
    case.store(state)


def lose_the_record(case: Case) -> None:
    case.found = replace(case.found, records={})


def apply_a_ghost(case: Case) -> None:
    state = altered(case)
    state.window.append(state.window[2]._replace(event=GHOST_EVENT))
    case.store(state)


def lose_a_letter(case: Case) -> None:
    case.topics(letters=dict(list(case.found.topics.letters.items())[:1]))


def write_another_letter(case: Case) -> None:
    strange = letter(3, b"{}", Reason.FAILED)
    case.topics(letters={**case.found.topics.letters, strange.id: strange})


def give_another_reason(case: Case) -> None:
    wrong = letter(7, GARBAGE, Reason.FAILED)
    case.topics(letters={**case.found.topics.letters, wrong.id: wrong})


def publish_nothing(case: Case) -> None:
    case.topics(embeddings={})


def publish_an_older_version(case: Case) -> None:
    ((subject, embedding),) = case.found.topics.embeddings.items()
    case.topics(embeddings={subject: embedding.model_copy(update={"version": embedding.version - 1})})


def publish_other_weights(case: Case) -> None:
    ((subject, embedding),) = case.found.topics.embeddings.items()
    case.topics(embeddings={subject: embedding.model_copy(update={"weights": (0.5,) * len(embedding.weights)})})


def serve_an_older_version(case: Case) -> None:
    case.served = replace(case.served, version=case.served.version - 1)


def serve_another_profile(case: Case) -> None:
    first = case.served.interests[0]
    case.served = replace(case.served, interests=(first._replace(weight=first.weight / 2), *case.served.interests[1:]))


def forget_to_announce(case: Case) -> None:
    case.topics(announced={})


def announce_too_much(case: Case) -> None:
    case.topics(announced={"ada": frozenset({*case.found.topics.announced["ada"], 99})})


def leave_an_outbox(case: Case) -> None:
    case.found = replace(case.found, pending=("ada",))


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        (lose_an_event, {"lost", "differing"}),
        (apply_one_twice, {"doubled", "differing"}),
        (change_a_byte, {"differing"}),
        (lose_the_record, {"lost", "differing"}),
        (apply_a_ghost, {"doubled", "differing"}),
        (lose_a_letter, {"lost", "wrong_letters"}),
        (write_another_letter, {"wrong_letters"}),
        (give_another_reason, {"wrong_letters"}),
        (publish_nothing, {"unpublished"}),
        (publish_an_older_version, {"unpublished"}),
        (publish_other_weights, {"unpublished"}),
        (serve_an_older_version, {"unserved"}),
        (serve_another_profile, {"unserved"}),
        (forget_to_announce, {"unannounced"}),
        (announce_too_much, {"unannounced"}),
        (leave_an_outbox, {"pending"}),
    ],
)
async def test_each_harm_is_called_by_its_name(harm: Callable[[Case], None], named: set[str], case: Case) -> None:
    harm(case)
    verdict = await case.judged()
    assert {name for name, count in verdict.faults().items() if count} == named, verdict
    assert not verdict.sound
