"""A valid body of every contract, as small as it may be."""

from base64 import b64encode
from typing import Any

import numpy as np

from schemas import api, catalog, command, dead_letter, document, interaction, person, profile, proposal, receipt, space
from schemas.base import Contract

TIME = "2026-05-01T12:00:00Z"
SUBJECT = "0123456789abcdef" * 2
INTEREST = "0123456789ab"
VECTOR = b64encode(np.ones(4, "<f2").tobytes()).decode()

_USER = {"user": "ada"}
_COMMAND = {"command_id": "c1", "user": "ada", "time": TIME}
_ITEM = {"provider": "news", "item": "n1"}
_INTEREST = {"id": INTEREST, "text": "jazz", "weight": 0.5, "source": "bootstrap"}
_CARRIED = {"text": "jazz", "weight": 0.5}
_EDIT = {"op": "remove", "interest": INTEREST}
_SPACE = {"id": "minilm-1", "dimension": 384, "model": "minilm"}

BODIES: dict[type[Contract], dict[str, Any]] = {
    interaction.Interaction: {**_USER, **_ITEM, "event_id": "e1", "signal": "click", "time": TIME},
    catalog.CatalogItem: {**_ITEM, "title": "A title"},
    catalog.ItemEmbedding: {**_ITEM, "title": "A title", "space": "minilm-1", "vector": VECTOR, "accepted_ms": 0},
    command.AddInterest: {"text": "jazz"},
    command.RewriteInterest: {"interest": INTEREST, "text": "jazz"},
    command.ReweightInterest: {"interest": INTEREST, "weight": 0.5},
    command.PinInterest: {"interest": INTEREST},
    command.AvoidText: {"text": "noise"},
    command.RemoveInterest: {"interest": INTEREST},
    command.RestoreInterest: {"interest": INTEREST},
    command.KeepAway: {},
    command.EditCommand: {**_COMMAND, "edits": [_EDIT]},
    command.RefreshCommand: _COMMAND,
    command.MoveCommand: {**_COMMAND, "space": "minilm-1"},
    command.PublishCommand: _COMMAND,
    command.RetryCommand: _COMMAND,
    command.RollbackCommand: {**_COMMAND, "version": 1},
    command.ImportCommand: {**_COMMAND, "space": "minilm-1", "interests": []},
    command.ForgetCommand: _COMMAND,
    proposal.Cost: {},
    proposal.Proposal: {
        **_USER,
        "proposal_id": "p1",
        "time": TIME,
        "base_version": 0,
        "fencing_token": 1,
        "proposer": "phrases",
        "outcome": "ok",
    },
    profile.Interest: _INTEREST,
    profile.Removed: {"id": INTEREST, "text": "golf"},
    document.Carried: _CARRIED,
    document.ProfileDocument: {"exported": TIME, "version": 3, "space": "minilm-1", "interests": []},
    profile.Profile: {**_USER, "version": 0, "space": "minilm-1", "interests": []},
    profile.ProfileEmbedding: {
        "subject": SUBJECT,
        "provider": "news",
        "version": 1,
        "space": "minilm-1",
        "vectors": [VECTOR],
        "weights": [0.5],
        "accepted_ms": 0,
    },
    profile.ProfileChanged: {**_USER, "version": 1, "cause": "count", "interests": 1, "events": 5, "accepted_ms": 0},
    receipt.ErasureReceipt: {"subject": SUBJECT, "provider": "news", "erased": TIME},
    receipt.ReaderHere: {"reader": "host:9103", "at": TIME, "until": TIME},
    receipt.ErasureBegun: {"erasure": "c1", "begun": TIME, "subjects": {"news": SUBJECT}},
    receipt.ErasureStatus: {"erasure": "c1", "state": "unknown"},
    dead_letter.DeadLetter: {
        "topic": "attune.interactions",
        "partition": 0,
        "offset": 0,
        "reason": "invalid",
        "detail": "not JSON",
        "stage": "agents",
        "first_time": TIME,
        "last_time": TIME,
    },
    api.Rejected: {"index": 0, "reason": "no user"},
    api.Accepted: {"accepted": 0},
    api.ItemBody: {"item": "n1", "title": "A title"},
    space.SpaceEntry: _SPACE,
    space.SpacePointer: {"revision": 1, "current": _SPACE},
    space.OwnSpace: {"provider": "news", "space": _SPACE},
    api.OwnBody: {"provider": "news"},
    api.OwnStatus: {"provider": "news", "space": _SPACE, "left": 0},
    api.SpaceStatus: {"current": _SPACE, "phase": "none", "left": 0},
    api.EditsBody: {"edits": [_EDIT]},
    api.EditsAccepted: {"command_id": "c1"},
    person.WishBody: {"text": "less politics, more jazz"},
    person.ReadEdit: {"edit": _EDIT, "sentence": "Takes out jazz."},
    person.ReadWish: {"base_version": 3, "edits": []},
    person.Difference: {"what": "added", "text": "jazz"},
    person.VersionedInterest: _INTEREST,
    person.Version: {"version": 1, "cause": "edit", "time": TIME, "differences": [], "interests": []},
    person.Versions: {"current": 0, "versions": []},
    person.RollbackBody: {"version": 1},
    person.CommandAccepted: {"command_id": "c1"},
    person.CommandOutcome: {"command_id": "c1", "state": "pending", "version": 0},
    person.Behind: {**_ITEM, "event_id": "e1", "signal": "click", "time": TIME},
    person.Made: {"version": 1, "cause": "first", "time": TIME},
    person.InterestWhy: {**_INTEREST, "pinned": False, "held": False},
    person.Contribution: {"interest": INTEREST, "text": "jazz", "similarity": 0.5, "share": 1.0},
    person.Explanation: {**_ITEM, "version": 3, "score": 0.5, "seen": False, "contributions": []},
    person.ErasureAccepted: {"erasure": "c1", "status": "/v1/erasures/c1"},
    person.ErasureKey: {"public_key": "0f" * 32},
    person.RefusedRow: {"file": "ratings.csv", "line": 7, "reason": "'time' is missing"},
    person.HistoryTaken: {"platform": "netflix", "interactions": 5, "repeated": 0, "refused": 0},
    api.RefreshBody: {"what": "texts"},
    api.RefreshAccepted: {"command_id": "c1"},
    api.Recommendation: {**_ITEM, "title": "A title", "score": 0.5, "interest": None},
    api.Recommendations: {"version": 0, "items": []},
    api.SearchBody: {"subject": SUBJECT},
    api.Found: {"item": "n1", "title": "A title", "score": 0.5, "interest": 0},
    api.SearchAnswer: {"space": "minilm-1", "items": []},
    api.Providers: {"providers": {"news": 1}},
    api.StageStatus: {"lag": 0},
    api.Status: {"stages": {}, "providers": {}, "space": "minilm-1"},
    api.Health: {"status": "ok"},
    api.Problem: {"title": "Bad", "status": 400, "detail": "mend it"},
}
