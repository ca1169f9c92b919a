"""From a catalog to a trained space in a folder that ATTUNE_MODEL takes.

1. Pairs from the items, parted by item into training, development and held-out ones.
2. The model as it is embeds the texts: hard negatives, and the recall before.
3. Train; the best look on the development pairs is kept.
4. Write the folder, load it as the embedder would, and measure the recall after on the held-out pairs, which nothing
   was chosen by.
5. Write the model card and its plots beside the weights.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from schemas.catalog import CatalogItem
from workers.errors import ConfigurationError
from workers.ports import Matrix
from workers.space import BUNDLED, SentenceEncoder, describe_space, load_model
from workers.training.batches import hard_negatives
from workers.training.pairs import Corpus, Kind, Pair, corpus_of
from workers.training.plan import Clock, Course, Plan, Tell
from workers.training.recall import Encode, Recall, Task, measure, only, summary, task_of, unsaid_task
from workers.training.trained import Figures, Trained

LOOK = 300
"""Development contents, and as many interests, in each of the two tasks of a look: 8 s of a core, and a recall of 0.5
is known within 0.04."""

FEWEST = 32
"""Pairs in each part below which no figure says anything."""

_INTERESTS = (Kind.CATEGORY, Kind.PHRASE, Kind.DESCRIBED)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Tasks:
    interests: Task
    new_interests: Task
    unsaid: Task
    titles: Task

    def figures(self, encode: Encode) -> Figures:
        tasks = (self.interests, self.new_interests, self.unsaid, self.titles)
        vectors = _embedded(_texts(*tasks), encode)
        return Figures(*(_recall(task, vectors) for task in tasks))


def train_space(
    items: Iterable[CatalogItem],
    out: Path,
    plan: Plan,
    *,
    clock: Clock,
    say: Say,
    tell: Tell,
    described: Sequence[Pair] = (),
    model: str = BUNDLED,
    threads: int = 1,
) -> Trained:
    """Fine-tunes `model` on the items, and writes the folder `out`. Raises `ConfigurationError` where `out` is taken or
    the catalog is too small."""
    _refuse_taken(out)
    began = clock()
    # 1. Pairs
    corpus = corpus_of(items, described)
    pairs = _drawn(corpus.training, plan)
    _refuse_small(corpus, pairs)
    tasks = _tasks(corpus, pairs, plan)
    # 2. The model as it is
    encoder = SentenceEncoder(model, threads)
    say(f"{len(pairs):,} pairs to train on; embedding them and {len(tasks.interests.contents):,} held-out contents")
    before = tasks.figures(encoder.encode)
    looks = _looks(corpus.development, plan.seed)
    texts = {text for pair in pairs for text in (pair.interest, pair.content)}
    vectors = _embedded(texts | (_texts(*looks) if plan.head else set()), encoder.encode)
    negatives = _negatives(pairs, vectors)
    prepared = clock()
    # 3. Train
    say(f"recall at 10 before: {before.interests.mean:.3f}; training")
    course = _train(pairs, negatives, vectors, looks, plan, out, clock, tell, model)
    trained = clock()
    # 4. Measure
    say(f"{course.ended} after {len(course.losses)} steps; measuring what was written")
    after = tasks.figures(SentenceEncoder(str(out), threads).encode)
    result = Trained(
        folder=out,
        space=describe_space(str(out)).id,
        base=encoder.space,
        plan=plan,
        kinds=Counter(pair.kind.value for pair in pairs),
        pairs={"training": len(pairs), "development": len(corpus.development), "held out": len(corpus.held_out)},
        before=before,
        after=after,
        course=course,
        seconds={"preparing": prepared - began, "training": trained - prepared, "measuring": clock() - trained},
    )
    # 5. Card
    from workers.training.card import write_card

    write_card(result)
    return result


def _train(
    pairs: Sequence[Pair],
    negatives: Sequence[tuple[str, ...]],
    vectors: Mapping[str, Matrix],
    looks: Sequence[Task],
    plan: Plan,
    out: Path,
    clock: Clock,
    tell: Tell,
    model: str,
) -> Course:
    from workers.training.course import train
    from workers.training.trainees import Head, WholeModel

    loaded = load_model(model)
    trainee: Head | WholeModel
    if plan.head:
        trainee = Head(vectors, len(next(iter(vectors.values()))), plan, looks)
        course = train(trainee, pairs, negatives, plan, clock, tell)
        trainee.save(loaded, out)
    else:
        trainee = WholeModel(loaded, plan, looks)
        course = train(trainee, pairs, negatives, plan, clock, tell)
        trainee.save(out)
    return course


def _drawn(pairs: Sequence[Pair], plan: Plan) -> tuple[Pair, ...]:
    if plan.max_pairs is None or len(pairs) <= plan.max_pairs:
        return tuple(pairs)
    return tuple(Random(plan.seed).sample(list(pairs), plan.max_pairs))


def _tasks(corpus: Corpus, pairs: Sequence[Pair], plan: Plan) -> _Tasks:
    trained_on = {pair.interest.casefold() for pair in pairs}
    interests = task_of(corpus.held_out, _INTERESTS, plan.seed, plan.held_out)
    new = {one for one in interests.interests if one.casefold() not in trained_on}
    unsaid = unsaid_task(corpus.held_out, _INTERESTS, plan.seed, plan.held_out)
    titles = task_of(corpus.held_out, (Kind.TITLE,), plan.seed, plan.held_out)
    return _Tasks(interests, only(interests, new), unsaid, titles)


def _looks(pairs: Sequence[Pair], seed: int) -> tuple[Task, Task]:
    return task_of(pairs, _INTERESTS, seed, LOOK), unsaid_task(pairs, _INTERESTS, seed, LOOK)


def _texts(*tasks: Task) -> set[str]:
    return {text for task in tasks for text in (*task.interests, *task.contents)}


def _negatives(pairs: Sequence[Pair], vectors: Mapping[str, Matrix]) -> list[tuple[str, ...]]:
    contents = {text: row for row, text in enumerate(dict.fromkeys(pair.content for pair in pairs))}
    interests = np.stack([vectors[pair.interest] for pair in pairs])
    return hard_negatives(pairs, interests, contents, np.stack([vectors[text] for text in contents]))


def _embedded(texts: Iterable[str], encode: Encode) -> dict[str, Matrix]:
    """(d,) of each text, in an order that does not change from run to run."""
    ordered = sorted(texts, key=lambda text: (len(text), text))
    return dict(zip(ordered, encode(ordered), strict=True))


def _recall(task: Task, vectors: Mapping[str, Matrix]) -> Recall:
    recalls = measure(task, lambda texts: np.stack([vectors[text] for text in texts]))
    return summary(recalls, len(task.contents))


def _refuse_taken(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigurationError(f"{out} is there already: name a new folder with --out")


def _refuse_small(corpus: Corpus, pairs: Sequence[Pair]) -> None:
    for name, part in (("training", pairs), ("development", corpus.development), ("held-out", corpus.held_out)):
        if len(part) < FEWEST:
            raise ConfigurationError(
                f"the catalog gives {len(part)} {name} pairs, and {FEWEST} are needed for a figure that says anything: "
                "load more items, with categories and texts"
            )
