"""`attune eval platforms`: what a profile that goes with its person is worth, against one for each platform.

1. The items lie on platforms: the sample's on its three providers; MIND's are split into two, by their categories (a
   seed shares them out so that both have as many items) or item by item.
2. Every person's history makes a profile for each platform, from what they did there alone, and one from all of it,
   each by the real agent.
3. `whole`: all profiles rank the very same lists. `there`: each list is cut to the items of one platform, as if that
   platform ranked; `own` is the profile from what the person did there, `others` from everything else (who comes to a
   platform for the first time and brings their profile), `both` from all.

Only people who did something on every platform are counted, and lists with an item that was chosen and one that was
not.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from infra.evaluation.behaviors import Behaviors
from infra.evaluation.cases import Case
from infra.evaluation.catalog_file import read_catalog
from infra.evaluation.impressions import FIGURES, PROVIDER, measure
from infra.evaluation.judging import Judged
from infra.evaluation.options import Platforms
from infra.evaluation.rankers import published
from infra.evaluation.ranking import Published
from infra.evaluation.report import NothingToJudge, circumstances, figures
from infra.evaluation.sample_world import lives, sample_world
from infra.evaluation.setup import Setup
from infra.evaluation.world import World
from schemas.catalog import CatalogItem
from schemas.interaction import Interaction, Signal

ALL = "both"
"""The profile from everything."""

PLATFORMS = ("a", "b")
"""MIND's two."""

TRAIN = 0.8
"""Of a simulated person's interactions; the rest are what is ranked."""

CHOSEN = {Signal.CLICK, Signal.LIKE}


@dataclass
class Compared:
    """`whole` and `there` of one split."""

    whole: Judged
    there: Judged = field(default_factory=lambda: Judged(FIGURES, rows={"own": [], "others": [], ALL: []}))
    left_out: int = 0
    """Lists of people who did nothing on one of the platforms."""


def run(asked: Platforms, setup: Setup) -> dict[str, Any]:
    """Raises `FileRefused` and `NothingToJudge`."""
    begin = time.perf_counter()
    world = sample_world(setup)
    side = {key: item.provider for key, item in world.items.items()}
    cases = sample_cases(lives(asked.people, asked.events, setup.seed))
    sections = {"sample": _told(compare(cases, side, world, setup), side, setup)}
    space, skipped = world.space, {}
    if asked.catalog is not None and asked.behaviors is not None:
        catalog = read_catalog(asked.catalog, PROVIDER)
        world = setup.world(catalog.items)
        behaviors = Behaviors(asked.behaviors, PROVIDER, world.records.keys(), asked.half)
        impressions = list(behaviors)
        for name, split in (("categories", by_category), ("items", by_item)):
            side = split(world.items, setup.seed)
            sections[name] = _told(compare(impressions, side, world, setup), side, setup)
        space, skipped = world.space, {**asdict(behaviors.skipped), "catalog_lines": catalog.refused}
    return {
        "sections": sections,
        "half": asked.half,
        "people": asked.people,
        "events": asked.events,
        "skipped": skipped,
        **circumstances(setup, space, time.perf_counter() - begin),
    }


def by_category(items: Mapping[str, CatalogItem], seed: int) -> dict[str, str]:
    """Whole categories (their first level), in an order drawn by seed, each to the platform that has fewer items. Items
    without a category, which are a third of MIND's, are shared out one by one."""
    sizes = Counter(_category(item) for item in items.values())
    named = sorted(sizes.keys() - {""}, key=lambda name: draw(name, seed))
    loads, platform_of = dict.fromkeys(PLATFORMS, 0), {}
    for name in named:
        platform_of[name] = min(PLATFORMS, key=lambda one: (loads[one], one))
        loads[platform_of[name]] += sizes[name]
    return {key: platform_of.get(_category(item)) or _half(key, seed) for key, item in items.items()}


def by_item(items: Mapping[str, CatalogItem], seed: int) -> dict[str, str]:
    """Item by item: both platforms have the same kinds of them."""
    return {key: _half(key, seed) for key in items}


