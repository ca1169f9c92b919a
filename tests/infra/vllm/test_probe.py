"""A server is used only after it was seen to hold its answers to a schema."""

from typing import Any

import pytest

from infra.vllm.breaker import BreakerState
from infra.vllm.errors import LlmUnavailable
from tests.infra.vllm.double import Double, after, answers, ignore_schema, oblige, raw, serving, status
from tests.infra.vllm.samples import QUESTION, client_of
from tests.patience import LONG
from workers.errors import ConfigurationError


async def complaint(*, url: str = "{}", model: str | None = None, **double: Any) -> str:
    """What `check` says is wrong."""
    async with serving(**double) as server, client_of(url.format(server.url), model=model) as client:
        with pytest.raises(ConfigurationError) as raised:
            await client.check()
        assert client.breaker is BreakerState.OPEN
        return str(raised.value)


async def test_a_good_server_closes_the_breaker() -> None:
    async with serving() as double, client_of(double.url) as client:
        await client.check()
        assert client.breaker is BreakerState.CLOSED


@pytest.mark.parametrize(
    "probed",
    [
        ignore_schema,
        answers({"word": "hello"}),
        answers("{", finish="length"),
        status(400),
        raw(b"?"),
    ],
    ids=["prose", "another word", "cut off", "refused", "garbage"],
)
async def test_a_server_that_does_not_hold_the_schema_is_refused_with_the_cure(probed: Any) -> None:
    assert "--structured-outputs-config.backend guidance" in await complaint(probed=probed)


async def test_no_two_probes_have_the_same_word() -> None:
    words: list[str] = []

    async def note(exchange: Any) -> None:
        words.append(exchange.schema["properties"]["word"]["enum"][0])
        assert words[-1] not in str(exchange.body["messages"])
        await oblige(exchange)

    async with serving(probed=note) as double, client_of(double.url) as client:
        await client.check()
        await client.check()
    assert len(set(words)) == 2


async def test_a_model_that_is_not_served_is_named_with_those_that_are() -> None:
    said = await complaint(model="other")
    assert "does not serve other, but double: set ATTUNE_LLM_MODEL" in said


async def test_a_server_without_a_model_is_refused() -> None:
    assert "no model at all" in await complaint(models=[])


async def test_a_named_model_is_asked() -> None:
    models = [{"id": "big"}, {"id": "small"}]
    async with serving(models=models) as double, client_of(double.url, model="small") as client:
        await client.check()
        await client.ask(QUESTION, str, 0)
    assert double.questions[0]["model"] == "small"


async def test_a_model_without_room_for_the_prompt_is_refused() -> None:
    assert "--max-model-len 8192" in await complaint(models=[{"id": "m", "max_model_len": 4096}])


async def test_something_that_is_no_llm_server_is_refused_with_the_cure() -> None:
    class Other(Double):
        async def _handle(self, path: str, exchange: Any) -> None:
            await raw(b"<html>")(exchange)

    double = Other([oblige])
    await double.begin()
    async with client_of(double.url) as client:
        with pytest.raises(ConfigurationError, match="OpenAI-compatible server, with /v1"):
            await client.check()
    await double.die()


async def test_a_server_that_is_away_or_hangs_is_unavailable_and_not_misconfigured() -> None:
    async with serving(probed=after(LONG, oblige)) as double, client_of(double.url, deadline=2.0) as client:
        with pytest.raises(LlmUnavailable) as raised:
            await client.check()
        assert raised.value.detail == "slow"
        await double.die()
        with pytest.raises(LlmUnavailable) as raised:
            await client.check()
        assert raised.value.detail == "unreachable"
