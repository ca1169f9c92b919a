"""The rendered questions, written down: `python -m tests.infra.vllm.golden` writes them anew.

A prompt that was used is not changed. A better one is a new file with the next number, and these files then show what
is sent from now on.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from infra.vllm.proposer import describe_question, refine_question
from infra.vllm.wire import Question
from tests.infra.vllm.samples import ask, groups, hostile

FOLDER = Path(__file__).with_name("golden")


def questions() -> Iterator[tuple[str, Question]]:
    """Each with the name of its file."""
    yield "refine", refine_question(ask())
    yield "refine-nothing-known", refine_question(ask(interests=(), avoid=(), feedback=type(ask().feedback)()))
    yield "refine-hostile", refine_question(hostile())
    yield "describe", describe_question(groups())


def written(question: Question) -> str:
    """The whole body, readable: the prompt's lines one by one."""
    body = json.loads(question.body("MODEL", 3))
    for message in body["messages"]:
        message["content"] = message["content"].splitlines()
    return json.dumps(body, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, question in questions():
        (FOLDER / f"{name}.json").write_text(written(question), "utf-8")
