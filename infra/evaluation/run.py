"""One evaluation, from what is asked to its document."""

from typing import Any

from infra.evaluation import ablation, editability, impressions, platforms, portability, ratings, sequences
from infra.evaluation.options import (
    Ablation,
    Asked,
    Editability,
    Impressions,
    Platforms,
    Portability,
    Ratings,
    Sequences,
)
from infra.evaluation.progress import Progress
from infra.evaluation.setup import open_setup
from infra.settings import Settings


def evaluate(asked: Asked, settings: Settings, progress: Progress) -> dict[str, Any]:
    """Raises `ConfigurationError`, `FileRefused` or `NothingToJudge`."""
    setup = open_setup(settings, asked.common, progress)
    match asked:
        case Impressions():
            document = impressions.run(asked, setup)
        case Sequences():
            document = sequences.run(asked, setup)
        case Ratings():
            document = ratings.run(asked, setup)
        case Editability():
            document = editability.run(asked, setup)
        case Ablation():
            document = ablation.run(asked, setup, settings)
        case Platforms():
            document = platforms.run(asked, setup)
        case Portability():
            document = portability.run(asked, setup)
    return document
