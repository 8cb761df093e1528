"""A stream of arbitrarily many distinct facts, some with rephrased questions and questions with another meaning."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import count

from serac.records import Edit, EditExample, Query
from serac.sources.miniature.fact_source import Fact, FactSource, Relation
from serac.sources.miniature.word_tables import table

OUT_OF_SCOPE = {
    "other_relation": "same subject",
    "other_subject": "same relation",
    "near_name": "near-duplicate name",
    "random": "random",
}
"""Kinds of questions that no fact of the stream answers, and what figures call them."""
_FACTS_PER_SUBJECT = (1, 1, 2, 3, 5, 8)


def large_corpus(seed: int, asked: int, split: str | None = "test") -> Iterator[EditExample]:
    """Facts without end, made as they are asked for, with the relations, names and wordings of ``split``.

    The first ``asked`` carry inputs: paraphrases, and one out-of-scope question per kind of ``OUT_OF_SCOPE``, whose
    subject and relation no fact of the stream has, however long it is. Every prefix of the stream is the same corpus.

    >>> numbers = large_corpus(0, 1)
    >>> first, second = next(numbers), next(numbers)
    >>> sorted({query.kind for query in first.out_of_scope} - set(OUT_OF_SCOPE)), second.out_of_scope
    ([], ())
    """
    source = _CorpusSource(random.Random(f"large_corpus/{seed}"), seed, split)
    numbers = count()
    for fact, others in source.subjects():
        number = next(numbers)
        wanted = number < asked
        yield EditExample(
            id=f"fact{number}",
            group=fact.subject,
            edit=Edit(fact.question, fact.answer),
            in_scope=tuple(Query(text, fact.answer, "rephrase") for text in fact.paraphrases) if wanted else (),
            out_of_scope=source.out_of_scope(fact, others) if wanted else (),
        )


class _CorpusSource(FactSource):
    def subjects(self) -> Iterator[tuple[Fact, list[Relation]]]:
        """Facts, each with the relations in which no fact has its subject."""
        while True:
            kind = self.rng.choice(self._kinds)
            about = self.rng.sample(self._relations[kind], len(self._relations[kind]))
            known = self.rng.choice(_FACTS_PER_SUBJECT)
            subject = self.names.new(kind)
            for relation in about[:known]:
                yield self._fact(subject, relation), about[known:]

    def _alternatives(self, kind: str, others: set[str]) -> tuple[str, ...]:
        return ()

    def out_of_scope(self, fact: Fact, others: list[Relation]) -> tuple[Query, ...]:
        """A question of every kind, except where the subject stands in all relations or all near names are taken."""
        pattern, _ = self.rng.choice(table("questions"))
        questions = {"random": self.names.filled(pattern)}
        subjects = {"other_subject": self.names.new(fact.relation.subject), "near_name": self.names.near(fact.subject)}
        questions |= {kind: self._question(name, fact.relation) for kind, name in subjects.items() if name}
        if others:
            questions["other_relation"] = self._question(fact.subject, self.rng.choice(others))
        return tuple(Query(questions[kind], "", kind) for kind in OUT_OF_SCOPE if kind in questions)

    def _question(self, subject: str, relation: Relation) -> str:
        return relation.word(self.rng.choice([*relation.ask * 3, *relation.general(self.split)]), subject)
