"""People who edit their profiles over HTTP, and look until it shows."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import httpx

from benchmarks.over_http import Body, get, post
from benchmarks.service import Incomplete
from infra.sample.catalog import topics

LOOK_SECONDS = 0.1
"""A look takes 4 ms of a processor: one who looked every 20 ms took a sixth of it, and whoever waited longer, more, so
that a service once late stayed late."""

SHOW_SECONDS = 30.0
"""An edit that does not show by then never does."""

K = 100
"""Items looked at, of 480: of a new interest some are among them, also where the person's others are strong."""

KINDS = ("add", "remove", "avoid", "allow")
AT_ONCE = 4
"""People who take turns: a person edits once in `AT_ONCE / pace` seconds, and each turn has as many of every kind."""
PLACES = (
    "Lisbon,Kyoto,Bergen,Montreal,Havana,Tbilisi,Accra,Oaxaca,Palermo,Hobart,Riga,Valparaiso,Cork,Busan,Antwerp,Fez,"
    "Ljubljana,Darwin,Tartu,Quito,Malmo,Split,Hanoi,Lagos,Porto,Basel,Perth,Cusco,Tromso,Izmir"
)
"""Beside the sample's topics they make texts that nobody has typed before."""

Shows = Callable[[Body], bool]
"""Whether an answer of GET .../recommendations shows the edit."""


def texts() -> Iterator[str]:
    """That nobody has typed before: 540."""
    return (f"{topic} from {place}" for place, topic in itertools.product(PLACES.split(","), topics()))


@dataclass
class Edit:
    kind: str
    body: Body
    shows: Shows


@dataclass
class Desk:
    """Where people edit their profiles: each goes round the kinds, one edit at a time."""

    client: httpx.AsyncClient
    editors: Sequence[str]
    texts: Iterator[str]
    patience: float = SHOW_SECONDS
    _made: dict[str, str] = field(default_factory=dict)
    """What each has typed or avoided last."""
    _first: dict[str, str] = field(default_factory=dict)
    """The item that each avoided last."""
    _number: int = 0

    async def edit(self, edits: int, pace: float, taken: Mapping[str, list[float]]) -> None:
        """So many edits, so many a second; the seconds that each took are added to its kind's. Raises `Incomplete`."""
        start = time.perf_counter()
        ended: dict[str, asyncio.Task[None]] = {}
        for number in range(edits):
            await asyncio.sleep(max(0.0, start + number / pace - time.perf_counter()))
            rounds, place = divmod(self._number, AT_ONCE * len(KINDS))
            editor = self.editors[(rounds * AT_ONCE + place % AT_ONCE) % len(self.editors)]
            kind = KINDS[place // AT_ONCE]
            self._number += 1
            ended[editor] = asyncio.create_task(self._make(editor, kind, ended.get(editor), taken))
        await asyncio.gather(*ended.values())

    async def _make(
        self, editor: str, kind: str, before: asyncio.Task[None] | None, taken: Mapping[str, list[float]]
    ) -> None:
        if before is not None:
            await before
        path = f"/v1/users/{editor}/recommendations?k={K}"
        seen = await get(self.client, path)
        edit = await self._next(editor, kind, seen)
        began = time.perf_counter()
        await post(self.client, f"/v1/users/{editor}/edits", {"edits": [edit.body]})
        while not ((now := await get(self.client, path))["version"] > seen["version"] and edit.shows(now)):
            if time.perf_counter() - began > self.patience:
                raise Incomplete(f"an edit ({kind}) did not show within {self.patience:g} s: see `attune dlq list`")
            await asyncio.sleep(LOOK_SECONDS)
        taken[kind].append(time.perf_counter() - began)

    async def _next(self, editor: str, kind: str, seen: Body) -> Edit:
        match kind:
            case "add":
                text = next(self.texts)
                self._made[editor] = text
                return Edit(kind, {"op": "add", "text": text}, lambda now: text in _brought_by(now))
            case "avoid":
                first = seen["items"][0]
                # 7 of the sample's 480 titles alone are further from their item than what is kept away reaches.
                self._made[editor] = text = f"{first['category']}: {first['title']}"
                self._first[editor] = gone = _key(first)
                return Edit(kind, {"op": "avoid", "text": text}, lambda now: gone not in _keys(now))
        text = self._made[editor]
        body = {"op": "remove", "interest": await self._id_of(editor, text)}
        if kind == "remove":
            return Edit(kind, body, lambda now: text not in _brought_by(now))
        back = self._first[editor]
        return Edit(kind, body, lambda now: back in _keys(now))

    async def _id_of(self, editor: str, text: str) -> str:
        profile = await get(self.client, f"/v1/users/{editor}/profile")
        return next(str(one["id"]) for one in (*profile["interests"], *profile["avoid"]) if one["text"] == text)


def _brought_by(answer: Body) -> set[str]:
    return {item["interest"] for item in answer["items"]}


def _keys(answer: Body) -> set[str]:
    return {_key(item) for item in answer["items"]}


def _key(item: Body) -> str:
    return f"{item['provider']}:{item['item']}"
