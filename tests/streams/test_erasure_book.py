"""How far an erasure is: what the topic of receipts comes to, and the signature under it."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas.receipt import ErasureBegun, ErasureReceipt, ErasureStatus
from streams.contract import Outgoing
from streams.control import ControlStage
from streams.erasure_book import ErasureBook
from streams.signatures import is_signed, public_key, signed_bytes
from streams.topics import BY_NAME, ERASURE_RECEIPTS
from tests.fakes import MemoryStore, RecordingProducer
from tests.streams.agents_world import NOW
from tests.streams.erasing_world import DEADLINE, Place, a_place, clicks, forget
from tests.streams.sealing_world import SECRET
from tests.workers.mailbox import START

WHEN = START
AT = START.timestamp()
SUBJECTS = {"books": "b" * 32, "news": "a" * 32}


@pytest.fixture
def place() -> Place:
    return Place(time=AT)


def book_of(place: Place) -> ErasureBook:
    return ErasureBook(place.log, SECRET, DEADLINE, lambda: place.time)


async def say_begun(place: Place, erasure: str = "e1", after: float = 0.0) -> None:
    body = ErasureBegun(erasure=erasure, begun=WHEN + timedelta(seconds=after), subjects=SUBJECTS)
    await place.log.send([Outgoing(ERASURE_RECEIPTS, erasure.encode(), body.to_bytes())])


async def confirm(place: Place, provider: str, after: float = 1.0) -> None:
    """As a reader does that held nothing and so cannot name the provider."""
    body = ErasureReceipt(subject=SUBJECTS[provider], erased=WHEN + timedelta(seconds=after))
    await place.log.send([Outgoing(ERASURE_RECEIPTS, body.subject.encode(), body.to_bytes())])


async def test_it_is_pending_until_every_provider_has_confirmed_and_complete_then(place: Place) -> None:
    book = book_of(place)
    assert (await book.status("e1")).state == "unknown"
    await say_begun(place)
    await confirm(place, "news")
    pending = await book.status("e1")
    assert (pending.state, pending.confirmed, pending.missing) == ("pending", ("news",), ("books",))
    assert (pending.signature, pending.completed) == (None, None)
    await confirm(place, "books", after=2.0)
    complete = await book.status("e1")
    assert (complete.state, complete.confirmed, complete.missing) == ("complete", ("books", "news"), ())
    assert complete.completed == WHEN + timedelta(seconds=2)


async def test_whoever_has_not_confirmed_in_time_is_late_and_may_still_do_it(place: Place) -> None:
    book = book_of(place)
    await say_begun(place)
    await confirm(place, "news")
    place.time = AT + DEADLINE
    assert (await book.status("e1")).state == "pending"
    place.time = AT + DEADLINE + 1
    late = await book.status("e1")
    assert (late.state, late.missing, late.signature) == ("late", ("books",), None)
    await confirm(place, "books", after=DEADLINE + 2)
    assert (await book.status("e1")).state == "complete"


async def test_a_receipt_may_come_before_the_agent_has_told_that_it_began(place: Place) -> None:
    for provider in SUBJECTS:
        await confirm(place, provider, after=-1.0)
    await say_begun(place)
    complete = await book_of(place).status("e1")
    assert (complete.state, complete.completed) == ("complete", WHEN)


async def test_several_of_the_same_change_nothing(place: Place) -> None:
    """After a redelivery, and from several readers: what was signed stays as it is."""
    book = book_of(place)
    await say_begun(place)
    for provider in SUBJECTS:
        await confirm(place, provider)
    before = await book.status("e1")
    await say_begun(place, after=5.0)
    for provider in SUBJECTS:
        await confirm(place, provider, after=9.0)
    assert await book.status("e1") == before == await book_of(place).status("e1")


async def test_what_is_neither_is_passed_over(place: Place) -> None:
    for value in (b"{", None, b"{}", b'{"kind": "begun"}'):
        await place.log.send([Outgoing(ERASURE_RECEIPTS, b"x", value)])
    await say_begun(place)
    assert (await book_of(place).status("e1")).state == "pending"


async def test_what_the_topic_lets_go_of_is_forgotten_here_too(place: Place) -> None:
    book = book_of(place)
    await say_begun(place)
    assert (await book.status("e1")).state == "pending"
    place.time = AT + BY_NAME[ERASURE_RECEIPTS].retention_ms / 1000 + 1
    assert (await book.status("e1")).state == "unknown"


async def complete(place: Place) -> ErasureStatus:
    await say_begun(place)
    for provider in SUBJECTS:
        await confirm(place, provider)
    return await book_of(place).status("e1")


async def test_anybody_can_check_the_signature_with_the_public_key(place: Place) -> None:
    status = await complete(place)
    public = book_of(place).public_key
    assert public == public_key(SECRET) != public_key(b"of another installation")
    Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(status.signature or ""), signed_bytes(status))
    assert signed_bytes(status) == (
        b'{"begun":"2026-05-01T00:00:00Z","completed":"2026-05-01T00:00:01Z","confirmed":["books","news"],'
        b'"erasure":"e1","missing":[],"state":"complete"}'
    )


@pytest.mark.parametrize("change", [{"erasure": "e2"}, {"confirmed": ("news",)}, {"signature": "0" * 128}])
async def test_what_was_changed_is_not_signed(place: Place, change: dict[str, object]) -> None:
    status = await complete(place)
    assert is_signed(status, public_key(SECRET))
    assert not is_signed(status.model_copy(update=change), public_key(SECRET))
    assert not is_signed(status, public_key(b"of another installation"))


async def test_control_counts_them_and_times_those_that_end_under_its_eyes(place: Place) -> None:
    await complete(place)
    erasures = book_of(place)
    control = ControlStage(MemoryStore(), RecordingProducer(), metrics=place.metrics, erasures=erasures)
    await control.count_erasures()
    assert place.count("attune_erasures", state="complete") == 1
    assert place.count("attune_erasure_seconds_count") == 0  # that one ended before control began
    await say_begun(place, "e2")
    await control.count_erasures()
    await control.count_erasures()
    assert (place.count("attune_erasures", state="complete"), place.count("attune_erasure_seconds_count")) == (2, 1)
    assert place.count("attune_erasure_seconds_sum") == 1.0
    place.time += DEADLINE + 1
    body = ErasureBegun(erasure="e3", begun=WHEN, subjects={"music": "c" * 32})
    await place.log.send([Outgoing(ERASURE_RECEIPTS, b"e3", body.to_bytes())])
    await control.count_erasures()
    assert (place.count("attune_erasures", state="late"), place.count("attune_erasures", state="pending")) == (1, 0)


async def test_from_the_command_to_the_signature() -> None:
    place = await a_place()
    assert place.time == NOW
    provider = place.provider()
    await place.send(*clicks("ada"), forget("ada"))
    await place.agents().handle(place.mail())
    await provider.handle(place.embeddings())
    status = await place.book().status("f1")
    assert (status.state, status.confirmed) == ("complete", ("books", "news"))
    assert is_signed(status, place.book().public_key)
