"""The English that wishes are told by: what a clause asks for, what it is about, and what makes it doubtful.

Rules, not guesses. A clause that says more than these rules read ("no politics until May", "horror books are fine") is
doubtful, and handed back whole: half a wish carried out is not what was wished.
"""

import re
from collections.abc import Callable, Iterator
from enum import Enum


class Wish(Enum):
    MORE = "more"
    LESS = "less"
    AVOID = "avoid"
    ALLOW = "allow"
    REMOVE = "remove"
    RESTORE = "restore"
    PIN = "pin"
    UNPIN = "unpin"
    LEARN = "learn"


_ASK = r"(?:could|can|would|will|may) (?:you|i|we)"
_I = rf"(?:i'm|i am|i'd|i would|i've|i have|i|we|please|also|maybe|really|just|do|would like|would|to|had|{_ASK})"
_NOT = r"(?:don't|do not|dont|doesn't|never|can't|cannot|not)"
_SHOW = r"show(?: me)?|recommend(?: me)?|suggest|give me"
_SHOWING = r"(?:showing(?: me)?|recommending(?: me)?|suggesting|giving me|sending(?: me)?)"
_LIKE = r"(?:love|like|enjoy|adore|want|need)(?: to (?:see|read|hear|have))?"
_GET = rf"(?:{_LIKE}|{_SHOW}|see|read|hear|have|get)"
_BIT = r"(?:a (?:bit|little|lot|tad) |much |far |way |some |even |slightly |lots )?"
_SO_MUCH = r"(?:so|that|as|too|quite so) (?:much|many)"
_CUES: tuple[tuple[Wish, str], ...] = (
    (Wish.ALLOW, rf"(?:stop|quit|no longer|{_NOT}) (?:avoid|avoiding|hide|hiding|block|blocking)|allow|unblock|unhide"),
    (Wish.UNPIN, rf"unpin|(?:stop|no longer|{_NOT}) (?:pin|pinning)"),
    (Wish.REMOVE, r"(?:no longer|not) (?:interested in|into)|don't care (?:about|for)|remove|delete|forget|drop|lose"),
    (Wish.REMOVE, rf"no longer {_LIKE}"),
    (Wish.RESTORE, r"bring back|restore|put back|undelete"),
    (Wish.PIN, r"pin|keep|always keep|hold on to"),
    (Wish.LESS, rf"(?:{_GET} )?{_BIT}(?:less|fewer)|not {_SO_MUCH}|{_NOT} {_GET} {_SO_MUCH}|turn down|tone down"),
    (Wish.LESS, r"(?:tired|sick|bored) (?:of|by|with)|enough(?: of)?|too (?:much|many)"),
    (Wish.LESS, r"not (?:that|so|very|really|all that|too|particularly) (?:interested in|into|fond of|keen on)"),
    (Wish.AVOID, rf"(?:no|not) (?:more|any)|(?:{_NOT}|stop) (?:{_SHOW}|{_LIKE}|stand|bear)(?: any)?"),
    (Wish.AVOID, rf"(?:stop|quit) {_SHOWING}|never again|no longer (?:{_SHOW})"),
    (Wish.AVOID, r"nothing (?:about|on|with|of)|avoid|stop|hide|block|hate|dislike|without|no|never"),
    (Wish.MORE, rf"(?:{_GET} )?{_BIT}more|add|turn up|{_LIKE}|{_SHOW}"),
    (Wish.MORE, r"interested in|into|curious about|a fan of|fan of|fond of|keen on"),
)
"""In this order: of several that fit, the first is meant."""

_READ = tuple((wish, re.compile(rf"(?:{_I}\s+)*(?:{pattern})(?=\s|$)[\s:]*", re.IGNORECASE)) for wish, pattern in _CUES)
NEGATED = re.compile(rf"(?:{_I}\s+)*{_NOT}\b", re.IGNORECASE)
_NOT_THAT = re.compile(r"(?:just )?not\s+(?!sure|really|always|bad|now)(?=\S)", re.IGNORECASE)
_WHOLE = re.IGNORECASE
_OF = r"(?:the weights? (?:of|for) )?"
_ITSELF = r"(?: (?:for |by )?(?:itself|themselves)| (?:its|their)(?: own)? weights?| again| from (?:now on|what i do))"
_AROUND: tuple[tuple[Wish, re.Pattern[str]], ...] = tuple(
    (wish, re.compile(rf"(?:{_I}\s+)*{pattern}", _WHOLE))
    for wish, pattern in (
        (Wish.LEARN, rf"let {_OF}(?P<topic>.+?)(?:'s weight)? (?:decide|learn|adjust|settle){_ITSELF}*"),
        (Wish.LEARN, rf"let {_OF}(?P<topic>.+?)(?:'s weight)? be (?:learned|learnt|relearned)(?: again)?"),
        (Wish.LEARN, rf"(?:learn|work out) {_OF}(?P<topic>.+?)(?:'s weight)? again"),
        (Wish.LEARN, rf"(?:relearn|reset|unhold|let go of|stop holding|{_NOT} hold) {_OF}(?P<topic>.+?)(?:'s weight)?"),
        (Wish.RESTORE, r"(?:bring|put|get) (?P<topic>.+?) back"),
        (Wish.LESS, r"make (?P<topic>.+?) (?:less important|weaker)"),
        (Wish.MORE, r"make (?P<topic>.+?) (?:more important|stronger)"),
        (Wish.ALLOW, r"(?:okay|ok|fine|good) with (?P<topic>.+?)(?: again| now)*"),
        (Wish.ALLOW, r"(?:you (?:can|may) )?(?:show|recommend)(?: me)? (?P<topic>.+?) again"),
    )
)
"""A wish that stands around what it is about."""
AFTER = re.compile(r"(?P<topic>.+?):?\s+(?:a (?:bit|little|lot) )?(?P<cue>less|more)", _WHOLE)
"""Behind it ("politics less"): only where it is something that the profile has."""
EVERYTHING = re.compile(r"everything|(?:all )?(?:of )?(?:the |my )?(?:weights|interests|them)", _WHOLE)

