"""The course of a training: when it looks, when it ends, what it keeps."""

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn

from workers.training.course import train
from workers.training.pairs import Kind, Pair
from workers.training.plan import Course, Plan, Progress

pytestmark = pytest.mark.timeout(240)

PAIRS = [Pair(f"p:{n}", str(n), str(n + 100), Kind.PHRASE) for n in range(64)]
NEGATIVES: list[tuple[str, ...]] = [()] * 64


class Numbers:
    """Texts are numbers, each a row of a table. Its recall is what the test says, look by look."""

    rate = 0.05

    def __init__(self, recalls: Sequence[float] = ()) -> None:
        torch.manual_seed(1)
        self.module = nn.Embedding(200, 8)
        self._recalls = list(recalls)
        self.tables: list[Tensor] = []

    @property
    def embed(self) -> Callable[[Sequence[str]], Tensor]:
        return lambda texts: self.module(torch.tensor([int(text) for text in texts]))

    def recall(self) -> float:
        self.tables.append(self.module.weight.detach().clone())
        return self._recalls.pop(0) if self._recalls else len(self.tables) / 100


def run(trainee: Numbers, plan: Plan, clock: Callable[[], float] = lambda: 0.0) -> tuple[Course, list[Progress]]:
    told: list[Progress] = []
    return train(trainee, PAIRS, NEGATIVES, plan, clock, told.append), told


def test_the_loss_falls() -> None:
    course, _ = run(Numbers(), Plan(batch=16, epochs=10))
    assert len(course.losses) == 40
    assert sum(course.losses[-4:]) < sum(course.losses[:4]) / 2
    assert course.ended == "all epochs done"


def test_it_looks_before_the_first_step_evenly_and_after_the_last() -> None:
    course, told = run(Numbers(), Plan(batch=16, epochs=5, checks=4))
    assert [step for step, _ in course.recalls] == [0, 6, 11, 16, 20]
    assert [progress.step for progress in told if progress.recall is not None] == [6, 11, 16, 20]
    assert [progress.step for progress in told] == list(range(1, 21))


def test_the_best_look_is_kept_and_a_few_in_vain_end_it() -> None:
    trainee = Numbers([0.1, 0.2, 0.5, 0.4, 0.5, 0.3, 0.9])
    course, _ = run(trainee, Plan(batch=16, epochs=10, checks=10, patience=3))
    assert course.ended == "3 looks without a better recall"
    assert len(course.recalls) == 6
    assert course.best_step == course.recalls[2][0]
    assert torch.equal(trainee.module.weight, trainee.tables[2])


def test_a_training_that_only_spoils_gives_back_what_there_was() -> None:
    trainee = Numbers([0.9, 0.8, 0.7, 0.6, 0.5])
    course, _ = run(trainee, Plan(batch=16, epochs=10, checks=10))
    assert course.best_step == 0
    assert torch.equal(trainee.module.weight, trainee.tables[0])


def test_its_minutes_end_it() -> None:
    seconds = iter(range(0, 10_000, 30))
    course, told = run(Numbers(), Plan(batch=16, epochs=100, minutes=2), lambda: next(seconds))
    assert course.ended == "its minutes are over"
    assert len(course.losses) == 3
    assert [progress.done for progress in told] == [0.25, 0.5, 0.75]


def test_the_same_seed_gives_the_same_weights() -> None:
    one, same, other = Numbers(), Numbers(), Numbers()
    for trainee, seed in ((one, 1), (same, 1), (other, 2)):
        run(trainee, Plan(batch=16, seed=seed))
    assert torch.equal(one.module.weight, same.module.weight)
    assert not torch.equal(one.module.weight, other.module.weight)
