"""The course of a training, whatever is trained: batches, rate, looks at the recall, the best kept.

1. Look at the recall before the first step: a training that only spoils gives back what there was.
2. For each batch: the gradient of the whole batch, one step, the rate by the share that is done.
3. Now and then look again; keep what is best so far; end after `patience` looks without a better one.
4. Put back the best.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import torch

from workers.training.batches import batches, related
from workers.training.loss import Embed, accumulate
from workers.training.pairs import Pair
from workers.training.plan import Clock, Course, Plan, Progress, Tell


class Trainee(Protocol):
    """What is trained: its parameters, texts to vectors with a graph, and its recall on held-out pairs."""

    rate: float

    @property
    def module(self) -> torch.nn.Module: ...

    @property
    def embed(self) -> Embed: ...

    def recall(self) -> float: ...


def train(
    trainee: Trainee,
    pairs: Sequence[Pair],
    negatives: Sequence[tuple[str, ...]],
    plan: Plan,
    clock: Clock,
    tell: Tell,
) -> Course:
    """Leaves the trainee as it was at its best look. Raises nothing of its own."""
    course = Course()
    total = plan.epochs * math.ceil(len(pairs) / plan.batch)
    optimizer = torch.optim.AdamW(trainee.module.parameters(), lr=trainee.rate, weight_decay=plan.weight_decay)
    # 1. Look
    best = _Best(trainee, course)
    best.look(0)
    began = clock()
    for step, batch in enumerate(_all_batches(pairs, negatives, plan), start=1):
        # 2. Step
        done = max((step - 1) / total, _spent(plan, clock() - began))
        if done >= 1:
            course.ended = "its minutes are over"
            break
        _set_rate(optimizer, trainee.rate * _share_of_rate(done, plan.warm_up))
        course.losses.append(_step(trainee, [pairs[position] for position in batch], optimizer, plan, step))
        # 3. Look
        recall = best.look(step) if _is_time(done, step, total, len(course.recalls), plan) else None
        tell(Progress(step, done, course.losses[-1], recall))
        if best.looks_in_vain >= plan.patience:
            course.ended = f"{plan.patience} looks without a better recall"
            break
    if not course.recalls or course.recalls[-1][0] < len(course.losses):
        best.look(len(course.losses))
    # 4. Put back
    best.restore()
    return course


class _Best:
    """The weights at the best look."""

    def __init__(self, trainee: Trainee, course: Course) -> None:
        self._trainee = trainee
        self._course = course
        self._recall = -1.0
        self._weights: dict[str, torch.Tensor] = {}
        self.looks_in_vain = 0

    def look(self, step: int) -> float:
        recall = self._trainee.recall()
        self._course.recalls.append((step, recall))
        self.looks_in_vain += 1
        if recall > self._recall:
            self._recall, self.looks_in_vain, self._course.best_step = recall, 0, step
            self._weights = {name: value.clone() for name, value in self._trainee.module.state_dict().items()}
        return recall

    def restore(self) -> None:
        self._trainee.module.load_state_dict(self._weights)


def _all_batches(pairs: Sequence[Pair], negatives: Sequence[tuple[str, ...]], plan: Plan) -> Iterator[list[int]]:
    for epoch in range(plan.epochs):
        yield from (batch for batch in batches(pairs, negatives, plan.batch, plan.seed + epoch) if len(batch) > 1)


def _step(trainee: Trainee, batch: Sequence[Pair], optimizer: Any, plan: Plan, step: int) -> float:
    trainee.module.train()
    optimizer.zero_grad()
    loss = accumulate(
        trainee.embed,
        [pair.interest for pair in batch],
        [pair.content for pair in batch],
        related(batch),
        micro=plan.micro,
        # A seed for each piece of each step: a batch of 128 has 256 texts, so no two steps share one.
        seed=plan.seed * 1_000_003 + step * 2 * plan.batch,
    )
    torch.nn.utils.clip_grad_norm_(trainee.module.parameters(), 1.0)  # sentence-transformers' own bound
    optimizer.step()
    trainee.module.eval()
    return loss


def _spent(plan: Plan, seconds: float) -> float:
    return 0.0 if plan.minutes is None else seconds / (60 * plan.minutes)


def _share_of_rate(done: float, warm_up: float) -> float:
    """Rises in a straight line, then falls to 0 at the end, by steps or by time, whichever is further."""
    if done < warm_up:
        return max(done / warm_up, 0.05)
    return (1 - done) / (1 - warm_up)


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def _is_time(done: float, step: int, total: int, looks: int, plan: Plan) -> bool:
    """`looks` counts the one before the first step."""
    return step == total or done >= looks / plan.checks
