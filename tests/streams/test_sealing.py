"""The envelope: what is sealed opens with its key only, at its place only, and is as it was."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dead_letter import Reason
from streams.contract import Outgoing, Record
from streams.dead_letters import MAX_CONTENT, dead_letter
from streams.sealing import (
    MAX_ADDED,
    DoesNotOpen,
    SealingKey,
    is_sealed,
    key_id,
    mailbox_of,
    open_record,
    seal,
    unwrap,
    whose,
    wrap,
    wrapping_key,
)
from streams.topics import CATALOG, COMMANDS, DEAD_LETTERS, ERASURE_RECEIPTS, INTERACTIONS, MAX_MESSAGE_BYTES, SEALED
from tests.streams.sealing_world import SECRET, event_of, letter_about, record_of

KEY, NONCE = SealingKey(b"key-id-8", b"k" * 32), b"n" * 12
ANN = mailbox_of(SECRET, "ann")


def sealed_record(message: Outgoing | None = None, nonce: bytes = NONCE) -> Record:
    return record_of(seal(message or event_of("ann"), ANN, KEY, nonce))


@given(
    user=st.text(min_size=1, max_size=128),
    value=st.none() | st.binary(max_size=500),
    topic=st.sampled_from(sorted(SEALED)),
)
def test_what_is_sealed_opens_as_it_was(user: str, value: bytes | None, topic: str) -> None:
    before = Outgoing(topic, user.encode(), value)
    sealed = record_of(seal(before, ANN, KEY, NONCE), offset=7)
    assert (sealed.key, is_sealed(sealed.value), key_id(sealed.value)) == (ANN, True, KEY.id)
    assert open_record(sealed, KEY.key) == replace(sealed, key=before.key, value=before.value)


def test_nothing_of_the_person_stands_in_a_sealed_message() -> None:
    sealed = sealed_record(event_of("ann-of-green-gables", "likes jazz"))
    assert sealed.value is not None
    for word in (b"ann", b"jazz", b"user", b"green"):
        assert word not in sealed.value
        assert word not in (sealed.key or b"")


def test_another_key_another_mailbox_or_another_topic_does_not_open_it() -> None:
    sealed = sealed_record()
    moved = replace(sealed, topic=COMMANDS)
    given_away = replace(sealed, key=mailbox_of(SECRET, "bob"))
    for record, key in ((sealed, b"l" * 32), (moved, KEY.key), (given_away, KEY.key)):
        with pytest.raises(DoesNotOpen):
            open_record(record, key)


def test_one_changed_bit_anywhere_behind_the_key_id_does_not_open() -> None:
    sealed = sealed_record()
    value = sealed.value or b""
    for place in range(12, len(value)):
        changed = bytearray(value)
        changed[place] ^= 1
        with pytest.raises(DoesNotOpen):
            open_record(replace(sealed, value=bytes(changed)), KEY.key)


def test_what_is_cut_off_does_not_open() -> None:
    sealed = sealed_record()
    for size in range(4, len(sealed.value or b"")):
        with pytest.raises(DoesNotOpen):
            open_record(replace(sealed, value=(sealed.value or b"")[:size]), KEY.key)


def test_each_nonce_gives_other_bytes() -> None:
    assert sealed_record().value != sealed_record(nonce=b"m" * 12).value


def test_a_mailbox_id_is_the_same_for_ever_and_says_nothing_without_the_secret() -> None:
    assert mailbox_of(b"secret", "ann") == b"228ec636ee5fce77c0e191a50be636c0"
    assert len({mailbox_of(secret, user) for secret in (b"one", b"two") for user in ("ann", "bob")}) == 4
    assert len(ANN) == 32


def test_a_key_is_wrapped_for_one_mailbox_and_one_installation() -> None:
    wrapped = wrap(wrapping_key(SECRET), ANN, KEY.key, NONCE)
    assert KEY.key not in wrapped
    assert unwrap(wrapping_key(SECRET), ANN, wrapped) == SealingKey(wrapped[:8], KEY.key)
    for secret, mailbox in ((b"another", ANN), (SECRET, mailbox_of(SECRET, "bob"))):
        with pytest.raises(DoesNotOpen):
            unwrap(wrapping_key(secret), mailbox, wrapped)


@pytest.mark.parametrize("topic", sorted(SEALED - {DEAD_LETTERS}))
def test_a_message_keyed_by_a_user_is_theirs(topic: str) -> None:
    assert whose(event_of("ann", topic=topic)) == "ann"
    assert whose(Outgoing(topic, "用户".encode(), None)) == "用户"


@pytest.mark.parametrize("key", [b"", b"\xff", b"line\nfeed", b" ", b"x" * 129])
def test_what_has_no_user_id_for_a_key_is_nobodys(key: bytes) -> None:
    assert whose(Outgoing(INTERACTIONS, key, b"{}")) is None
    assert whose(letter_about(record_of(Outgoing(INTERACTIONS, key, b"{}")))) is None


@pytest.mark.parametrize("topic", [CATALOG, ERASURE_RECEIPTS])
def test_other_topics_hold_nothing_of_a_person(topic: str) -> None:
    assert whose(event_of("ann", topic=topic)) is None


def test_what_is_sealed_already_goes_as_it_is() -> None:
    sealed = sealed_record()
    assert whose(Outgoing(sealed.topic, sealed.key or b"", sealed.value)) is None


def test_a_letter_is_whose_message_it_is_about() -> None:
    assert whose(letter_about(record_of(event_of("ann")))) == "ann"
    assert whose(letter_about(record_of(Outgoing(CATALOG, b"news:1", b"{")))) is None
    assert whose(letter_about(sealed_record())) is None
    assert whose(Outgoing(DEAD_LETTERS, b"ann", b"no letter")) is None


def test_the_letter_of_the_largest_message_fits_when_it_is_sealed() -> None:
    key = ("\U0001f600" * 128).encode()
    record = record_of(Outgoing(INTERACTIONS, key, b"x" * (MAX_CONTENT - 2 * len(key))))
    letter = dead_letter(record, Reason.FAILED, "é" * 500, "agents", 1_000.0)
    sealed = seal(letter, ANN, KEY, NONCE)
    assert len(sealed.value or b"") - len(letter.value or b"") <= MAX_ADDED
    assert len(sealed.key) + len(sealed.value or b"") <= MAX_MESSAGE_BYTES
