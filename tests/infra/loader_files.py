"""Small files in the formats that are read, and reading them whole."""

from pathlib import Path

from infra.loaders.formats import CatalogFormat, InteractionFormat
from infra.loaders.opening import open_catalog, open_interactions
from infra.loaders.rows import Refusal, Row
from schemas.api import ItemBody
from schemas.interaction import Interaction

NEWS = "N1\tsports\tfootball\tCup final tonight\tTwo old rivals meet.\thttps://x\t[]\t[]\n"
BEHAVIOR = "7\tU1\t11/15/2019 8:55:22 AM\tN1 N2 N1\tN3-1 N4-0\n"
EVENT = {
    "event_id": "e1",
    "user": "ada",
    "provider": "news",
    "item": "N1",
    "signal": "like",
    "time": "2026-01-02T03:04:05Z",
}
RECBOLE_ITEMS = "item_id:token\ttitle:token_seq\tcategory:token_seq\n"
RECBOLE_LISTS = "user_id:token\titem_id_list:token_seq\titem_id:token\n"
RECBOLE_PLAIN = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"

Rows = list[Row[ItemBody] | Refusal] | list[Row[Interaction] | Refusal]


def written(folder: Path, content: str | bytes) -> Path:
    """A file in `folder` with exactly this in it."""
    path = folder / "file"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read_catalog(path: Path, form: CatalogFormat | None = None) -> list[Row[ItemBody] | Refusal]:
    opened = open_catalog(path, "news", form)
    with opened.source:
        return list(opened.rows)


def read_interactions(
    path: Path, form: InteractionFormat | None = None, provider: str | None = "news", impressions: bool = False
) -> list[Row[Interaction] | Refusal]:
    opened = open_interactions(path, provider, form, impressions)
    with opened.source:
        return list(opened.rows)


def items(path: Path) -> list[ItemBody]:
    """Of a catalog without refusals."""
    rows = read_catalog(path)
    assert refusals(rows) == []
    return [row.body for row in rows if isinstance(row, Row)]


def events(path: Path, provider: str | None = "news", impressions: bool = False) -> list[Interaction]:
    """Of a file without refusals."""
    rows = read_interactions(path, provider=provider, impressions=impressions)
    assert refusals(rows) == []
    return [row.body for row in rows if isinstance(row, Row)]


def refusals(rows: Rows) -> list[tuple[int, str]]:
    """Line and reason of each."""
    return [(row.line, row.reason) for row in rows if isinstance(row, Refusal)]
