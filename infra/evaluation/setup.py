"""What every evaluation stands on: the model and the vectors at hand, the rules that the settings give an agent, and
the space fitted to whatever catalog is evaluated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.compose import agent_rules
from infra.evaluation.cached_encoder import CachedEncoder
from infra.evaluation.fitted_cache import fitted_encoder
from infra.evaluation.options import Common
from infra.evaluation.progress import Progress, silent
from infra.evaluation.variants import refitted
from infra.evaluation.world import World, build_world
from infra.settings import Settings
from schemas.catalog import CatalogItem
from workers.fitted_space import FittedEncoder, is_fitted, load_fitted, read_description
from workers.fitting import Fitted
from workers.mailbox import AgentRules
from workers.ports import Encoder
from workers.scoring import Scoring
from workers.space import SpaceInfo, describe_space, open_encoder

CACHE = "evaluation"
"""Folder of the vectors within ATTUNE_DATA_DIR."""

SHOWN = ("model", "scoring", "weights", "refit_after", "refit_age", "half_life_days", "window")
"""Settings that decide the figures; they stand in every result."""


@dataclass(frozen=True)
class Setup:
    """`model` is the plain one, its vectors kept on disk; `fitted` a space of a folder, where the settings name one."""

    model: CachedEncoder
    fitted: Fitted | None
    space: str
    """Of `fitted`, or of the model."""
    rules: AgentRules
    scoring: Scoring
    settings: Mapping[str, Any]
    """Those that decide the figures."""
    common: Common
    cache: Path | None
    """Folder of what is kept between runs."""
    progress: Progress = silent

    @property
    def seed(self) -> int:
        return self.common.seed

    def world(self, items: Sequence[CatalogItem]) -> World:
        """The catalog in the space: in that of the settings where it is a fitted one, otherwise fitted to this very
        catalog (from its contents alone; no history has a part in it), or as the model is where `common.fit` is off."""
        entries = list({item.key: item for item in items}.values())
        encoder, rules = self._space_of(entries)
        return build_world(entries, encoder, rules)

    def _space_of(self, items: Sequence[CatalogItem]) -> tuple[Encoder, AgentRules]:
        if self.fitted is not None:
            return FittedEncoder(self.fitted, self.model, self.space), self.rules
        if not self.common.fit:
            return self.model, self.rules
        with self.progress("fitting the space", 1) as advance:
            encoder, fitted = fitted_encoder(items, self.model, self.cache)
            advance(1)
        return encoder, refitted(self.rules, background=fitted.background)


def open_setup(
    settings: Settings,
    common: Common,
    progress: Progress = silent,
    load: Callable[[str], Encoder] = open_encoder,
    describe: Callable[[str], SpaceInfo] = describe_space,
    rules: Callable[[Settings, SpaceInfo], AgentRules] = agent_rules,
) -> Setup:
    """As the settings have it. Raises `ConfigurationError`."""
    folder = Path(settings.model).expanduser()
    fitted = load_fitted(folder) if is_fitted(folder) else None
    plain = read_description(folder)[0] if fitted is not None else settings.model
    cache = common.cache or settings.data_dir / CACHE
    model = CachedEncoder(describe(plain), lambda: load(plain), cache, progress)
    space = describe(settings.model)
    made = rules(settings, space)
    shown = {**{name: getattr(settings, name) for name in SHOWN}, "sharpen": made.fit.sharpen}
    return Setup(model, fitted, space.id, made, settings.scoring, shown, common, cache, progress)
