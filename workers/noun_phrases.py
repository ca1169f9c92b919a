"""Noun phrases of running text: the parts of a sentence that name something.

A word's part of speech comes from the Hanover Tagger (English, its model inside the package; C5 tags: NN0/NN1/NN2
common nouns, NP0 names, AJ0 adjectives). It is loaded when the first text is read: 0.3 s, 700 texts a second.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from workers.phrases import plain

_MODEL = "morphmodel_en.pgz"

_TOKEN = re.compile(r"[^\W_](?:[\w.'\u2019&-]*[^\W_])?|[^\w\s]")
_POSSESSIVE = re.compile(r"['\u2019]s?$")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")

LONGEST = 40
"""Characters of a word that are looked at, and a longer one is no noun. The tagger's time grows with their square: a
hostile title of one word of 500 took 0.6 s, with this 0.01."""

_NOUNS = frozenset({"NN0", "NN1", "NN2", "NP0"})
_NAME = "NP0"
_PLURAL = "NN2"
_ADJECTIVE = "AJ0"


class Word(NamedTuple):
    """One word, without its possessive. `ends` says that what begins before it does not reach over it: a possessive.
    `written` has it."""

    text: str
    tag: str
    ends: bool
    written: str

    @property
    def is_noun(self) -> bool:
        return self.tag in _NOUNS

    @property
    def is_name(self) -> bool:
        return self.tag == _NAME

    @property
    def singular(self) -> str:
        return (_lemma(self.written) if self.tag == _PLURAL else self.text).casefold()


def runs_of(text: str) -> Iterator[list[str]]:
    """Words between punctuation, in order: a phrase does not reach over a comma. A possessive ends its run."""
    for sentence in _SENTENCE.split(plain(text)):
        run: list[str] = []
        for token in _TOKEN.findall(sentence):
            core = _POSSESSIVE.sub("", token)
            if any(map(str.isalnum, core)):
                run.append(core)
            if core != token or not any(map(str.isalnum, token)):
                if run:
                    yield run
                run = []
        if run:
            yield run


def sentences(text: str) -> Iterator[list[Word]]:
    """The tagged words of each sentence; punctuation is a word without a tag."""
    for sentence in _SENTENCE.split(plain(text)):
        tokens = _TOKEN.findall(sentence)
        if tokens:
            tags = _tagger().tag_sent([token[:LONGEST] for token in tokens], taglevel=0)
            yield list(map(_word, tokens, tags))


def noun_phrases(sentence: Sequence[Word]) -> Iterator[list[Word]]:
    """The longest runs of adjectives and nouns that end in a noun."""
    run: list[Word] = []
    for word in sentence:
        if word.is_noun or word.tag == _ADJECTIVE:
            run.append(word)
            if not word.ends:
                continue
        yield from _whole(run)
        run = []
    yield from _whole(run)


def _word(token: str, tag: str) -> Word:
    core = _POSSESSIVE.sub("", token)
    is_word = any(map(str.isalpha, core)) and len(token) <= LONGEST
    return Word(core, tag if is_word else "", core != token, token)


@lru_cache(10_000)
def _lemma(plural: str) -> str:
    """Of the plurals only: to look up every word's takes half as long again as the tags."""
    return str(_tagger().analyze(plural, pos=_PLURAL)[0])


def _whole(run: list[Word]) -> Iterator[list[Word]]:
    end = len(run)
    while end and not run[end - 1].is_noun:
        end -= 1
    if end:
        yield run[:end]


@cache
def _tagger() -> Any:
    from HanTa.HanoverTagger import HanoverTagger

    return HanoverTagger(_MODEL)