def sample_cases(people: Mapping[str, Sequence[Interaction]]) -> list[Case]:
    """Of each person, the first four fifths against what they met for the first time in the last."""
    cases = []
    for user, events in people.items():
        cut = int(TRAIN * len(events))
        before = {one.item_key for one in events[:cut]}
        chosen: dict[str, bool] = {}
        for one in events[cut:]:
            if one.item_key not in before:
                chosen[one.item_key] = chosen.get(one.item_key, False) or one.signal in CHOSEN
        case = Case(user, tuple(events[:cut]), tuple(chosen), np.array([*chosen.values()], bool))
        if case.can_be_judged:
            cases.append(case)
    return cases


def compare(cases: Sequence[Case], side: Mapping[str, str], world: World, setup: Setup) -> Compared:
    """`side` is the platform of each item."""
    platforms = sorted(set(side.values()))
    compared = Compared(Judged(FIGURES, rows={name: [] for name in (*platforms, ALL)}))
    with setup.progress("ranking", len(cases)) as advance:
        for number, case in enumerate(cases, start=1):
            met = {side[one.item_key] for one in case.history if one.item_key in side}
            if met == set(platforms):
                _compare(case, platforms, _Own(case, side, world, setup), compared)
            else:
                compared.left_out += 1
            advance(number)
    return compared


@dataclass
class _Own:
    """The profiles that one history makes, each made once."""

    case: Case
    side: Mapping[str, str]
    world: World
    setup: Setup
    _made: dict[frozenset[str], Published] = field(default_factory=dict)

    def scores(self, case: Case, platforms: Iterable[str]) -> Any:
        """By the profile from what was done on these platforms."""
        profile = self._profile(frozenset(platforms))
        return profile.scores(self.world.catalog.of_items(case.candidates), self.setup.scoring)

    def _profile(self, platforms: frozenset[str]) -> Published:
        if platforms not in self._made:
            history = [one for one in self.case.history if self.side.get(one.item_key) in platforms]
            self._made[platforms] = published(self.case.user, history, self.world)
        return self._made[platforms]


def _compare(case: Case, platforms: Sequence[str], own: _Own, compared: Compared) -> None:
    for name in platforms:
        compared.whole.rows[name].append(measure(case, own.scores(case, [name])))
    compared.whole.rows[ALL].append(measure(case, own.scores(case, platforms)))
    _belongs(compared.whole, case)
    for name in platforms:
        there = cut_to(case, name, own.side)
        if there.can_be_judged:
            profiles = {"own": [name], "others": [one for one in platforms if one != name], ALL: platforms}
            for profile, parts in profiles.items():
                compared.there.rows[profile].append(measure(there, own.scores(there, parts)))
            _belongs(compared.there, case)


def cut_to(case: Case, platform: str, side: Mapping[str, str]) -> Case:
    """The list as that platform would have it."""
    return case.cut_to(lambda key: side[key] == platform)


def _belongs(judged: Judged, case: Case) -> None:
    judged.users.append(case.user)
    judged.histories.append(len(case.history))


def _told(compared: Compared, side: Mapping[str, str], setup: Setup) -> dict[str, Any]:
    return {
        "items": dict(sorted(Counter(side.values()).items())),
        "left_out": compared.left_out,
        "whole": _figures(compared.whole, setup),
        "there": _figures(compared.there, setup),
    }


def _figures(judged: Judged, setup: Setup) -> dict[str, Any]:
    """Every profile's, with by how much the one from everything is better. Raises `NothingToJudge`."""
    if not judged.users:
        raise NothingToJudge("nobody did something on every platform and has a list to rank: give more people or files")
    seed, draws = setup.seed, setup.common.draws
    profiles = {name: figures(judged.means(name, seed, draws)) for name in judged.rows}
    gains = {name: figures(judged.gains(ALL, name, seed, draws)) for name in judged.rows if name != ALL}
    return {"lists": len(judged.users), "users": len(set(judged.users)), "profiles": profiles, "gain": gains}


def _category(item: CatalogItem) -> str:
    return (item.category or "").partition("/")[0]


def _half(key: str, seed: int) -> str:
    return PLATFORMS[draw(key, seed) % len(PLATFORMS)]


def draw(name: str, seed: int) -> int:
    """The same number for the same name and seed; any other is as likely."""
    return int.from_bytes(hashlib.blake2b(f"{seed} {name}".encode(), digest_size=8).digest())
