"""The names of the formats, as `--format` takes them. Imports nothing heavy: the command line's help shows them."""

from enum import StrEnum


class CatalogFormat(StrEnum):
    """What a catalog can come in."""

    MIND = "mind"
    RECBOLE = "recbole"
    JSONL = "jsonl"
    TABLE = "table"


class InteractionFormat(StrEnum):
    """What interactions can come in."""

    MIND = "mind"
    RECBOLE = "recbole"
    JSONL = "jsonl"


CATALOG_WORDS = {
    CatalogFormat.MIND: "MIND news.tsv (8 tab-separated columns)",
    CatalogFormat.RECBOLE: "RecBole .item (header item_id:token, title:token_seq, ...)",
    CatalogFormat.JSONL: 'JSON lines {"item", "title", "text"?, "category"?, "tags"?, "time"?}',
    CatalogFormat.TABLE: "CSV or TSV with a header (item_id, title, category?, text?)",
}

INTERACTION_WORDS = {
    InteractionFormat.MIND: "MIND behaviors.tsv (impression, user, time, history, candidates)",
    InteractionFormat.RECBOLE: "RecBole .inter (header user_id:token, item_id:token, ...)",
    InteractionFormat.JSONL: 'JSON lines {"event_id", "user", "item", "signal", "time", "provider"?}',
}
