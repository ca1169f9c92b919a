"""A small world to evaluate in: four topics of ten items whose words tell them apart, people who read one topic each,
and the same as files in the formats that are read."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from infra.evaluation.cases import Case
from infra.evaluation.options import Common
from infra.evaluation.setup import Setup, open_setup
from infra.evaluation.world import World
from infra.settings import Settings, read_settings
from schemas.catalog import CatalogItem
from schemas.interaction import Interaction
from tests.fakes import HashEncoder
from workers.mailbox import AgentRules
from workers.refit import FitRules
from workers.space import SpaceInfo

TOPICS = ("chess", "jazz", "rowing", "tea")
ITEMS = 10
DIMENSION = 64
PROVIDER = "mind"
WORDS = ("opening", "evening", "record", "garden", "winter", "morning", "master", "river", "silver", "history")


class Counted:
    """Loads the model, and remembers it."""

    def __init__(self) -> None:
        self.loaded = 0
        self.encoder = HashEncoder(DIMENSION)

    def __call__(self, model: str) -> HashEncoder:
        self.loaded += 1
        return self.encoder


def settings(folder: Path, **changes: Any) -> Settings:
    return read_settings(data_dir=folder, **changes)


def setup(folder: Path, load: Counted | None = None, fit: bool = False, **common: Any) -> Setup:
    asked = Common(cache=folder / "cache", draws=50, fit=fit, **common)
    return open_setup(settings(folder), asked, load=load or Counted(), describe=describe, rules=rules)


def describe(model: str) -> SpaceInfo:
    return SpaceInfo("hash-test", DIMENSION)


def rules(settings: Settings, space: SpaceInfo) -> AgentRules:
    return AgentRules(FitRules(np.eye(DIMENSION) / np.sqrt(DIMENSION)))


def seeded(one: Setup, seed: int) -> Setup:
    return replace(one, common=replace(one.common, seed=seed))


def items() -> list[CatalogItem]:
    return [
        CatalogItem(provider=PROVIDER, item=f"{topic}-{number}", title=title(topic, number), category=topic)
        for topic in TOPICS
        for number in range(ITEMS)
    ]


def title(topic: str, number: int) -> str:
    return f"{topic} {topic} {WORDS[number]}"


def small_world(folder: Path) -> World:
    return setup(folder).world(items())


def written(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def news(folder: Path) -> Path:
    lines = (f"{item.item}\t{item.category}\t\t{item.title}\t\thttps://x\t[]\t[]" for item in items())
    return written(folder / "news.tsv", *lines)


def behaviors(folder: Path, people: int = 12) -> Path:
    """Person i read five items of topic i, and is shown one of it among three others; the one of it was clicked."""
    return written(folder / "behaviors.tsv", *(behavior(number) for number in range(people)))


def behavior(number: int) -> str:
    topic, *others = (TOPICS[(number + step) % 4] for step in range(4))
    history = " ".join(f"{topic}-{place}" for place in range(5))
    shown = [f"{topic}-{5 + number % 5}-1", *(f"{other}-{number % 10}-0" for other in others)]
    at = number % 4  # not always in the first place
    shown = [*shown[1 : at + 1], shown[0], *shown[at + 1 :]]
    return f"{number}\tuser-{number}\t\t{history}\t{' '.join(shown)}"


def sequences(folder: Path, people: int = 12) -> tuple[Path, Path, Path]:
    """The same people: what they read next is of their topic; candidates are of all."""
    catalog = (f"{item.item}\t{item.title}\t{item.category}" for item in items())
    everything = [item.item for item in items()]
    rows = []
    for number in range(people):
        topic = TOPICS[number % 4]
        rows.append(f"user-{number}\t{' '.join(f'{topic}-{place}' for place in range(5))}\t{topic}-{5 + number % 5}")
    offered = (
        f"user-{number}\t{' '.join(one for one in everything if not one.startswith(TOPICS[number % 4]))}"
        for number in range(people)
    )
    return (
        written(folder / "x.item", "item_id:token\ttitle:token_seq\tcategory:token_seq", *catalog),
        written(folder / "x.inter", "user_id:token\titem_id_list:token_seq\titem_id:token", *rows),
        written(folder / "x.random", *offered),
    )


def ratings(folder: Path, people: int = 8) -> tuple[Path, Path]:
    """Person i gives topic i a 5 and the next one a 1; of the third's items two get a 3."""
    books = (f"{item.item}\t{item.title}" for item in items())
    rows = []
    for number in range(people):
        loved, hated, neither = (TOPICS[(number + step) % 4] for step in range(3))
        rows += [f"{number},{title(loved, place)},5" for place in range(ITEMS)]
        rows += [f"{number},{title(hated, place)},1" for place in range(ITEMS)]
        rows += [f"{number},{title(neither, place)},3" for place in range(2)]
    return written(folder / "books.tsv", "item_id\ttitle", *books), written(
        folder / "ratings.csv", "user_id,title,rating", *rows
    )


def tied_case(candidates: int = 10) -> Case:
    """A list in whose first place the right one stands."""
    return Case("ada", (), tuple(map(str, range(candidates))), np.arange(candidates) == 0)


def zeros(case: Case) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.zeros(len(case.candidates))


def keys(events: Sequence[Interaction]) -> list[str]:
    return [event.item_key for event in events]
