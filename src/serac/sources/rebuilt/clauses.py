"""A clause and what can be said and asked with it (Ribeiro et al. 2019: statement, yes/no and entailed questions)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_AUXILIARIES = {"is", "was", "are", "were", "can", "could", "has", "had", "have", "will"}
_PREPOSITION = re.compile(r"\b(?:in|on|at|by|of|from|to|for|with|over|as|into|after)(?: the)? $")


@dataclass(frozen=True, slots=True)
class Clause:
    """``left`` verb ``right``, with what it is about.

    ``base`` is the infinitive of a main verb ("" where ``verb`` is an auxiliary), ``subject`` and ``answer`` are
    substrings of ``left`` or ``right``; ``person`` says whether to ask for the subject by "who".

    >>> born = Clause("Rainer Schütterle", "was", "born in Kehl", "", "Rainer Schütterle", "Kehl", True)
    >>> born.statement
    'Rainer Schütterle was born in Kehl.'
    >>> born.yes_no
    'Was Rainer Schütterle born in Kehl?'
    >>> born.about_subject
    'Who was born in Kehl?'
    >>> born.about_answer
    'What was Rainer Schütterle born in?'
    """

    left: str
    verb: str
    right: str
    base: str
    subject: str
    answer: str
    person: bool

    @property
    def statement(self) -> str:
        """The clause as a sentence."""
        return _sentence(f"{self.left} {self.verb} {self.right}", ".")

    @property
    def yes_no(self) -> str:
        """The question whether the clause is true."""
        return _sentence(f"{self._auxiliary} {self.left} {self._inner}", "?")

    @property
    def about_subject(self) -> str:
        """The question that the subject answers; "" where the clause gives none.

        >>> Clause("Sega", "published", "Wing Arms", "publish", "Wing Arms", "Sega", False).about_subject
        'What did Sega publish?'
        >>> Clause("the father of Ada", "was", "Rex", "", "Ada", "Rex", True).about_subject
        'Who was Rex the father of?'
        """
        return self._about(self.subject, "who" if self.person else "what")

    @property
    def about_answer(self) -> str:
        """The question that the answer answers, worded anew; "" where the clause gives none.

        >>> Clause("Lim Boo Chang", "is", "a politician", "", "Lim Boo Chang", "politician", True).about_answer
        ''
        """
        return self._about(self.answer, "what") if _asks_alone(self.left, self.right, self.answer) else ""

    @property
    def _auxiliary(self) -> str:
        if not self.base:
            return self.verb
        return "does" if self.verb != self.base and self.verb.endswith("s") else "did"

    @property
    def _inner(self) -> str:
        return f"{self.base} {self.right}" if self.base else self.right

    def _about(self, gap: str, word: str) -> str:
        if not gap:
            return ""
        if self.left.casefold().removeprefix("the ") == gap.casefold().removeprefix("the "):
            return _sentence(f"{word} {self.verb} {self.right}", "?")
        if self.right == gap or self.right.endswith(f" {gap}"):
            rest = _without(self._inner, gap)
            return _sentence(f"{word} {self._auxiliary} {self.left} {rest}", "?")
        owner, _, owned = self.left.partition("'s ")
        if owner == gap and owned:
            return _sentence(f"whose {owned} {self.verb} {self.right}", "?")
        if self.left.endswith(f" {gap}") and not self.base and self.right == self.answer:
            return _sentence(f"{word} {self.verb} {self.right} {_without(self.left, gap)}", "?")
        return ""


def _asks_alone(left: str, right: str, answer: str) -> bool:
    """Whether a single "what" can stand for the answer: behind a preposition or a verb, not in a noun phrase."""
    rest = right.removesuffix(answer)
    return answer in (left, right) or bool(_PREPOSITION.search(rest))


def is_auxiliary(verb: str) -> bool:
    """Whether a finite verb forms its questions without "do"."""
    return verb in _AUXILIARIES


def _without(text: str, gap: str) -> str:
    """``text`` without ``gap`` at its end, nor an article in front of it."""
    rest = text.removesuffix(gap).rstrip()
    return rest.removesuffix(" the").removesuffix(" an").removesuffix(" a")


def _sentence(text: str, end: str) -> str:
    text = " ".join(text.split())
    return text[:1].upper() + text[1:] + end
