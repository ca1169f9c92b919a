"""Whether a server can be used: does it serve the model, is there room for a prompt, and does the JSON schema hold?

Servers take a `response_format` that they do not know, or are not set up for, without a word. So the schema of the
probe leaves one answer, which is drawn anew and stands nowhere in the prompt: who gives it was held to the schema.
"""

import json
import secrets

from infra.vllm.errors import LlmInvalid, LlmRefused
from infra.vllm.options import LlmOptions, Priority
from infra.vllm.transport import Transport
from infra.vllm.wire import Question, Served
from workers.errors import ConfigurationError

MIN_CONTEXT = 8_192
"""Tokens for prompt and answer together: `infra.vllm.rendering` keeps to it."""

_FLAGS = "--structured-outputs-config.backend guidance --structured-outputs-config.disable_any_whitespace true"


async def probe(transport: Transport, options: LlmOptions) -> Served:
    """The model to ask. Raises `ConfigurationError` with the cure, `LlmUnavailable` where nobody answers."""
    served = _choose(await _models(transport), options)
    await _check_schema(transport, served.name)
    return served


async def _models(transport: Transport) -> list[Served]:
    try:
        return await transport.models()
    except (LlmInvalid, LlmRefused) as error:
        cure = "let ATTUNE_LLM_URL name an OpenAI-compatible server, with /v1 at the end"
        raise ConfigurationError(f"{error}: {cure}") from error


def _choose(models: list[Served], options: LlmOptions) -> Served:
    named = [model for model in models if options.model in {None, model.name}]
    if not named:
        there = ", ".join(model.name for model in models[:8]) or "no model at all"
        raise ConfigurationError(f"the LLM server does not serve {options.model}, but {there}: set ATTUNE_LLM_MODEL")
    served = named[0]
    if served.context is not None and served.context < MIN_CONTEXT:
        what = f"the LLM server has room for {served.context} tokens, and prompt and answer may need {MIN_CONTEXT}"
        raise ConfigurationError(f"{what}: start it with --max-model-len {MIN_CONTEXT} or more")
    return served


async def _check_schema(transport: Transport, model: str) -> None:
    word = secrets.token_hex(8)
    question = Question(
        system="Answer with a greeting.",
        user="Good morning.",
        name="probe",
        schema={
            "type": "object",
            "properties": {"word": {"type": "string", "enum": [word]}},
            "required": ["word"],
            "additionalProperties": False,
        },
        max_tokens=64,
        temperature=0.0,
        seed=0,
    )
    try:
        reply = await transport.ask(question, model, Priority.DEMAND)
        held = json.loads(reply.text) == {"word": word}
    except (LlmInvalid, LlmRefused, ValueError):
        held = False
    if not held:
        raise ConfigurationError(
            f"the LLM server does not hold its answers to a JSON schema: start vLLM (0.32 or near) with {_FLAGS}"
        )
