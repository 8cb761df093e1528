"""zsRE-like questions in the KnowledgeEditor layout, with implications and True/False statements."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from serac.sources.miniature.fact_source import Fact, FactSource
from serac.sources.miniature.proper_names import key_word
from serac.sources.miniature.word_tables import choose, table, usable

_ALIAS_IN_STATEMENT = 0.65

Implication = list[str]


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the three aligned zsRE files; ``fact`` is None for records that a loader must drop."""

    fact: Fact | None
    native: dict[str, Any]
    implications: list[Implication]
    statement: str


def make_split(rng: random.Random, seed: int, count: int, split: str) -> list[Record]:
    """``count`` records; relations, name words and most wordings are the split's own."""
    source = FactSource(rng, seed, split)
    unusable = _unusable_records(source)
    facts = list(islice(source, count - len(unusable)))
    every = [_implications(source, fact) for fact in facts]
    uses = Counter(question for entries in every for question, _, _ in entries)
    known = {(fact.relation, fact.answer) for fact in facts}
    records = unusable + [
        _record(source, fact, [entry for entry in entries if uses[entry[0]] == 1], known)
        for fact, entries in zip(facts, every, strict=True)
    ]
    rng.shuffle(records)
    return records


def reading(rng: random.Random, facts: Iterable[Fact]) -> list[dict[str, str]]:
    """Exercises in reading: a statement about each fact, then a question, answered by what the statement says."""
    statements = usable(table("wordings")["statements"], "train")
    exercises = []
    for fact in facts:
        answer = rng.choice(fact.alternatives)
        statement = fact.relation.word(rng.choice(statements), fact.subject, answer)
        exercises.append({"input": f"{statement} {rng.choice(fact.paraphrases)}", "label": answer})
    return exercises


def _implications(source: FactSource, fact: Fact) -> list[Implication]:
    """Questions for the subject, given the answer alone or with a word of the subject's name."""
    tables, hint = table("wordings"), key_word(fact.subject)
    kinds = ["inverse", *(["named"] * 2 if hint != fact.subject else [])]
    entries = {
        fact.relation.word(choose(source.rng, tables[kind], source.split), "", fact.answer, hint): kind
        for kind in kinds
    }
    return [
        [question, fact.subject, kind]
        for question, kind in entries.items()
        if question.lower().count(fact.answer.lower()) == 1 and fact.subject not in question
    ]


def _record(source: FactSource, fact: Fact, implications: list[Implication], known: set[tuple[Any, str]]) -> Record:
    rng, relation = source.rng, fact.relation
    rephrases = list(fact.paraphrases)
    if rng.random() < 0.03:
        rephrases.insert(rng.randrange(len(rephrases)), fact.question)  # the sources repeat some questions
    # an edit to another fact's answer would make an implication ambiguous: such alternatives only where others lack
    clear = [answer for answer in fact.alternatives if (relation, answer) not in known]
    alternatives = clear if len(clear) >= 5 else list(fact.alternatives)
    native = {
        "input": fact.question,
        "prediction": fact.answer if rng.random() < 0.9 else rng.choice(alternatives),
        "alternatives": alternatives,
        "filtered_rephrases": rephrases,
        "output": [{"answer": fact.answer}],
        "subject": fact.subject,
        "relation": relation.noun,
    }
    called = source.alias(fact.subject, relation.subject) if rng.random() < _ALIAS_IN_STATEMENT else fact.subject
    statement = relation.word(choose(rng, table("wordings")["statements"], source.split), called, fact.answer)
    usable_statement = rng.random() >= 0.04 and statement.lower().count(fact.answer.lower()) == 1
    return Record(fact, native, implications, statement if usable_statement else "")


def _unusable_records(source: FactSource) -> list[Record]:
    """Records that the loaders' filters drop: forbidden words, no alternative, no rephrase."""
    first, second, third, fourth = (source.names.new("person") for _ in range(4))
    city, other = source.names.new("city"), source.names.new("city")
    return [
        _unusable(f"What is the gender of {first}?", "female", ["male"], [f"Which gender does {first} have?"]),
        _unusable(f"What sex does {second} have?", "female", ["male"], [f"What is the sex of {second}?"]),
        _unusable(f"Where was {third} born?", city, [], [f"In which city was {third} born?"]),
        _unusable(f"Where did {fourth} die?", city, [other], []),
    ]


def _unusable(question: str, answer: str, alternatives: list[str], rephrases: list[str]) -> Record:
    native = {
        "input": question,
        "prediction": answer,
        "alternatives": alternatives,
        "filtered_rephrases": rephrases,
        "output": [{"answer": answer}],
    }
    return Record(None, native, [], "")
