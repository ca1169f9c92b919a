"""The sample catalog: 480 fictional items of three providers, each with 8 topics of 20 items."""

import json
from collections import defaultdict
from collections.abc import Iterator
from importlib.resources import files

from schemas.base import item_key

PROVIDERS = ("news", "music", "books")


def sample_items(provider: str | None = None) -> Iterator[dict[str, object]]:
    """The items of one provider, or of all, as parsed JSON; `time` is ISO 8601 in UTC."""
    for name in PROVIDERS if provider is None else (provider,):
        lines = files("infra.sample").joinpath("items", f"{name}.jsonl").read_text("utf-8")
        yield from map(json.loads, lines.splitlines())


def topics() -> dict[str, tuple[str, ...]]:
    """The item keys (provider:item) of each category. A category may be offered by several providers."""
    keys: defaultdict[str, list[str]] = defaultdict(list)
    for item in sample_items():
        keys[str(item["category"])].append(item_key(str(item["provider"]), str(item["item"])))
    return {category: tuple(keys[category]) for category in sorted(keys)}
