"""Names of entities: listed words and made-up ones, as distinctive as real names, no word in two splits."""

from __future__ import annotations

import functools
import random
import re
import zlib
from collections import defaultdict
from typing import Any

from serac.sources.miniature.word_tables import SPLITS, table

_SHARES = (11, 14, 20)  # of 20 words, the first 11 are for training, the next 3 for validation, the others for the test
_NEAR = 0.03  # share of the names that are a letter, a number or a first name away from one before
_FORBIDDEN = ("sex", "gender")  # the zsRE filters drop questions that contain them
_PLACES = re.compile(r"{(\w+)}")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Names:
    """Hands out names of the kinds in ``data/kinds.yaml``, each once.

    The words of a split's names depend on ``seed`` and are no other split's; without ``split`` all words are used.
    """

    def __init__(self, rng: random.Random, seed: int, split: str | None = None) -> None:
        self._rng, self._seed, self._split = rng, seed, split
        self._taken: set[str] = set()
        self._last: dict[str, str] = {}

    def new(self, kind: str) -> str:
        """A name that was never handed out before."""
        while True:
            near = kind in self._last and self._rng.random() < _NEAR
            name = self._near(self._last[kind]) if near else self._from_pattern(kind)
            if len(name) > 4 and name not in self._taken and not any(part in name.lower() for part in _FORBIDDEN):
                self._taken.add(name)
                self._last[kind] = name
                return name

    def near(self, name: str) -> str | None:
        """A name that was never handed out before, one letter or number away from ``name``, if there is one."""
        found = next((near for near in (self._near(name) for _ in range(20)) if near not in self._taken), None)
        if found:
            self._taken.add(found)
        return found

    def _from_pattern(self, kind: str) -> str:
        return self.filled(self._rng.choice(kind_of(kind)["names"]))

    def filled(self, pattern: str) -> str:
        """``pattern`` with its places filled, see ``data/kinds.yaml``."""
        return " ".join(self._word(part) if "{" in part else part for part in pattern.split(" "))

    def _word(self, pattern: str) -> str:
        while True:
            word = _PLACES.sub(self._fill, pattern)
            if self._own(word):
                return word

    def _fill(self, place: re.Match[str]) -> str:
        rng = self._rng
        match place[1]:
            case "word":
                return made_up(rng)
            case "n":
                return str(rng.randint(11, 10 ** rng.randint(2, 4)))
            case "letter":
                return rng.choice(_LETTERS).upper()
            case "letters":
                return "".join(rng.choices(_LETTERS, k=rng.randint(3, 5))).upper()
            case listed:
                word: str = rng.choice(table("words")[listed])
                return word[0].upper() + word[1:]

    def _own(self, word: str) -> bool:
        return self._split is None or split_of(word, self._seed) == self._split

    def _near(self, name: str) -> str:
        """``name`` with another number, or with one letter of its longest word changed."""
        words = name.split(" ")
        place = words.index(key_word(name))
        for position, word in enumerate(words):
            if word.isdecimal():
                place = position
        for _ in range(100):
            changed = self._changed(words[place])
            if self._own(changed):
                return " ".join([*words[:place], changed, *words[place + 1 :]])
        return name

    def _changed(self, word: str) -> str:
        if word.isdecimal():
            return str(int(word) + self._rng.randint(1, 9))
        place = self._rng.randrange(1, max(2, len(word)))
        return word[:place] + self._rng.choice(_LETTERS) + word[place + 1 :]


@functools.cache
def kind_of(kind: str) -> dict[str, Any]:
    """What ``data/kinds.yaml`` says of a kind of subjects or answers; ``names`` of its own or of the kind it shares."""
    kinds = table("kinds")
    about: dict[str, Any] = kinds["answers"].get(kind) or kinds["subjects"][kind]
    shared = about.get("open", kind)
    return {**kinds["subjects"].get(shared, {}), **about}


def split_of(word: str, seed: int) -> str:
    """The one split whose names may hold ``word``; singular and plural go together."""
    share = zlib.crc32(f"{seed}/{word.lower().strip('(),.').rstrip('s')}".encode()) % _SHARES[-1]
    return next(split for split, end in zip(SPLITS, _SHARES, strict=True) if share < end)


def key_word(name: str) -> str:
    """The longest word of a name, which short forms keep.

    >>> key_word("The Lantern of Oslo")
    'Lantern'
    """
    return max(name.split(" "), key=len)


def aliases(name: str, noun: str, description: str) -> list[str]:
    """Other ways to call ``name``, a ``noun``, none of which holds the name itself.

    The ``description`` with {k} and {h}, the first word abbreviated, or, of a single word, a spelling of its own.

    >>> aliases("Lena Varga", "person", "the {k} {h}")
    ['the person Varga', 'L. Varga']
    >>> aliases("Varga", "town", "the {k} {h}")
    ['Vaga']
    """
    first, *rest = name.split(" ")
    if not rest:
        middle = len(name) // 2
        return [name[:middle] + name[middle + 1 :]] if len(name) > 3 else []
    found = [description.format(k=noun, h=key_word(name))]
    if first.isalpha() and len(first) > 2:
        found.append(" ".join([first[0] + ".", *rest]))
    return found


def made_up(rng: random.Random) -> str:
    """A word that sounds like a family name of some language: letters follow one another as in the listed ones."""
    following = _following()
    while True:
        word = "^"
        while not word.endswith("$"):
            word += rng.choice(following[word[-3:]])
        if 4 <= len(word) - 2 <= 11:
            return word[1:-1].capitalize()


_CHAINS: dict[str, list[str]] = defaultdict(list)


def _following() -> dict[str, list[str]]:
    """Letters that follow up to three letters in the listed family names; ``^`` and ``$`` are start and end."""
    if not _CHAINS:
        for name in table("words")["family"]:
            text = f"^{name.lower()}$"
            for end in range(1, len(text)):
                _CHAINS[text[max(0, end - 3) : end]].append(text[end])
    return _CHAINS
