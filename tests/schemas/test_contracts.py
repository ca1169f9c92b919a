"""What holds for every contract, and the rules that tie several fields together."""

import json
from datetime import UTC
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.api import MAX_BATCH, MAX_BODY_BYTES, ItemBody, SearchBody
from schemas.base import MAX_TEXT, Contract, item_key
from schemas.catalog import CatalogItem, ItemEmbedding
from schemas.command import PROFILE_COMMAND, ForgetCommand
from schemas.dead_letter import DeadLetter
from schemas.document import ProfileDocument
from schemas.export import public_models
from schemas.interaction import Interaction
from schemas.profile import Interest, ProfileEmbedding
from schemas.proposal import Proposal
from tests.schemas.bodies import BODIES, SUBJECT, VECTOR
from tests.schemas.kinds import float16
from tests.schemas.limits import LIMITS

MODELS = sorted(public_models(), key=lambda model: model.__name__)
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)


def test_every_model_is_looked_at_here() -> None:
    assert set(BODIES) == set(LIMITS) == set(MODELS)


@every_model
def test_the_wire_gives_back_what_was_sent(model: type[Contract]) -> None:
    message = model.model_validate(BODIES[model])
    assert model.model_validate_json(message.to_bytes()) == message
    assert b"null" not in message.to_bytes()


@every_model
def test_a_body_is_frozen(model: type[Contract]) -> None:
    message = model.model_validate(BODIES[model])
    field = next(iter(model.model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(message, field, getattr(message, field))


@every_model
def test_old_readers_accept_what_new_writers_add(model: type[Contract]) -> None:
    grown = BODIES[model] | {"added_in_2027": {"deep": [1, 2]}}
    assert model.model_validate(grown) == model.model_validate(BODIES[model])


@every_model
def test_what_is_required_is_required(model: type[Contract]) -> None:
    for name, field in model.model_fields.items():
        if field.is_required():
            body = {key: value for key, value in BODIES[model].items() if key != name}
            with pytest.raises(ValidationError):
                model.model_validate(body)


@every_model
def test_an_error_never_repeats_the_input(model: type[Contract]) -> None:
    secret = "the title of my diary"
    broken: dict[str, Any] = {name: [secret] for name in model.model_fields}
    with pytest.raises(ValidationError) as refused:
        model.model_validate(broken)
    assert secret not in str(refused.value)


@pytest.mark.parametrize("raw", [b'{"score": NaN}', b'{"score": Infinity}'])
def test_nan_in_the_json_itself_is_refused(raw: bytes) -> None:
    from schemas.api import Found

    body = json.dumps(BODIES[Found] | {"score": 0}).encode().replace(b'"score": 0', raw[1:-1])
    with pytest.raises(ValidationError):
        Found.model_validate_json(body)


def test_times_are_kept_in_utc() -> None:
    time = Interaction.model_validate(BODIES[Interaction] | {"time": "2026-05-01T12:00:00+02:00"}).time
    assert (time.tzinfo, time.hour) == (UTC, 10)


def test_a_key_can_be_split_again() -> None:
    assert item_key("news", "a:b") == "news:a:b"
    for model in (Interaction, CatalogItem, ItemEmbedding):
        message: Any = model.model_validate(BODIES[model] | {"item": "a:b"})
        key = message.item_key if isinstance(message, Interaction) else message.key
        assert key.split(":", 1) == ["news", "a:b"]


@pytest.mark.parametrize("key", ["news:1", "my.news_1-x:a:b", "n:" + "x" * 256, "n:Ωμέγα 7"])
def test_a_proposal_names_items_by_their_keys(key: str) -> None:
    assert Proposal.model_validate(BODIES[Proposal] | {"negatives": [key]}).negatives == (key,)


@pytest.mark.parametrize("key", ["", "news", "News:1", ":1", "news:", "news: ", "news:a\nb", "n:" + "x" * 321])
def test_a_proposal_refuses_what_is_no_key(key: str) -> None:
    with pytest.raises(ValidationError):
        Proposal.model_validate(BODIES[Proposal] | {"negatives": [key]})


def test_only_a_retraction_names_an_event() -> None:
    Interaction.model_validate(BODIES[Interaction] | {"signal": "retract", "retracts": "e0"})
    with pytest.raises(ValidationError, match="retract"):
        Interaction.model_validate(BODIES[Interaction] | {"signal": "click", "retracts": "e0"})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"weights": [0.5, 0.5]}, "one weight per vector"),
        ({"vectors": [VECTOR, float16(1.0)], "weights": [0.5, 0.5]}, "one length"),
        ({"avoid": [float16(1.0)]}, "one length"),
    ],
)
def test_an_embedding_has_one_weight_a_vector_and_vectors_of_one_space(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        ProfileEmbedding.model_validate(BODIES[ProfileEmbedding] | change)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"subject": SUBJECT, "vectors": [[0.5]], "weights": [1]},
        {"vectors": [[0.5]], "weights": []},
        {"vectors": [[]], "weights": [1]},
        {"vectors": [[float("nan")]], "weights": [1]},
    ],
)
def test_a_search_is_for_a_subject_or_for_vectors_with_weights(body: dict[str, Any]) -> None:
    SearchBody.model_validate({"vectors": [[0.5]], "weights": [1]})
    with pytest.raises(ValidationError):
        SearchBody.model_validate(body)


def test_an_entry_needs_a_title_unless_it_is_taken_out() -> None:
    ItemBody.model_validate({"item": "n1", "deleted": True})
    with pytest.raises(ValidationError, match="title"):
        ItemBody.model_validate({"item": "n1"})


@pytest.mark.parametrize("kind", ["edit", "refresh", "move", "retry", "rollback", "import", "forget"])
def test_a_command_is_told_by_its_kind(kind: str) -> None:
    model = next(m for m in MODELS if m.__name__ == f"{kind.title()}Command")
    assert isinstance(PROFILE_COMMAND.validate_python(BODIES[model] | {"kind": kind}), model)


@pytest.mark.parametrize("kind", [None, "obey", ""])
def test_an_unknown_command_is_refused(kind: str | None) -> None:
    with pytest.raises(ValidationError):
        PROFILE_COMMAND.validate_python(BODIES[ForgetCommand] | {"kind": kind})


def test_two_letters_of_one_message_are_one_letter() -> None:
    one, other = (
        DeadLetter.model_validate(BODIES[DeadLetter] | {"last_time": time})
        for time in ("2026-05-01T12:00:00Z", "2026-05-02T12:00:00Z")
    )
    assert one.id == other.id == "attune.interactions/0/0"


def test_a_batch_of_the_longest_texts_fits_into_a_body() -> None:
    longest = {**BODIES[Interaction], "text": "x" * MAX_TEXT}
    assert MAX_BATCH * len(json.dumps(longest, separators=(",", ":"))) < MAX_BODY_BYTES + 10**5


def test_an_interest_is_as_long_as_a_phrase_may_be() -> None:
    from workers.phrases import MAX_CHARACTERS

    assert Interest.model_validate(BODIES[Interest] | {"text": "x" * MAX_CHARACTERS}).text


def test_a_document_has_vectors_of_one_space() -> None:
    one, other = ({"text": "jazz", "weight": 0.5, "vector": vector} for vector in (VECTOR, float16(1.0)))
    ProfileDocument.model_validate(BODIES[ProfileDocument] | {"interests": [one], "avoid": [one | {"vector": None}]})
    with pytest.raises(ValidationError, match="one length"):
        ProfileDocument.model_validate(BODIES[ProfileDocument] | {"interests": [one], "avoid": [other]})
