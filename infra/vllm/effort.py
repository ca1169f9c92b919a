"""What one question has come to: tries, cost, and whether another try makes sense."""

from dataclasses import dataclass

from infra.vllm.errors import LlmError
from infra.vllm.wire import Question
from schemas.proposal import Cost
from workers.refinement.asks import FREE

MOST_TRIES = 5
"""0.25 + 0.5 + 1 + 2 s of pauses at most: longer than a full queue takes to move, shorter than anybody waits."""

MOST_CALLS = 2
"""Tries that may have cost something: the budget must set aside that many."""

_AGAIN = {"unreachable", "overloaded", "lost", "aborted"}


@dataclass(slots=True)
class Effort:
    """Of one question, from its turn on."""

    question: Question
    has_turn: bool = False
    tries: int = 0
    spent: Cost = FREE
    in_flight: bool = False

    def begin(self) -> None:
        """A try goes out."""
        self.tries += 1
        self.in_flight = True

    def end(self, cost: Cost) -> None:
        """The try that went out has cost so much."""
        self.in_flight = False
        self.spent = plus(self.spent, cost)

    def fail(self, error: LlmError) -> bool:
        """Books the failed try on `error`, with all before it; whether another may follow. Never after a 400, nor after
        an answer that is not to be used: the same seed would give the same."""
        self.end(error.cost)  # nothing, where an answer came and was booked, and only its reading failed
        error.cost = self.spent
        return error.detail in _AGAIN and self.tries < MOST_TRIES and self.spent.calls < MOST_CALLS

    def give_up(self) -> Cost:
        """As `spent`, with a try that nobody will ever hear of."""
        if self.in_flight:
            self.end(Cost(calls=1, prompt_tokens=self.question.prompt_tokens()))
        return self.spent


def most(question: Question) -> Cost:
    """What a question may cost at most, retries included."""
    return Cost(
        calls=MOST_CALLS,
        prompt_tokens=MOST_CALLS * question.prompt_tokens(),
        completion_tokens=MOST_CALLS * question.max_tokens,
    )


def plus(one: Cost, other: Cost) -> Cost:
    """Both together."""
    return Cost(
        calls=one.calls + other.calls,
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        completion_tokens=one.completion_tokens + other.completion_tokens,
    )
