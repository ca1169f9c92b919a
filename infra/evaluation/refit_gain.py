"""What a re-fit is worth: the reward of a person's profile before it and after it.

A history (without the fifth that is held out, `workers.reward.held_out`) is cut in two; the earlier part has been
fitted, then the later part comes and the profile is fitted anew. Cut so that half is new, or the last five interactions
(what triggers a re-fit). Each profile is judged three ways, always against items of the catalog that the person never
met, drawn by seed:

* `known`: on all interactions that the re-fit knows; what a re-fit can be asked to raise.
* `new`: on the later part only; whether the profile follows.
* `held`: on the held-out fifth; whether it foresees. Four items a user as a rule, so this is mostly chance.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from zlib import crc32

import numpy as np

from infra.evaluation.cases import Case
from infra.evaluation.rankers import Profiles
from infra.evaluation.ranking import Published
from infra.evaluation.report import figures
from infra.evaluation.setup import Setup
from infra.evaluation.variants import equal_weights
from infra.evaluation.world import World
from workers.editing import fit
from workers.evaluation.resampling import intervals
from workers.reward import held_out, reward
from workers.signals import SIGNED
from workers.state import Remembered, UserState
from workers.window import live

NEGATIVES = 64
"""Items of the catalog that stand for what a person passes over."""

LEAST = 2
"""Interactions that must have been fitted before."""

COLUMNS = ("raised_or_kept", "reward_before", "reward_after")


@dataclass
class RefitGain:
    """Take each user once. `document` tells what was found."""

    world: World
    setup: Setup
    unjudged: int = 0
    _users: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _rows: dict[str, list[tuple[float, ...]]] = field(default_factory=lambda: defaultdict(list))

    def take(self, case: Case, profiles: Profiles) -> None:
        state = profiles.of(case)
        entries = live(state.window)
        training = [one for one in entries if not held_out(one.event)]
        held = _liked([one for one in entries if held_out(one.event)])
        if not held or len(training) < 2 * LEAST:
            self.unjudged += 1
            return
        negatives = self._negatives(case.user, state)
        after = self._fitted(state, training)
        for name, new in {"half": len(training) // 2, "five": self.world.rules.triggers.refit_after}.items():
            if len(training) - new >= LEAST:
                before = self._fitted(state, training[:-new])
                parts = {"known": _liked(training), "new": _liked(training[-new:]), "held": held}
                for part, liked in parts.items():
                    self._judge(f"{name}_{part}", case.user, (before, after), liked, negatives)
        self._judge("weights_known", case.user, (equal_weights(after), after), _liked(training), negatives)
        self._judge("weights_held", case.user, (equal_weights(after), after), held, negatives)

    def document(self) -> dict[str, Any]:
        """In percent: of users, and of the best reward there can be. `weights_...` compares weights as they are fitted
        with equal ones, on the same texts."""
        told: dict[str, Any] = {"unjudged": self.unjudged}
        for name, rows in self._rows.items():
            means = intervals(rows, self._users[name], self.setup.seed, self.setup.common.draws)
            told[name] = {**figures(dict(zip(COLUMNS, means, strict=True))), "users": len(rows)}
        return told

    def _judge(
        self,
        name: str,
        user: str,
        profiles: tuple[UserState, UserState],
        liked: Sequence[str],
        negatives: Sequence[str],
    ) -> None:
        if liked and negatives:
            before, after = (self._reward(one, liked, negatives) for one in profiles)
            self._users[name].append(user)
            self._rows[name].append((float(after >= before), before, after))

    def _fitted(self, state: UserState, window: list[Remembered]) -> UserState:
        trial = replace(state, window=window)
        fit(trial, self.world.known, self.world.rules.fit)
        return trial

    def _negatives(self, user: str, state: UserState) -> list[str]:
        rng = np.random.default_rng([self.setup.seed, crc32(user.encode())])
        keys = self.world.catalog.keys
        drawn = rng.choice(len(keys), size=min(NEGATIVES, len(keys)), replace=False)
        met = state.items_seen()
        return [keys[row] for row in drawn if keys[row] not in met]

    def _reward(self, state: UserState, liked: Sequence[str], negatives: Sequence[str]) -> float:
        profile = Published.of(state, self.world.dimension)
        up, down = (
            profile.scores(self.world.catalog.of_items(keys), self.setup.scoring) for keys in (liked, negatives)
        )
        return reward(up, down).value


def _liked(entries: Sequence[Remembered]) -> list[str]:
    return [one.item for one in entries if SIGNED[one.signal] > 0]
