"""A provider's catalog from its file, read by the loaders that `attune catalog load` uses."""

from dataclasses import dataclass
from pathlib import Path

from infra.loaders.opening import open_catalog
from infra.loaders.rows import Row
from schemas.catalog import CatalogItem


@dataclass(frozen=True, slots=True)
class CatalogFile:
    items: tuple[CatalogItem, ...]
    refused: int
    """Lines that were not taken."""


def read_catalog(path: Path, provider: str) -> CatalogFile:
    """Raises `FileRefused`."""
    opened = open_catalog(path, provider)
    with opened.source:
        rows = list(opened.rows)
    bodies = [row.body for row in rows if isinstance(row, Row) and not row.body.deleted]
    items = tuple(CatalogItem(provider=provider, **body.model_dump(exclude={"deleted"})) for body in bodies)
    return CatalogFile(items, sum(not isinstance(row, Row) for row in rows))
