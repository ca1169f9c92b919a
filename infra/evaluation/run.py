"""One evaluation, from what is asked to its document."""

from typing import Any

from infra.evaluation import ablation, editability, impressions, ratings, sequences
from infra.evaluation.options import Ablation, Asked, Editability, Impressions, Ratings, Sequences
from infra.evaluation.progress import Progress
from infra.evaluation.setup import open_setup
from infra.settings import Settings


def evaluate(asked: Asked, settings: Settings, progress: Progress) -> dict[str, Any]:
    """Raises `ConfigurationError`, `FileRefused` or `NothingToJudge`."""
    setup = open_setup(settings, asked.common, progress)
    match asked:
        case Impressions():
            return impressions.run(asked, setup)
        case Sequences():
            return sequences.run(asked, setup)
        case Ratings():
            return ratings.run(asked, setup)
        case Editability():
            return editability.run(asked, setup)
        case Ablation():
            return ablation.run(asked, setup, settings)
