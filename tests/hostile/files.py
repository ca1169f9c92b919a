"""Files that somebody hands over: catalogs, interactions, the settings. Rows and refusals come out, or the file is
refused as a whole; and every row that is taken reads well where it goes."""

import gzip
import json
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from infra.loaders.formats import CatalogFormat, InteractionFormat
from infra.loaders.opening import Opened, open_catalog, open_interactions
from infra.loaders.reading import FileRefused
from infra.loaders.rows import Row
from infra.settings import read_settings
from tests.hostile.target import Feed, Target
from tests.infra.loader_files import BEHAVIOR, EVENT, NEWS, RECBOLE_ITEMS, RECBOLE_LISTS, RECBOLE_PLAIN
from workers.errors import ConfigurationError

_SETTINGS = """
data_dir = "data"
http_port = 8080
broker = "embedded"
half_life_days = 30.0
"""


def files() -> list[Target]:
    """Every format, also where the format is to be found out, also compressed; and the settings."""
    event = json.dumps(EVENT) + "\n"
    item = '{"item": "1", "title": "Title", "category": "a/b", "tags": ["x"], "time": "2026-01-02T03:04:05Z"}\n'
    catalogs = {
        CatalogFormat.MIND: NEWS,
        CatalogFormat.RECBOLE: RECBOLE_ITEMS + "1\tTitle\tRock\n",
        CatalogFormat.JSONL: item,
        CatalogFormat.TABLE: "item_id,title\n1,Title\n",
    }
    interactions = {
        InteractionFormat.MIND: BEHAVIOR,
        InteractionFormat.RECBOLE: RECBOLE_PLAIN + "9\t10\t4\t1\n",
        InteractionFormat.JSONL: event,
    }
    lists = RECBOLE_LISTS + "9\t10 20\t30\n"
    return [
        *(_file(f"catalog {form}", [good], _catalog(form)) for form, good in catalogs.items()),
        *(_file(f"interactions {form}", [good], _interactions(form)) for form, good in interactions.items()),
        _file("interactions in lists", [lists], _interactions(InteractionFormat.RECBOLE)),
        _file("catalog of any format", list(catalogs.values()), _catalog(None)),
        _file("interactions of any format", [*interactions.values(), lists], _interactions(None)),
        _file("settings", [_SETTINGS], _settings, compressed=False),
    ]


def _file(name: str, good: list[str], read: Callable[[Path], bool], compressed: bool = True) -> Target:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Feed]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "file"

            async def take(one: bytes) -> bool:
                path.write_bytes(one)
                return read(path)

            yield take

    plain = [one.encode() for one in good]
    packed = [gzip.compress(one, mtime=0) for one in plain[:1]] if compressed else []
    return Target(f"file: {name}", (*plain, *packed), opened)


def _catalog(form: CatalogFormat | None) -> Callable[[Path], bool]:
    return lambda path: _rows(lambda: open_catalog(path, "news", form))


def _interactions(form: InteractionFormat | None) -> Callable[[Path], bool]:
    return lambda path: _rows(lambda: open_interactions(path, "news", form, impressions=True))


def _rows(open_file: Callable[[], Opened[Any]]) -> bool:
    """Whether there was a row that was taken."""
    try:
        opened = open_file()
    except FileRefused:
        return False
    taken = 0
    with opened.source:
        try:
            for row in opened.rows:
                if isinstance(row, Row):
                    assert type(row.body).model_validate_json(row.body.to_bytes()) == row.body
                    taken += 1
        except FileRefused:  # a header without the columns shows with the first row
            return False
    return taken > 0


def _settings(path: Path) -> bool:
    before = os.environ.get("ATTUNE_CONFIG")
    os.environ["ATTUNE_CONFIG"] = str(path)
    try:
        read_settings()
    except ConfigurationError:
        return False
    finally:
        del os.environ["ATTUNE_CONFIG"]
        if before is not None:
            os.environ["ATTUNE_CONFIG"] = before
    return True
