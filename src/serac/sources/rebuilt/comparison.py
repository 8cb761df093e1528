"""Whether a rebuilt statement says the same as a real one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from serac.sources.rebuilt.words import infinitives

_ARTICLES = {"a", "an", "the"}
_BE = {"is", "was", "are", "were"}
_FUNCTION = _ARTICLES | {
    "be",
    "in",
    "on",
    "at",
    "by",
    "of",
    "for",
    "to",
    "from",
    "as",
    "s",
    "with",
    "that",
    "which",
    "who",
}


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of real statements that the rebuilt ones match, and what does not match.

    ``same``: equal when normalised. ``same_content``: also where only order and function words differ ("X was made by
    Y" for "Y made X"). ``different`` holds (rebuilt, real) of all that are not ``same``.
    """

    pairs: int
    same: float
    same_content: float
    different: list[tuple[str, str]]


def normalised(statement: str) -> list[str]:
    """Words in lower case, without quotes, punctuation and articles; every form of "be" alike.

    >>> normalised('The song "One" was by Metallica.') == normalised("Song One is by Metallica")
    True
    """
    words = re.findall(r"\w+", statement.casefold().replace("'s", " s"))
    return ["be" if word in _BE else word for word in words if word not in _ARTICLES]


def content(statement: str) -> Counter[str]:
    """Stems of the words that carry meaning.

    >>> content("Wing Arms was published by Sega.") == content("Sega published Wing Arms.")
    True
    """
    return Counter(_stem(word) for word in normalised(statement) if word not in _FUNCTION)


def score(pairs: Iterable[tuple[str, str]]) -> Score:
    """Compare (rebuilt, real) statements; pairs whose real one is empty are left out.

    >>> score([("A is B.", "The A was B."), ("B made C.", "C was made by B.")])
    Score(pairs=2, same=0.5, same_content=1.0, different=[('B made C.', 'C was made by B.')])
    """
    kept = [(rebuilt, real) for rebuilt, real in pairs if real.strip()]
    different = [(rebuilt, real) for rebuilt, real in kept if normalised(rebuilt) != normalised(real)]
    alike = sum(content(rebuilt) == content(real) for rebuilt, real in kept)
    total = max(1, len(kept))
    return Score(len(kept), (len(kept) - len(different)) / total, alike / total, different)


def _stem(word: str) -> str:
    return infinitives(word)[0] if infinitives(word) else word
