"""What leaves with a commit: vectors and weights under a pseudonym, a notice of each version, an item's own words."""

import orjson
import pytest

from schemas.catalog import CatalogItem
from schemas.command import AddInterest, AvoidText, KeepAway
from schemas.profile import Cause, ProfileChanged, ProfileEmbedding
from streams.contract import Outgoing
from streams.publication import publication
from streams.topics import CATALOG, PROFILE_EMBEDDINGS, PROFILE_EVENTS
from tests.streams.agents_world import KEY
from tests.workers.mailbox import SPACE, Mailbox, fold_in, milliseconds, vector_of
from workers.agent import Change, Folded
from workers.editing import ADDED_WEIGHT
from workers.state import UserState
from workers.subjects import subject_of

PROVIDERS = ("books", "news")
USER = "ada-lovelace-1815"


def folded() -> tuple[Mailbox, Folded]:
    mailbox = Mailbox(USER)
    mailbox.clicks("tea", range(6))
    mailbox.send("chess-1", "dislike")
    mailbox.send("unknown-1", text="Words of one item")
    return mailbox, fold_in(mailbox.events)


def published() -> tuple[Outgoing, ...]:
    return publication(USER, folded()[1], PROVIDERS, SPACE, KEY)


def embeddings() -> list[ProfileEmbedding]:
    sent = [message for message in published() if message.topic == PROFILE_EMBEDDINGS]
    return [ProfileEmbedding.model_validate_json(message.value or b"") for message in sent]


def test_each_provider_gets_the_newest_version_under_a_subject_of_its_own() -> None:
    sent = [message for message in published() if message.topic == PROFILE_EMBEDDINGS]
    assert [message.key.decode() for message in sent] == [subject_of(KEY, provider, USER) for provider in PROVIDERS]
    assert [(one.provider, one.subject) for one in embeddings()] == [
        (provider, subject_of(KEY, provider, USER)) for provider in PROVIDERS
    ]
    assert {one.version for one in embeddings()} == {3}
    assert len({one.subject for one in embeddings()}) == 2


def test_it_holds_the_vectors_and_weights_of_the_profile_in_its_order() -> None:
    state = folded()[1].state
    for one in embeddings():
        assert one.space == SPACE
        assert one.vectors == tuple(interest.vector for interest in state.interests)
        assert one.weights == tuple(interest.weight for interest in state.interests)
        assert one.accepted_ms == milliseconds(6)


def test_it_tells_how_far_to_keep_away_where_the_person_has_said_so() -> None:
    assert {one.keep_away for one in embeddings()} == {None}
    mailbox = Mailbox(USER)
    mailbox.edit(AvoidText(text="tea"), KeepAway(within=0.25))
    sent = publication(USER, fold_in(mailbox.events), PROVIDERS, SPACE, KEY)
    told = [ProfileEmbedding.model_validate_json(one.value or b"") for one in sent if one.topic == PROFILE_EMBEDDINGS]
    assert {one.keep_away for one in told} == {0.25}


def test_it_holds_no_person_no_text_and_no_history() -> None:
    mailbox, result = folded()
    told = {USER, *(interest.text for interest in result.state.interests)}
    told |= {interest.id for interest in result.state.interests}
    told |= {entry.event for entry in result.state.window} | {entry.item for entry in result.state.window}
    assert len(mailbox.events) == 8
    for message in published():
        if message.topic == PROFILE_EMBEDDINGS:
            raw = message.key + (message.value or b"")
            assert [word for word in told if word.encode() in raw] == []
            fields = {"schema_version", "subject", "provider", "version", "space", "vectors", "weights", "avoid"}
            assert orjson.loads(message.value or b"").keys() == fields | {"accepted_ms"}


def test_every_version_is_announced_in_order() -> None:
    notices = [message for message in published() if message.topic == PROFILE_EVENTS]
    assert {message.key for message in notices} == {USER.encode()}
    changes = [ProfileChanged.model_validate_json(message.value or b"") for message in notices]
    assert [(one.version, one.cause.value, one.events) for one in changes] == [
        (1, "first", 1),
        (2, "count", 5),
        (3, "signal", 1),
    ]


def test_a_refinements_notice_tells_what_it_was_accepted_for() -> None:
    change = Change(7, Cause.REFINEMENT, 3, 0, 1, reward_before=0.6, reward_after=0.7)
    (sent,) = publication("ada", Folded(UserState(), changes=[change]), (), SPACE, KEY)
    notice = ProfileChanged.model_validate_json(sent.value or b"")
    assert (notice.cause, notice.reward_before, notice.reward_after) == (Cause.REFINEMENT, 0.6, 0.7)


def test_what_a_person_avoids_goes_to_providers_as_vectors_only() -> None:
    mailbox = Mailbox()
    mailbox.edit(AddInterest(text="jazz"), AvoidText(text="chess"))
    sent, _ = publication("ada", fold_in(mailbox.events), ("news",), SPACE, KEY)
    embedding = ProfileEmbedding.model_validate_json(sent.value or b"")
    assert (embedding.version, len(embedding.vectors), embedding.weights) == (1, 1, (ADDED_WEIGHT,))
    assert embedding.avoid == (vector_of("chess", None).astype("<f2").tobytes(),)
    assert b"chess" not in (sent.value or b"")


def test_without_a_new_version_nothing_goes_to_providers() -> None:
    mailbox = Mailbox()
    mailbox.send("tea-1", "impression")
    assert publication("ada", fold_in(mailbox.events), PROVIDERS, SPACE, KEY) == ()


def test_without_a_provider_the_versions_are_still_announced() -> None:
    topics = {message.topic for message in publication(USER, folded()[1], (), SPACE, KEY)}
    assert topics == {PROFILE_EVENTS, CATALOG}


def test_an_empty_profile_is_sent_as_one_so_that_a_provider_drops_what_it_had() -> None:
    mailbox = Mailbox()
    mailbox.send("tea-1", at=1.0)
    mailbox.send("tea-1", "retract", at=2.0)
    sent = publication("ada", fold_in(mailbox.events), ("news",), SPACE, KEY)
    embedding = ProfileEmbedding.model_validate_json(sent[0].value or b"")
    assert (embedding.version, embedding.vectors, embedding.weights) == (2, (), ())


@pytest.mark.parametrize(
    ("text", "title"),
    [("Words of one item", "Words of one item"), (" \t\n", "unknown-1"), (" x" * 300, "x" + " x" * 99)],
)
def test_an_item_described_by_an_event_becomes_an_entry_with_a_title(text: str, title: str) -> None:
    mailbox = Mailbox()
    mailbox.send("unknown-1", text=text)
    (sent,) = publication("ada", fold_in(mailbox.events), PROVIDERS, SPACE, KEY)
    entry = CatalogItem.model_validate_json(sent.value or b"")
    assert (sent.topic, sent.key) == (CATALOG, b"~news:unknown-1"), "never in the place of what the provider says"
    assert entry.described_ms == mailbox.events[0].record.timestamp_ms
    assert entry.key == "news:unknown-1"
    assert entry.title == title
