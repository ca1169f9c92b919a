"""The model card: what a trained space was made from, how, and what it gives, in the README.md of its folder.

Beside the weights and in no file that the space's id is made of (`workers.space`): the card may be mended, the space
stays the same.
"""

import shlex
from collections.abc import Mapping
from typing import Any

from workers.training.plots import draw_loss, draw_recall
from workers.training.recall import Recall
from workers.training.trained import Figures, Trained

_TASKS = {
    "interests": "an interest (category, name in a title, description) among whole contents",
    "new_interests": "the same, interests that no training pair had",
    "unsaid": "an interest among contents that its words were taken out of",
    "titles": "a title among the rest of the contents, without titles",
}


def write_card(trained: Trained, command: str = "") -> None:
    """Writes README.md, loss.png and recall.png into the model's folder."""
    draw_loss(trained.course, trained.folder / "loss.png")
    draw_recall(trained.course, trained.folder / "recall.png")
    (trained.folder / "README.md").write_text(card(trained, command), encoding="utf-8")


def card(trained: Trained, command: str = "") -> str:
    """Markdown."""
    made = command or command_of(trained)
    lines = [
        f"# {trained.space}",
        "",
        f"{_what(trained)} of `{trained.base}`, trained by Attune on pairs of an interest and a content made from a "
        "catalog alone: no interaction of anybody was used. Set `ATTUNE_MODEL` to this folder.",
        "",
        f"Made with `{made}`.",
        "",
        "| training pairs | |",
        "|---|---|",
        *(f"| {kind} | {count:,} |" for kind, count in sorted(trained.kinds.items())),
        f"| development and held-out pairs, of other items | {trained.pairs['development']:,} and "
        f"{trained.pairs['held out']:,} |",
        "",
        "Recall at 10 on held-out items, which nothing was chosen by (95 % intervals over interests):",
        "",
        "| looked for | interests | contents | before | after |",
        "|---|---|---|---|---|",
        *_rows(trained.before, trained.after),
        "",
        f"{len(trained.course.losses)} steps of {trained.plan.batch} pairs, seed {trained.plan.seed}; kept: step "
        f"{trained.course.best_step}; ended: {trained.course.ended}. Seconds: {_seconds(trained.seconds)}.",
        "",
        "![loss](loss.png) ![recall](recall.png)",
        "",
        "The weights were made from the catalog's texts: its licence says who may have them.",
        "",
    ]
    return "\n".join(lines)


def command_of(trained: Trained) -> str:
    """The options that a run with the same outcome needs."""
    plan = trained.plan
    words = ["attune", "space", "train", "--catalog", "FILE", "--provider", "P", "--seed", str(plan.seed)]
    words += ["--epochs", str(plan.epochs), "--batch", str(plan.batch), "--micro", str(plan.micro)]
    words += ["--head"] if plan.head else []
    words += [] if plan.minutes is None else ["--minutes", f"{plan.minutes:g}"]
    words += [] if plan.max_pairs is None else ["--pairs", str(plan.max_pairs)]
    return shlex.join(words)


def figures_in_words(trained: Trained) -> list[str]:
    """One line a task."""
    return [
        f"recall at 10, {words}: {_with_margin(getattr(trained.before, name))} before, "
        f"{_with_margin(getattr(trained.after, name))} after"
        for name, words in _TASKS.items()
    ]


def document(trained: Trained) -> dict[str, Any]:
    """The figures as one JSON object."""
    return {
        "folder": str(trained.folder),
        "space": trained.space,
        "base": trained.base,
        "head": trained.plan.head,
        "seed": trained.plan.seed,
        "pairs": dict(trained.pairs),
        "kinds": dict(trained.kinds),
        "steps": len(trained.course.losses),
        "best_step": trained.course.best_step,
        "ended": trained.course.ended,
        "recall@10": {name: _recalls(trained, name) for name in _TASKS},
        "seconds": {name: round(value, 1) for name, value in trained.seconds.items()},
    }


def _recalls(trained: Trained, name: str) -> dict[str, float | int]:
    before, after = getattr(trained.before, name), getattr(trained.after, name)
    return {
        "before": round(before.mean, 4),
        "after": round(after.mean, 4),
        "margin": round(after.margin, 4),
        "interests": after.interests,
        "contents": after.contents,
    }


def _what(trained: Trained) -> str:
    return "A linear map behind the frozen vectors" if trained.plan.head else "A fine-tuned copy"


def _rows(before: Figures, after: Figures) -> list[str]:
    return [_row(words, getattr(before, name), getattr(after, name)) for name, words in _TASKS.items()]


def _row(words: str, before: Recall, after: Recall) -> str:
    cells = (words, f"{after.interests:,}", f"{after.contents:,}", _with_margin(before), _with_margin(after))
    return f"| {' | '.join(cells)} |"


def _with_margin(recall: Recall) -> str:
    return f"{100 * recall.mean:.1f} ± {100 * recall.margin:.1f}"


def _seconds(seconds: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.0f}" for name, value in seconds.items())
