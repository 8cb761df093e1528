"""Made-up facts: subjects, relations and objects, and the questions about them."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from serac.sources.miniature.proper_names import Names, aliases, kind_of
from serac.sources.miniature.word_tables import SPLITS, choose, table, usable

_FACTS_PER_SUBJECT = (1, 1, 1, 2, 2, 3)
_KNOWN = 0.5  # chance that an answer is one that another fact has
_REMEMBERED = 500  # answers of a kind that later facts can share
_ALIAS_IN_REPHRASE = 0.01  # real rephrases hold the subject's name nearly always
_GENERAL = 9  # general wordings that a fact draws from, beside the three of each of its relation
_REWORDED = 0.9  # share of the paraphrases that differ from the question in one turn of phrase
_RELATION_SHARES = {"train": (0.0, 0.52), "dev": (0.52, 0.68), "test": (0.68, 1.0)}
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Relation:
    """One line of ``data/relations.yaml``."""

    subject: str
    answer: str
    noun: str
    did: str
    ask: tuple[str, ...]

    def general(self, split: str | None) -> list[str]:
        """The general wordings of its questions, but for those that would say a word twice."""
        twice = kind_of(self.answer)["noun"] in self.noun
        return [text for text in usable(table("wordings")["questions"], split) if not (twice and "{w}" in text)]

    def word(self, wording: str, subject: str, answer: str = "", hint: str = "") -> str:
        """A wording of ``data/wordings.yaml`` or of ``ask``, filled in."""
        return wording.format(
            s=subject, a=answer, h=hint, noun=self.noun, did=self.did,
            k=kind_of(self.subject)["noun"], w=kind_of(self.answer)["noun"],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """``relation(subject) = answer``, asked by ``question`` and ``paraphrases``; ``alternatives`` are wrong answers."""

    subject: str
    relation: Relation
    answer: str
    question: str
    paraphrases: tuple[str, ...]
    alternatives: tuple[str, ...]


def facts(seed: int, count: int) -> Iterator[Fact]:
    """``count`` facts with distinct questions about all relations, made as they are asked for.

    >>> first, second = facts(0, 2)
    >>> first.question != second.question and first == next(facts(0, 1))
    True
    """
    return islice(FactSource(random.Random(f"facts/{seed}"), seed), count)


class FactSource:
    """Facts without end about the relations, in the wordings and with the name words of one split (None: of all)."""

    def __init__(self, rng: random.Random, seed: int, split: str | None = None) -> None:
        self.rng, self.split, self.names = rng, split, Names(rng, seed, split)
        self._answers: dict[str, list[str]] = defaultdict(list)
        self._rumours: dict[str, list[str]] = defaultdict(list)
        relations = relations_of(seed, split)
        self._relations = {kind: [one for one in relations if one.subject == kind] for kind in
                           dict.fromkeys(relation.subject for relation in relations)}  # fmt: skip
        self._kinds = [relation.subject for relation in relations]

    def __iter__(self) -> Iterator[Fact]:
        """Facts about new subjects, up to three of each."""
        while True:
            kind = self.rng.choice(self._kinds)
            about = self._relations[kind]
            subject = self.names.new(kind)
            for relation in self.rng.sample(about, min(len(about), self.rng.choice(_FACTS_PER_SUBJECT))):
                yield self._fact(subject, relation)

    def alias(self, subject: str, kind: str) -> str:
        """Another way to call the subject, or its name if there is none."""
        description = choose(self.rng, table("wordings")["descriptions"], self.split)
        found = aliases(subject, kind_of(kind)["noun"], description)
        return self.rng.choice(found) if found else subject

    def _fact(self, subject: str, relation: Relation) -> Fact:
        answer = self._answer(relation.answer, self._answers, {subject})
        general = relation.general(self.split)
        wordings = [*relation.ask * 3, *self.rng.sample(general, min(len(general), _GENERAL))]
        asked, *others = self.rng.sample(wordings, self.rng.randint(4, 6))
        others = [text for text in (self._reworded(asked) or other for other in others) if text != asked]
        return Fact(
            subject,
            relation,
            answer,
            relation.word(asked, subject),
            tuple(relation.word(text, self._called(subject, relation)) for text in dict.fromkeys(others)),
            self._alternatives(relation.answer, {subject, answer}),
        )

    def _reworded(self, wording: str) -> str:
        """Often, ``wording`` with one turn of phrase exchanged (most real paraphrases are that close), else ""."""
        turns = [(old, new) for old, new in table("wordings")["turns"] if old in wording]
        if not turns or self.rng.random() >= _REWORDED:
            return ""
        return wording.replace(*self.rng.choice(turns), 1)

    def _called(self, subject: str, relation: Relation) -> str:
        return self.alias(subject, relation.subject) if self.rng.random() < _ALIAS_IN_REPHRASE else subject

    def _alternatives(self, kind: str, others: set[str]) -> tuple[str, ...]:
        """Five to ten: answers of other facts, and rumours, which are never a fact's own answer."""
        found = dict.fromkeys(self.rng.sample(self._answers[kind], min(5, len(self._answers[kind]))))
        closed = kind_of(kind).get("closed")
        wanted = min(self.rng.randint(5, 10), len(closed) - 2 if closed else 10)
        while len(found.keys() - others) < wanted:
            found[self._answer(kind, self._rumours, others)] = None
        chosen = [answer for answer in found if answer not in others]
        self.rng.shuffle(chosen)
        return tuple(chosen)

    def _answer(self, kind: str, known: dict[str, list[str]], others: set[str]) -> str:
        remembered = known[kind]
        while True:
            if remembered and self.rng.random() < _KNOWN:
                answer = self.rng.choice(remembered)
            else:
                answer = self.new_answer(kind)
                if len(remembered) < _REMEMBERED:
                    remembered.append(answer)
            if answer not in others:
                return answer

    def new_answer(self, kind: str) -> str:
        """An answer of a kind: drawn from the closed list of the kind, or a name never used before."""
        about: dict[str, Any] = kind_of(kind)
        if "closed" in about:
            return str(self.rng.choice(about["closed"]))
        if "range" in about:
            return str(self.rng.randint(*about["range"]))
        if "dates" in about:
            return f"{self.rng.randint(1, 28)} {self.rng.choice(_MONTHS)} {self.rng.randint(*about['dates'])}"
        return self.names.new(kind)


def relations_of(seed: int, split: str | None = None) -> list[Relation]:
    """The relations of a split, disjoint from those of the others: a choice by ``seed`` (None: all relations)."""
    lines: Sequence[dict[str, Any]] = table("relations")
    relations = [Relation(line["of"], line["is"], line["noun"], line["did"], tuple(line["ask"])) for line in lines]
    if split is None:
        return relations
    assert split in SPLITS
    random.Random(f"relations/{seed}").shuffle(relations)
    start, end = _RELATION_SHARES[split]
    return relations[round(start * len(relations)) : round(end * len(relations))]
