"""`python -m tests.workers.played` folds one long mailbox in 384 dimensions and prints a digest of every record
on the way: the same in every process, on every processor."""

from dataclasses import replace
from hashlib import sha256

import numpy as np

from schemas.interaction import Signal
from tests.workers.mailbox import KINDS, RULES, SPACE, TOPICS, Mailbox, all_items, fold_bytes, phrase_vectors
from workers.knowledge import Knowledge
from workers.ports import ItemRecord
from workers.refit import FitRules
from workers.vectors import pack, unit

DIMENSION = 384
SIGNALS = (Signal.CLICK, Signal.LIKE, Signal.SKIP, Signal.CLICK, Signal.DISLIKE, Signal.RETRACT)


def random_world() -> Knowledge:
    """The items and phrases of the small world with vectors as long as MiniLM's, topics a little alike."""
    rng = np.random.default_rng(7)
    axes = {topic: rng.standard_normal(DIMENSION) for topic in TOPICS}
    items, phrases = all_items(), sorted(phrase_vectors())

    def near(topic: str) -> bytes:
        own = 1.5 * rng.standard_normal(DIMENSION)
        return pack(unit(np.asarray([axes[topic] + own], np.float32)))[0]

    known = Knowledge()
    records = {item.key: ItemRecord(item.key, SPACE, near(item.phrases[0]), "", item.phrases, "") for item in items}
    known.learn_items(records, records)
    known.learn_phrases(phrases, {phrase: near(phrase.split()[-1]) for phrase in phrases})
    return known


def digest() -> str:
    mailbox = Mailbox()
    for number in range(240):
        topic = TOPICS[number * number % 7 % len(TOPICS)]
        item = f"{topic}-{number * len(KINDS) % 11}"
        mailbox.send(item, SIGNALS[number % 23 % len(SIGNALS)], at=number * 9_000.0)
    background = np.random.default_rng(8).standard_normal((DIMENSION, 64)) / 200
    rules = replace(RULES, fit=FitRules(background.astype(np.float32)), window=100)
    known, raw, every = random_world(), None, sha256()
    for event in mailbox.events:
        raw = fold_bytes([event], raw, known, rules)
        every.update(raw)
    return every.hexdigest()


if __name__ == "__main__":
    print(digest())
