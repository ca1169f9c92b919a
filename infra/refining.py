"""The refiner as the settings have it: who proposes, what it may spend, how much of the processor it takes.

It works in a thread of its own (`streams.own_thread`), so that nothing it computes stops a stage or an endpoint of its
process. Threads share Python's lock, though, and an event waits for it at every step of its way: what meets a piece of
a refinement takes several times as long. So beside the stream (`attune up`) it also keeps to ATTUNE_REFINER_SHARE of a
core, in pieces of 3 ms as a rule and 40 at most: few events meet one then. With 1,000 refinements waiting, p50, p90 and
p99 of freshness are 1.2, 1.2 and 1.3 times the quiet ones at a share of 0.1, and 1.4, 1.8 and 5.0 at 0.2 (`attune bench
freshness --refinements 1000`). A refinement of 40 ms takes 0.4 s then, and a thousand seven minutes; as a role of its
own it takes a whole core, and a minute.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from math import inf

from infra.ground import Ground
from infra.settings import Settings
from infra.vllm.client import LlmClient
from infra.vllm.fallback import FallingBack
from infra.vllm.options import LlmOptions
from infra.vllm.proposer import VllmProposer
from schemas.catalog import CatalogItem
from schemas.proposal import RefineTrigger
from streams.budgets import Budgets, Limit
from streams.own_thread import Home, OwnThread
from streams.pace import Pace
from streams.refinement import Means, Refinement
from streams.refiner import NAME, Refiner
from workers.errors import Unavailable
from workers.growth import Growth
from workers.ports import Encoder, Matrix
from workers.refinement.phrase_search import PhraseSearch
from workers.refinement.ports import Proposer
from workers.refinement.rules import RefinementRules
from workers.spaces import Spaces

_LOG = logging.getLogger(__name__)


def refiner_of(ground: Ground, spaces: Spaces, encoder: Encoder | None, share: float) -> OwnThread:
    """`share` of one core. `spaces` may change while it runs; `encoder` is asked from its thread."""
    client = _client(ground.settings)

    def make(home: Home) -> "_WithClient":
        settings, metrics = ground.settings, ground.metrics
        store, producer = home.of(ground.store), home.of(ground.producer)
        means = Means(
            spaces=spaces,
            scoring=settings.scoring,
            rules=rules_of(settings),
            proposer=_proposers(client, ground),
            free=PhraseSearch(),
            budgets=budgets_of(settings),
            encoder=encoder,
        )
        work = Refinement(store, producer, means, pace=Pace(share), metrics=metrics, now=time.time)
        refiner = Refiner(
            store,
            work,
            at_once=settings.refinements_at_once,
            lease=settings.refine_lease,
            metrics=metrics,
            stop_timeout=settings.parts_timeout,
        )
        return _WithClient(refiner, client)

    return OwnThread(NAME, make)


def needs_encoder(settings: Settings) -> bool:
    """Phrase search only uses texts that the catalog has; an LLM writes others."""
    return settings.proposer == "vllm"


def budgets_of(settings: Settings) -> Budgets:
    return Budgets(
        user=Limit(settings.llm_calls_per_user, settings.llm_tokens_per_user),
        tenant=Limit(settings.llm_calls_per_tenant, settings.llm_tokens_per_tenant),
        all=Limit(settings.llm_calls_in_all, settings.llm_tokens_in_all),
        tenant_name=settings.tenant,
    )


def rules_of(settings: Settings) -> RefinementRules:
    temperature = inf if settings.refine_temperature == "inf" else float(settings.refine_temperature)
    return RefinementRules(iterations=settings.refine_iterations, temperature=temperature)


def _client(settings: Settings) -> LlmClient | None:
    if settings.proposer != "vllm" or settings.llm_url is None:
        return None
    key = None if settings.llm_key is None else settings.llm_key.get_secret_value()
    options = LlmOptions(
        settings.llm_url,
        settings.llm_model,
        api_key=key,
        at_once=settings.llm_concurrency,
        deadline=settings.llm_timeout,
    )
    return LlmClient(options)


def _proposers(client: LlmClient | None, ground: Ground) -> Callable[[RefineTrigger], Proposer]:
    """By trigger: the LLM serves who waits for it first. Where it does not answer, phrase search does."""
    if client is None:
        return lambda trigger: PhraseSearch()
    vllm = VllmProposer(client)

    def fell_back(reason: str) -> None:
        ground.metrics.llm_fallbacks.labels(reason).inc()

    return lambda trigger: FallingBack(vllm.serving(trigger), PhraseSearch(), fell_back)


class InTurns:
    """An encoder that several threads may ask: one after the other, since a tokenizer is changed by each call."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._turn = threading.Lock()

    @property
    def space(self) -> str:
        return self._encoder.space

    @property
    def dimension(self) -> int:
        return self._encoder.dimension

    def encode(self, texts: Sequence[str]) -> Matrix:
        with self._turn:
            return self._encoder.encode(texts)

    def encode_interests(self, texts: Sequence[str]) -> Matrix:
        with self._turn:
            return self._encoder.encode_interests(texts)

    def phrases_of(self, item: CatalogItem) -> tuple[str, ...]:
        return self._encoder.phrases_of(item)

    @property
    def growth(self) -> Growth | None:
        return self._encoder.growth


class _WithClient:
    """A refiner and the client of its LLM server, which lives on the same loop."""

    def __init__(self, refiner: Refiner, client: LlmClient | None) -> None:
        self._refiner = refiner
        self._client = client

    async def run(self) -> None:
        """Raises `ConfigurationError` where the LLM server is set up wrongly; one that is away may come later."""
        try:
            if self._client is not None:
                await self._check(self._client)
            await self._refiner.run()
        finally:
            if self._client is not None:
                await self._client.close()

    async def stop(self) -> None:
        await self._refiner.stop()

    async def _check(self, client: LlmClient) -> None:
        try:
            await client.check()
        except Unavailable as error:
            _LOG.warning("texts are refined without the LLM until it answers: %s", error)
