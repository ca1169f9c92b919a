"""Other people's words on their way into a prompt: data, whatever they say.

A chat template turns `<|im_start|>` in a title into the token itself, so a title could speak as somebody else. JSON's
quotes do not help against that. So the characters that such tokens are made of do not get through, in any of their
forms, nor do those that no person would see.
"""

import unicodedata

from workers.phrases import UNSEEN

_HARMLESS = str.maketrans({"<": "(", ">": ")", "[": "(", "]": ")", "{": "(", "}": ")", "|": "/", "`": "'", "▁": "_"})
"""Role tokens of the models in use are <|...|>, <...> and [...]; DeepSeek's have full-width bars, which NFKC undoes."""

_CUT = "..."


def quoted(text: str, most: int) -> str:
    """At most `most` characters that a person would see, on one line, none of them able to form a role token."""
    # NFKC first: full-width brackets and bars become plain ones, for the table to find.
    plain = unicodedata.normalize("NFKC", text)
    plain = "".join(map(_shown, plain)).translate(_HARMLESS)
    plain = " ".join(plain.split())
    return plain if len(plain) <= most else plain[: most - len(_CUT)].rstrip() + _CUT


def tidied(text: str) -> str | None:
    """A text that an LLM wrote, on one line; None where it holds what `quoted` would not let through."""
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    return plain if plain and quoted(plain, len(plain)) == plain else None


def _shown(character: str) -> str:
    """'' for what is invisible and joins (zero width, bidi, soft hyphen, tags, and variation selectors, in which
    whole texts hide), a space for what separates or is no character."""
    category = unicodedata.category(character)
    if category == "Cf" or character in UNSEEN:
        return ""
    return " " if category[0] in "CZ" else character
