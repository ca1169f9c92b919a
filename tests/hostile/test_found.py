"""Inputs that broke a promise once, each with what it broke."""

import json
from typing import Any

import pytest

from schemas.catalog import ItemEmbedding
from schemas.profile import ProfileEmbedding
from schemas.proposal import Proposal
from tests.hostile.target import Target
from tests.hostile.targets import shared
from tests.infra.gateway_fakes import click
from tests.schemas.bodies import BODIES

TARGETS = {target.name: target for target, _ in shared(1)}
DEEP = "[" * 1_000 + "]" * 1_000
REPLY = {"choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}]}


def named(start: str) -> Target:
    return next(target for name, target in TARGETS.items() if name.startswith(start))


@pytest.mark.parametrize(
    ("target", "document"),
    [
        # 500: looking for it among the signals, Python wrote it into an error, and it is deeper than Python can write.
        ("door /v1/interactions", click(signal="DEEP")),
        ("file: interactions jsonl", click(signal="DEEP")),
        # The provider's process ended: no float holds its age. It would have read the record again after each start.
        ("provider attune.item-embeddings", BODIES[ItemEmbedding] | {"accepted_ms": 10**400}),
        ("provider attune.profile-embeddings", BODIES[ProfileEmbedding] | {"accepted_ms": 10**400}),
        # The record could not be written: no number of more than 64 bits has a place in it.
        ("agents attune.proposals", BODIES[Proposal] | {"fencing_token": 2**64}),
        # The day's budget could not be counted any more.
        ("vllm reply", REPLY | {"usage": {"prompt_tokens": 5, "completion_tokens": 10**400}}),
    ],
)
async def test_is_refused(target: str, document: dict[str, Any]) -> None:
    async with named(target).open() as feed:
        assert not await feed(json.dumps(document).replace('"DEEP"', DEEP).encode())


async def test_settings_that_are_no_text_are_refused_with_the_cure() -> None:
    async with named("file: settings").open() as feed:
        assert not await feed(b'broker = "\xff"')
        assert not await feed(b"a = " + b"[" * 100_000)
