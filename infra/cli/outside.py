"""What commands reach out to, as functions: tests give their own as the context's object."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from infra.audit.report import Report as AuditReport
    from infra.compose import Role
    from infra.doctor import Finding
    from infra.evaluation.options import Asked
    from infra.settings import Settings
    from schemas.catalog import CatalogItem
    from streams.kafka_admin import TopicReport
    from streams.rebuilt import Report
    from workers.training.described import DescribedPairs
    from workers.training.pairs import Pair
    from workers.training.pipeline import Say
    from workers.training.plan import Plan, Tell
    from workers.training.trained import Trained


def _run_up(settings: "Settings", sample: bool) -> None:
    import asyncio

    from infra import compose

    asyncio.run(compose.run_up(settings, sample))


def _run_gateway(settings: "Settings") -> None:
    import asyncio

    from infra import compose

    asyncio.run(compose.run_gateway(settings))


def _run_worker(settings: "Settings", role: "Role") -> None:
    import asyncio

    from infra import compose

    asyncio.run(compose.run_worker(settings, role))


def _create_topics(settings: "Settings") -> "TopicReport":
    import asyncio

    from streams.kafka_admin import create_topics

    return asyncio.run(
        create_topics(settings.bootstrap, settings.partitions, settings.replication, security=settings.kafka)
    )


def _examine(settings: "Settings") -> "list[Finding]":
    import asyncio

    from infra.doctor import examine

    return asyncio.run(examine(settings))


def _rebuild(
    settings: "Settings", users: "Sequence[str]", check: bool, force: bool, tell: "Callable[[Report], None]"
) -> "list[Report]":
    import asyncio

    from infra.rebuilding import rebuild

    async def collect() -> "list[Report]":
        reports = []
        async for report in rebuild(settings, users, check, force):
            tell(report)
            reports.append(report)
        return reports

    return asyncio.run(collect())


def _audit(settings: "Settings", user: str, texts: Sequence[str], logs: Sequence[Path]) -> "AuditReport":
    import asyncio

    from infra.audit.audit import look_for
    from infra.provider_client import HttpSearch

    async def look() -> "AuditReport":
        token = None if settings.token is None else settings.token.get_secret_value()
        search = HttpSearch(settings.url, lambda: token, trust=settings.http_trust)
        try:
            return await look_for(settings, user, texts, logs, search)
        finally:
            await search.close()

    return asyncio.run(look())


def _bench(name: str, settings: "Settings", refinements: int = 0) -> Mapping[str, Any]:
    from benchmarks import edits, freshness, hot_user, refining, throughput

    if name == "edits":
        return edits.run()
    if refinements:
        return refining.run(settings, refinements=refinements)
    if name == "hot-user":
        return hot_user.run(settings)
    return throughput.run(settings) if name == "throughput" else freshness.run(settings)


def _evaluate(asked: "Asked", settings: "Settings") -> Mapping[str, Any]:
    from infra.cli.progress import progress_bar
    from infra.evaluation.run import evaluate

    return evaluate(asked, settings, progress_bar)


def _train_space(
    items: "Sequence[CatalogItem]",
    described: "Sequence[Pair]",
    folder: Path,
    plan: "Plan",
    model: str,
    say: "Say",
    tell: "Tell",
) -> "Trained":
    import time

    from workers.training.pipeline import train_space

    return train_space(items, folder, plan, described=described, model=model, clock=time.monotonic, say=say, tell=tell)


def _describe_items(settings: "Settings", items: "Sequence[CatalogItem]") -> "DescribedPairs":
    from infra.describing import describe

    return describe(settings, items)


@dataclass(frozen=True)
class Outside:
    run_up: "Callable[[Settings, bool], None]" = _run_up
    run_gateway: "Callable[[Settings], None]" = _run_gateway
    run_worker: "Callable[[Settings, Role], None]" = _run_worker
    create_topics: "Callable[[Settings], TopicReport]" = _create_topics
    examine: "Callable[[Settings], list[Finding]]" = _examine
    rebuild: "Callable[[Settings, Sequence[str], bool, bool, Callable[[Report], None]], list[Report]]" = _rebuild
    audit: "Callable[[Settings, str, Sequence[str], Sequence[Path]], AuditReport]" = _audit
    bench: "Callable[[str, Settings, int], Mapping[str, Any]]" = _bench
    evaluate: "Callable[[Asked, Settings], Mapping[str, Any]]" = _evaluate
    train_space: "Callable[[Sequence[CatalogItem], Sequence[Pair], Path, Plan, str, Say, Tell], Trained]" = _train_space
    describe_items: "Callable[[Settings, Sequence[CatalogItem]], DescribedPairs]" = _describe_items


def outside(ctx: typer.Context) -> Outside:
    return ctx.find_object(Outside) or Outside()