REPLACE = (
    re.compile(
        r"(?:replace|change|rename|rewrite|call|turn)\s+(?P<old>.+?)\s+(?:with|by|to|into|as)\s+(?P<new>.+)", _WHOLE
    ),
    re.compile(r"(?:swap|exchange)\s+(?P<old>.+?)\s+(?:for|with)\s+(?P<new>.+)", _WHOLE),
    re.compile(r"(?:more\s+)?(?P<new>.+?)\s+(?:instead of|rather than)\s+(?P<old>.+)", _WHOLE),
)
SET = re.compile(
    r"(?:(?:set|put|weigh|raise|increase|lower|reduce|turn(?: up| down)?)\s+)?(?P<topic>.+?)\s+(?:to|at)\s+"
    r"(?:(?P<percent>\d{1,3})\s?(?:%|percent)|(?P<weight>-?[01]?\.\d+))",
    _WHOLE,
)

_QUOTED = r'"[^"]*"|“[^”]*”'
_PIECE = re.compile(rf"(?:{_QUOTED}|[^.;,!?\n]|\.(?=\w)|(?<=\.\w)\.)+")
_JOINED = re.compile(rf"({_QUOTED})|(?:^|\s+)(?:and|but|or|plus|&)\s+(?:also\s+|then\s+)?", re.IGNORECASE)
_BULLET = re.compile(r"^(?:[-*\u2022\u2013\u2014]+\s*)+")
ARTICLES = re.compile(
    r"^(?:the|a|an|any|some|all|of|about|on|my|especially|particularly|including|such as|"
    r"(?:stuff|things|news|articles|stories|posts|content|items|anything|something)\s+(?:about|on|like))\s+",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"\s+(?:please|any ?more|any longer|again|at all|these days|nowadays|in (?:my|the) (?:feed|profile)|"
    r"recommendations?)$",
    re.IGNORECASE,
)
_POLITE = re.compile(r"(?:yes|ok|okay|please|thanks|thank you|hi|hello)(?: please)?", re.IGNORECASE)
_WORD = re.compile(r"\w+")

_LIMITS = re.compile(
    r"\b(?:except|excluding|unless|until|till|apart from|other than|besides|if|than|because|"
    r"for now|for a while|today|tonight|tomorrow|this (?:week|weekend|month|year))\b",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"(?:it|this|that|them|these|those|same|everything|anything|something|nothing|all|me)", re.IGNORECASE
)
_SENTENCE = re.compile(
    r"^(?:it|it's|they|he|she|we|you|i|i'm|i've|this|that|that's|these|those|there|because|since|so|which|who|what|not|"
    r"only|just|yes)\b|\b(?:is|are|was|were|am|isn't|aren't|makes?|bores?|yes|no)\b|\b(?:it|that|this|them)$",
    re.IGNORECASE,
)


def clauses(text: str) -> list[str]:
    """Without those that are only polite."""
    pieces = _PIECE.findall(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    parts = (_BULLET.sub("", part) for piece in pieces for part in _unjoined(piece.strip()))
    return [part for part in parts if part and not _POLITE.fullmatch(part)]


def _unjoined(piece: str) -> list[str]:
    """At "and" and "but", but not inside quotation marks, nor where that leaves a part that says nothing."""
    parts, start = [], 0
    for joint in _JOINED.finditer(piece):
        if joint.group(1) is None:
            parts.append(piece[start : joint.start()])
            start = joint.end()
    return [part.strip() for part in (*parts, piece[start:]) if _WORD.search(part)]


def around(clause: str) -> Iterator[tuple[Wish, str]]:
    """What may be wished by words on both sides of what it is about."""
    for wish, pattern in _AROUND:
        if (match := pattern.fullmatch(topic_of(clause, articles=False))) or (match := pattern.fullmatch(clause)):
            yield wish, match["topic"]


def cue(clause: str, before: Wish | None = None) -> tuple[Wish | None, str]:
    """What is wished, and of what. After a wish for more, "not that" is a wish, too."""
    for wish, pattern in _READ:
        if (match := pattern.match(clause)) is not None:
            rest = clause[match.end() :]
            # "don't remove", "no less": a wish about a wish. And "more" of nothing is none.
            turned = NEGATED.match(match.group()) is not None and cue(rest)[0] is not None
            return (None, clause) if turned else (wish, rest)
    if before is Wish.MORE and (match := _NOT_THAT.match(clause)):
        return Wish.AVOID, clause[match.end() :]
    return None, clause


def topic_of(text: str, *, articles: bool = True) -> str:
    """Without quotation marks, articles and courtesies."""
    text = _settled(lambda one: _TAIL.sub("", ARTICLES.sub("", one.strip()) if articles else one.strip()), text)
    return text.strip(" \"“”'") if articles else text


def is_doubtful(said: str, *, goes_on: bool) -> bool:
    """Whether it says more, or less, than what a wish is about. `goes_on`: it has no cue of its own. What stands in
    quotation marks is meant as it is."""
    said = said.strip()
    if re.fullmatch(_QUOTED, said):
        return False
    if _NOTHING.fullmatch(topic_of(said)) or _LIMITS.search(said):
        return True
    return goes_on and _SENTENCE.search(said) is not None


def _settled(step: Callable[[str], str], text: str) -> str:
    while (after := step(text)) != text:
        text = after
    return text
