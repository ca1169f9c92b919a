"""Everything that makes an object of bytes: the contracts, as topics and doors read them, and an LLM server's answers.

What a contract accepts must survive its own way over the wire: written and read again, it is the same.
"""

import json
from collections.abc import Callable
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from infra.vllm.answers import read_edits, read_texts
from infra.vllm.errors import LlmError
from infra.vllm.wire import read_models, read_reply
from schemas.api import EditsBody, ItemBody, RefreshBody, SearchBody
from schemas.base import Contract
from schemas.command import PROFILE_COMMAND
from schemas.interaction import Interaction
from schemas.space import SpaceEntry
from tests.hostile.target import Target, plain
from tests.infra.vllm.samples import QUESTION, ask
from tests.schemas.bodies import BODIES

_AT_DOORS = frozenset({Interaction, ItemBody, EditsBody, RefreshBody, SearchBody, SpaceEntry})
"""What is read of JSON that somebody else has parsed: by the gateway, and from files."""


def contracts() -> list[Target]:
    """One of each."""
    made = [_contract(model.__name__, TypeAdapter(model), _good(model), model in _AT_DOORS) for model in BODIES]
    commands = tuple(
        json.dumps({"kind": model.model_fields["kind"].default} | BODIES[model]).encode()
        for model in BODIES
        if model.__name__.endswith("Command")
    )
    return [*made, _contract("ProfileCommand", PROFILE_COMMAND, commands)]


def answers() -> list[Target]:
    """Of an LLM server."""
    edits = '{"edits":[{"op":"add","text":"jazz"},{"op":"rewrite","interest":1,"text":"bebop"},{"op":"keep"}]}'
    reply = {
        "choices": [{"message": {"content": edits}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 7},
    }
    models = b'{"data":[{"id":"tiny","max_model_len":8192}]}'
    texts = b'{"1":"jazz at night","2":null}'
    return [
        Target("vllm reply", (json.dumps(reply).encode(),), plain(_unless_llm_error(_reply))),
        Target("vllm models", (models,), plain(_unless_llm_error(read_models))),
        Target("vllm edits", (edits.encode(),), plain(_unless_llm_error(_edits))),
        Target("vllm texts", (texts,), plain(_unless_llm_error(_texts))),
    ]


def _good(model: type[Contract]) -> tuple[bytes, ...]:
    return (json.dumps(BODIES[model]).encode(),)


def _contract(name: str, model: TypeAdapter[Any], good: tuple[bytes, ...], at_door: bool = False) -> Target:
    def feed(one: bytes) -> bool:
        """As a topic's reader takes it, and as a door does."""
        taken = _check(model, lambda: model.validate_json(one))
        return _check(model, lambda: _by_door(model, one)) or taken if at_door else taken

    return Target(f"contract {name}", good, plain(feed))


def _by_door(model: TypeAdapter[Any], one: bytes) -> Any:
    return model.validate_python(orjson.loads(one))


def _check(model: TypeAdapter[Any], read: Callable[[], Any]) -> bool:
    try:
        message = read()
    except (ValidationError, orjson.JSONDecodeError):
        return False
    assert model.validate_json(message.to_bytes()) == message
    return True


def _unless_llm_error(read: Callable[[bytes], object]) -> Callable[[bytes], bool]:
    def feed(one: bytes) -> bool:
        try:
            read(one)
        except LlmError:
            return False
        return True

    return feed


def _reply(one: bytes) -> None:
    reply = read_reply(one, QUESTION)
    assert reply.cost.calls == 1


def _edits(one: bytes) -> None:
    """As the text of an answer, which is text already: halves of characters may stand in it."""
    for edit in read_edits(one.decode(errors="replace"), ask(), 4) or ():
        assert edit.model_validate_json(edit.to_bytes()) == edit


def _texts(one: bytes) -> None:
    for text in read_texts(one.decode(errors="replace"), 2):
        assert text is None or text.encode()
