"""The limits of every field of every contract: what lies just within is taken, what lies just without is not."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from schemas import api, catalog, command, dead_letter, interaction, profile, proposal, receipt, space
from schemas.base import MAX_COUNT, MAX_DIMENSION, MAX_TEXT, Contract
from tests.schemas.bodies import BODIES, INTEREST, SUBJECT, TIME, VECTOR


def float16(*values: float) -> str:
    return b64encode(np.array(values, "<f2").tobytes()).decode()


@dataclass(frozen=True)
class Kind:
    """Values on either side of the limit."""

    within: tuple[Any, ...]
    without: tuple[Any, ...]


def identity(most: int) -> Kind:
    within = ("a", "x" * most, "Ωμέγα 7", "a b", "é" * most)
    return Kind(within, ("", "x" * (most + 1), " ", "a\nb", "a\x00", "a\x7f", "\t", 7, None, True))


def words(most: int) -> Kind:
    return Kind(("a", "x" * most, "two\nlines"), ("", "x" * (most + 1), 7))


def at_least(least: int) -> Kind:
    return Kind((least, least + 1, MAX_COUNT), (least - 1, MAX_COUNT + 1, 10**30, 0.5, "many", None, float("nan")))


def many(one: Any, most: int, least: int = 0) -> Kind:
    nothing: list[Any] = []
    within = [[one] * most, [one] * max(1, least)]
    without = [[one] * (most + 1), "a", None]
    (without if least else within).append(nothing)
    return Kind(tuple(within), tuple(without))


USER = EVENT = identity(128)
ITEM = identity(256)
SHORT_TEXT = identity(80)
TITLE, LABEL = words(500), words(120)
PROVIDER = Kind(("a", "9", "a" * 64, "my.news_1-x"), ("", "a" * 65, "News", "-a", "a:b", "a b", "é", None))
SPACE = Kind(("a", "A" * 96, "minilm-1.2_3"), ("", "a" * 97, "a b", "-a", "a:b", None))
SUBJECT_ID = Kind(("0" * 32, SUBJECT), ("0" * 31, "0" * 33, "A" * 32, "g" * 32, None))
INTEREST_ID = Kind((INTEREST,), ("0" * 11, "0" * 13, "A" * 12, None))
MOMENT = Kind(
    (TIME, "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-05-01T12:00:00.123456+14:00"),
    (
        "1969-12-31T23:59:59Z",
        "2026-05-01T12:00:00",
        "9999-12-31T23:59:59-23:59",
        "soon",
        "",
        None,
        0,
        1_790_000_000.5,
        float("nan"),
    ),
)
WEIGHT = Kind((-1, 1, 0.0, 0.5), (-1.0001, 1.0001, float("nan"), float("inf"), "heavy"))
SHARE = Kind((0, 1, 0.5), (-0.0001, 1.0001, float("nan")))
COUNT, FROM_ONE = at_least(0), at_least(1)
FLOAT16 = Kind(
    (VECTOR, float16(0.0), float16(*[65_504.0] * MAX_DIMENSION)),
    ("", float16(*[1.0] * (MAX_DIMENSION + 1)), float16(float("nan")), float16(1.0, float("-inf")), "AA==", "%%%%"),
)
TEXT = Kind(("x" * MAX_TEXT, None), ("x" * (MAX_TEXT + 1), 7))
ANY_NUMBER = Kind((0, -3.5, 1e300), (float("nan"), float("inf"), "much", None))
VERSION = Kind((1,), (0, 2, "one"))


def one_of(*values: str) -> Kind:
    return Kind(values, ("", "anything", values[0].upper(), None, 1))


_INTEREST = BODIES[profile.Interest]
_COMMAND = {"command_id": EVENT, "user": USER, "time": MOMENT, "schema_version": VERSION}
_ENTRY = {"item": ITEM, "title": TITLE, "category": LABEL, "tags": many("a", 16), "text": TEXT, "time": MOMENT}
_ENTRY["time"] = Kind((*MOMENT.within, None), tuple(value for value in MOMENT.without if value is not None))

LIMITS: dict[type[Contract], dict[str, Kind]] = {
    interaction.Interaction: {
        "event_id": EVENT,
        "user": USER,
        "provider": PROVIDER,
        "item": ITEM,
        "signal": Kind(tuple(interaction.Signal), ("", "purchase", "CLICK", None, 1)),
        "time": MOMENT,
        "dwell_ms": Kind((0, 86_400_000, None), (-1, 86_400_001, 0.5, "long")),
        "text": Kind(("x", "x" * MAX_TEXT, None), ("", "x" * (MAX_TEXT + 1), 7)),
        "source": one_of("api", "file", "sample"),
        "schema_version": VERSION,
    },
    catalog.CatalogItem: {**_ENTRY, "provider": PROVIDER, "schema_version": VERSION},
    catalog.ItemEmbedding: {
        "provider": PROVIDER,
        "item": ITEM,
        "title": TITLE,
        "space": SPACE,
        "vector": FLOAT16,
        "accepted_ms": COUNT,
        "schema_version": VERSION,
    },
    command.AddInterest: {"text": SHORT_TEXT, "weight": WEIGHT},
    command.RewriteInterest: {"interest": INTEREST_ID, "text": SHORT_TEXT},
    command.ReweightInterest: {"interest": INTEREST_ID, "weight": WEIGHT},
    command.PinInterest: {"interest": INTEREST_ID, "pinned": Kind((True, False), ("maybe", None))},
    command.AvoidText: {"text": SHORT_TEXT, "weight": WEIGHT},
    command.RemoveInterest: {"interest": INTEREST_ID},
    command.RestoreInterest: {"interest": INTEREST_ID},
    command.EditCommand: {
        **_COMMAND,
        "edits": many({"op": "remove", "interest": INTEREST}, 64, least=1),
        "base_version": Kind((0, None), (-1, "one")),
    },
    command.RefreshCommand: {**_COMMAND, "cause": one_of("demand", "age"), "what": one_of("weights", "texts")},
    command.MoveCommand: {**_COMMAND, "space": SPACE},
    command.RetryCommand: _COMMAND,
    command.RollbackCommand: {**_COMMAND, "version": FROM_ONE},
    command.ImportCommand: {
        **_COMMAND,
        "space": SPACE,
        "interests": many(_INTEREST, profile.MAX_INTERESTS),
        "avoid": many(_INTEREST, profile.MAX_INTERESTS),
    },
    command.ForgetCommand: _COMMAND,
    proposal.Cost: {"calls": COUNT, "prompt_tokens": COUNT, "completion_tokens": COUNT},
    proposal.Proposal: {
        "proposal_id": EVENT,
        "user": USER,
        "time": MOMENT,
        "base_version": COUNT,
        "fencing_token": FROM_ONE,
        "proposer": one_of("phrases", "vllm"),
        "outcome": one_of("ok", "empty", "failed"),
        "trigger": Kind(tuple(proposal.RefineTrigger), ("", "whim", None)),
        "job_id": EVENT,
        "edits": many({"op": "remove", "interest": INTEREST}, 64),
        "negatives": many("news:n1", proposal.MAX_NEGATIVES),
        "reward_before": SHARE,
        "reward_after": SHARE,
    },
    profile.Interest: {
        "id": INTEREST_ID,
        "text": SHORT_TEXT,
        "weight": WEIGHT,
        "source": one_of("bootstrap", "refinement", "person", "import"),
        "evidence": many("e1", profile.MAX_EVIDENCE),
    },
    profile.Profile: {
        "user": USER,
        "version": COUNT,
        "space": SPACE,
        "updated": Kind((*MOMENT.within, None), ("soon",)),
        "interests": many(_INTEREST, profile.MAX_INTERESTS),
        "avoid": many(_INTEREST, profile.MAX_AVOID),
    },
    profile.ProfileEmbedding: {
        "subject": SUBJECT_ID,
        "provider": PROVIDER,
        "version": FROM_ONE,
        "space": SPACE,
        "vectors": Kind(([VECTOR],), ([], [""], [VECTOR, VECTOR])),
        "weights": Kind(([-1], [1]), ([1.5], [])),
        "avoid": many(VECTOR, profile.MAX_AVOID),
        "accepted_ms": COUNT,
    },
    profile.ProfileChanged: {
        "user": USER,
        "version": FROM_ONE,
        "cause": Kind(tuple(profile.Cause), ("", "whim", None)),
        "interests": Kind((0, profile.MAX_INTERESTS), (-1, profile.MAX_INTERESTS + 1)),
        "events": COUNT,
        "reward_before": SHARE,
        "reward_after": SHARE,
        "accepted_ms": COUNT,
    },
    receipt.ErasureReceipt: {"subject": SUBJECT_ID, "provider": PROVIDER, "erased": MOMENT},
    dead_letter.DeadLetter: {
        "topic": words(249),
        "partition": COUNT,
        "offset": COUNT,
        "key": Kind((None, "", "YWRh"), ("YQ", 7)),
        "value": Kind((None, "", "YWRh"), ("YQ", 7)),
        "reason": Kind(tuple(dead_letter.Reason), ("", "bad luck", None)),
        "detail": Kind(("", "x" * 500), ("x" * 501, None)),
        "stage": words(64),
        "first_time": MOMENT,
        "last_time": MOMENT,
    },
    space.SpaceEntry: {
        "id": SPACE,
        "dimension": Kind((1, MAX_DIMENSION), (0, MAX_DIMENSION + 1, 0.5, None)),
        "model": words(1024),
    },
    space.SpacePointer: {"revision": FROM_ONE, "switched_ms": COUNT, "schema_version": VERSION},
    api.SpaceStatus: {"phase": one_of("none", "embedding", "moving", "done"), "left": COUNT},
    api.Rejected: {"index": COUNT},
    api.Accepted: {"accepted": COUNT},
    api.ItemBody: {**_ENTRY, "deleted": Kind((True, False), ("maybe", None))},
    api.EditsBody: {
        "edits": many({"op": "remove", "interest": INTEREST}, 64, least=1),
        "base_version": Kind((0, None), (-1, "one")),
        "command_id": Kind((*EVENT.within, None), tuple(value for value in EVENT.without if value is not None)),
    },
    api.EditsAccepted: {},
    api.RefreshBody: {"what": Kind(("weights", "texts"), ("", "all", None))},
    api.RefreshAccepted: {},
    api.Recommendation: {"provider": PROVIDER, "item": ITEM, "title": TITLE, "category": LABEL, "score": ANY_NUMBER},
    api.Recommendations: {"version": COUNT},
    api.SearchBody: {
        "subject": Kind((SUBJECT,), ("0" * 31, None)),
        "space": SPACE,
        "k": Kind((1, api.MAX_K), (0, api.MAX_K + 1, 1.5, "all")),
        "threshold": Kind((-1, 1, None), (-1.01, 1.01, float("nan"))),
        "scoring": Kind(("linear", "mixture", None), ("", "best", "linear ")),
        "avoid": many([0.5], profile.MAX_AVOID),
    },
    api.Found: {"item": ITEM, "title": TITLE, "category": LABEL, "score": ANY_NUMBER, "interest": COUNT},
    api.SearchAnswer: {"space": SPACE, "version": Kind((1, None), (0,))},
    api.Providers: {"providers": Kind(({}, {"news": 0}), ([], {"news": "many"}, None))},
    api.StageStatus: {"lag": COUNT},
    api.Status: {"space": SPACE},
    api.Health: {"status": one_of("ok", "failing")},
    api.Problem: {"status": Kind((400, 599), (399, 600, "bad"))},
}

CASES = [(model, name, kind) for model, limits in LIMITS.items() for name, kind in limits.items()]
NAMES = [f"{model.__name__}.{name}" for model, name, _ in CASES]


@pytest.mark.parametrize(("model", "field", "kind"), CASES, ids=NAMES)
def test_what_lies_within_the_limits_is_taken(model: type[Contract], field: str, kind: Kind) -> None:
    for value in kind.within:
        model.model_validate(BODIES[model] | {field: value})


@pytest.mark.parametrize(("model", "field", "kind"), CASES, ids=NAMES)
def test_what_lies_without_is_refused(model: type[Contract], field: str, kind: Kind) -> None:
    taken = []
    for value in kind.without:
        try:
            model.model_validate(BODIES[model] | {field: value})
        except ValidationError:
            continue
        taken.append(value)
    nothing_said = [None] if not model.model_fields[field].is_required() else []
    assert [value for value in taken if value not in nothing_said] == []
