"""Reading a catalog for a training or a fit: straight from the file, no service needed."""

from pathlib import Path
from typing import TYPE_CHECKING

from infra.cli.output import say

if TYPE_CHECKING:
    from infra.loaders.formats import CatalogFormat
    from schemas.catalog import CatalogItem


def read_catalog(catalog: Path, provider: str, form: "CatalogFormat | None") -> "list[CatalogItem]":
    """All items, as the gateway would take them. Raises `FileRefused`."""
    from infra.loaders.opening import open_catalog
    from infra.loaders.rows import Row
    from schemas.catalog import CatalogItem

    opened = open_catalog(catalog, provider, form)
    with opened.source:
        rows = list(opened.rows)
    bodies = [row.body for row in rows if isinstance(row, Row) and not row.body.deleted]
    say(f"read {len(bodies):,} items from {catalog} as {opened.format}, {len(rows) - len(bodies):,} lines not taken")
    return [CatalogItem(provider=provider, **body.model_dump(exclude={"deleted"})) for body in bodies]
