"""How well a profile foresees what its person takes to."""

import numpy as np
import pytest

from schemas.profile import Source
from tests.workers.mailbox import FIT, TOPICS, vector_of
from workers.drift import foreseen
from workers.ports import Matrix
from workers.refit import FitRules, interest_id
from workers.state import HeldInterest


def interest(topic: str, weight: float) -> HeldInterest:
    vector = vector_of(topic, None).astype("<f2").tobytes()
    return HeldInterest(interest_id(topic), topic, weight, Source.BOOTSTRAP, vector)


def items(topic: str) -> list[Matrix]:
    return [vector_of(topic, "old", own=f"{topic}-{number}") for number in range(30)]


def test_what_a_profile_speaks_for_is_foreseen_and_what_it_knows_nothing_of_is_even() -> None:
    profile = [interest("jazz", 0.5), interest("tea", 0.3)]
    known = {topic: np.mean(foreseen(profile, items(topic), FIT)) for topic in TOPICS}
    assert known["jazz"] > 0.95
    assert known["tea"] > 0.85
    assert known["chess"] == pytest.approx(0.5, abs=0.15)


def test_what_it_speaks_against_is_foreseen_least() -> None:
    profile = [interest("jazz", 0.5), interest("chess", -0.4)]
    assert np.mean(foreseen(profile, items("chess"), FIT)) < 0.2


def test_it_is_the_share_of_the_catalog_that_stands_below() -> None:
    """Against a catalog whose second moment is the background: the share in fact."""
    rng = np.random.default_rng(1)
    catalog = rng.standard_normal((20_000, 16)) * np.linspace(0.1, 2.0, 16)
    moment = catalog.T @ catalog / len(catalog)
    rules = FitRules(np.linalg.cholesky(moment))
    profile = [interest("jazz", 0.5), interest("tea", 0.3)]
    direction = np.array([0.5, 0.3]) @ np.stack([vector_of("jazz", None), vector_of("tea", None)]).astype("<f2")
    for item in (vector_of("tea", "old"), vector_of("chess", "old"), -vector_of("jazz", "new")):
        below = (catalog @ direction < item @ direction).mean()
        assert foreseen(profile, [item], rules)[0] == pytest.approx(below, abs=0.02)


def test_how_loud_a_profile_is_makes_no_difference() -> None:
    quiet, loud = ([interest("jazz", weight), interest("tea", weight / 2)] for weight in (0.01, 0.9))
    assert foreseen(quiet, items("jazz"), FIT) == pytest.approx(foreseen(loud, items("jazz"), FIT))


@pytest.mark.parametrize("profile", [[], [interest("jazz", 0.0)]])
def test_a_profile_that_says_nothing_foresees_nothing(profile: list[HeldInterest]) -> None:
    assert foreseen(profile, items("jazz"), FIT) == [0.5] * 30
