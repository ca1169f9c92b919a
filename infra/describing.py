"""Items of a catalog described by the LLM, for pairs to train a space on."""

import asyncio
from collections.abc import Sequence

from infra.settings import Settings
from infra.vllm.client import LlmClient
from infra.vllm.options import LlmOptions
from infra.vllm.proposer import VllmProposer
from schemas.catalog import CatalogItem
from workers.errors import ConfigurationError, Unavailable
from workers.training.described import DescribedPairs, describe_items


def describe(settings: Settings, items: Sequence[CatalogItem]) -> DescribedPairs:
    """Raises `ConfigurationError` where no LLM is set or it is set up wrongly, `Unavailable` where it answered for no
    item at all: a training without the pairs that were asked for should not look like one with them."""
    if settings.llm_url is None:
        raise ConfigurationError("--describe needs an LLM: set ATTUNE_LLM_URL, or leave it out (the catalog is enough)")
    key = None if settings.llm_key is None else settings.llm_key.get_secret_value()
    options = LlmOptions(
        settings.llm_url,
        settings.llm_model,
        key,
        at_once=settings.llm_concurrency,
        deadline=settings.llm_timeout,
    )
    found = asyncio.run(_describe(options, items))
    if found.asked and found.failed == found.asked:
        raise Unavailable(f"the LLM answered for none of {found.asked} items: see its log, or leave --describe out")
    return found


async def _describe(options: LlmOptions, items: Sequence[CatalogItem]) -> DescribedPairs:
    client = LlmClient(options)
    try:
        await client.check()
        return await describe_items(items, VllmProposer(client))
    finally:
        await client.close()
