"""zsRE-like questions in the KnowledgeEditor layout, with implications and True/False statements."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from math import ceil
from typing import Any

from serac.sources.miniature.names import CONTINENTS, LANGUAGES, OCCUPATIONS, Names, distinctive_word
from serac.sources.miniature.relations import Relation
from serac.sources.miniature.relations_people import PEOPLE_RELATIONS
from serac.sources.miniature.relations_places import PLACE_RELATIONS
from serac.sources.miniature.relations_works import WORK_RELATIONS

RELATIONS = PEOPLE_RELATIONS + WORK_RELATIONS + PLACE_RELATIONS
FOUNDING_YEARS = tuple(str(year) for year in range(1900, 1970))
CLOSING_YEARS = tuple(str(year) for year in range(1950, 2020))

_FACTS_A_SUBJECT = (1, 1, 1, 2, 2, 3)

Implication = list[str]


@dataclass(frozen=True, slots=True)
class Fact:
    """``relation(subject) = answer``."""

    subject: str
    relation: Relation
    answer: str


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the three aligned zsRE files; ``fact`` is None for records that a loader must drop."""

    fact: Fact | None
    native: dict[str, Any]
    implications: list[Implication]
    statement: str


def make_split(rng: random.Random, names: Names, count: int, *, split: str) -> list[Record]:
    """``count`` records about entities that no other split has, with rephrases of the split's own."""
    pools = _answer_pools(rng, names, count)
    rumours = _rumours(names, count)
    unusable = _unusable_records(rng, names)
    facts = _facts(rng, names, pools, count - len(unusable))
    implications = _implications(rng, facts)
    taken = {question for entries in implications for question, _, _ in entries}
    records = unusable + [
        _record(rng, fact, entries, _alternatives(rng, fact, pools, rumours, entries, taken), split)
        for fact, entries in zip(facts, implications, strict=True)
    ]
    rng.shuffle(records)
    return records


# --- facts -------------------------------------------------------------------------------------
def _answer_pools(rng: random.Random, names: Names, count: int) -> dict[str, list[str]]:
    """Small enough that several facts share an answer. Parents come from the first half of the people."""
    half = max(20, count // 14)
    women, men = names.take("woman", half), names.take("man", half)
    elders = women[: half // 2] + men[: half // 2]
    younger = women[half // 2 :] + men[half // 2 :]
    rng.shuffle(younger)
    return {
        "woman": women,
        "man": men,
        "elders": elders,
        "younger": younger,
        "person": women + men,
        "city": names.take("city", max(20, count // 16)),
        "country": names.take("country", max(14, count // 24)),
        "river": names.take("river", max(14, count // 24)),
        "occupation": list(OCCUPATIONS),
        "language": list(LANGUAGES),
        "continent": list(CONTINENTS),
        "founding year": list(FOUNDING_YEARS),
        "closing year": list(CLOSING_YEARS),
    }


def _rumours(names: Names, count: int) -> dict[str, list[str]]:
    """Names that are nobody's original answer: new answers must be copied from an edit, not recalled."""
    women, men = names.take("woman", count // 3), names.take("man", count // 3)
    city, river = names.take("city", count // 6), names.take("river", count // 10)
    return {"woman": women, "man": men, "person": women + men, "city": city, "river": river}


def _facts(rng: random.Random, names: Names, pools: dict[str, list[str]], count: int) -> list[Fact]:
    quota = ceil(count / len(RELATIONS))
    facts: list[Fact] = []
    for kind in dict.fromkeys(relation.subject for relation in RELATIONS):
        relations = [relation for relation in RELATIONS if relation.subject == kind]
        about_kind: list[Fact] = []
        people = iter(pools["younger"])
        while len(about_kind) < quota * len(relations):
            subject = next(people, "") or _new_person(rng, names) if kind == "person" else names.take(kind, 1)[0]
            about_kind += _facts_about(rng, subject, relations, pools)
        facts += about_kind
    rng.shuffle(facts)
    return facts[:count]


def _new_person(rng: random.Random, names: Names) -> str:
    return names.take(rng.choice(("woman", "man")), 1)[0]


def _facts_about(
    rng: random.Random, subject: str, relations: list[Relation], pools: dict[str, list[str]]
) -> list[Fact]:
    chosen = rng.sample(relations, min(len(relations), rng.choice(_FACTS_A_SUBJECT)))
    facts: list[Fact] = []
    for relation in chosen:
        others = {fact.answer for fact in facts} | {subject}
        candidates = [name for name in pools[relation.answer] if name not in others]
        if relation.name in ("mother", "father"):
            candidates = [name for name in candidates if name in pools["elders"]]
        if relation.answer.endswith("year"):
            candidates = _possible_years(relation, candidates, facts)
        facts.append(Fact(subject, relation, rng.choice(candidates)))
    return facts


def _possible_years(relation: Relation, candidates: list[str], facts: list[Fact]) -> list[str]:
    """A company closes after it was founded."""
    known = {fact.relation.name: fact.answer for fact in facts}
    if relation.name == "closed":
        return [year for year in candidates if year > known.get("founded", "")]
    return [year for year in candidates if year < known.get("closed", "9999")]


# --- what follows from a fact --------------------------------------------------------------------
def _implications(rng: random.Random, facts: list[Fact]) -> list[list[Implication]]:
    """Up to three a fact; none that would have two answers in this split."""
    every = [_all_implications(fact) for fact in facts]
    uses = Counter(question for entries in every for question, _, _ in entries)
    return [_some(rng, [entry for entry in entries if uses[entry[0]] == 1]) for entries in every]


def _all_implications(fact: Fact) -> list[Implication]:
    hint = distinctive_word(fact.relation.subject, fact.subject)
    inverse = [[template.format(a=fact.answer), fact.subject, "inverse"] for template in fact.relation.inverse]
    named = [[template.format(a=fact.answer, h=hint), fact.subject, "named"] for template in fact.relation.named]
    return [entry for entry in inverse + named if hint not in fact.answer.split() or entry[2] == "inverse"]


def _some(rng: random.Random, entries: list[Implication]) -> list[Implication]:
    return sorted(rng.sample(entries, min(len(entries), rng.randint(2, 3))))


def _alternatives(
    rng: random.Random,
    fact: Fact,
    pools: dict[str, list[str]],
    rumours: dict[str, list[str]],
    entries: list[Implication],
    taken: set[str],
) -> list[str]:
    """Other answers of the type, half of them rumours; first those whose implications ask for no other subject."""
    kind = fact.relation.answer
    answers = [name for name in pools[kind] if name not in (fact.answer, fact.subject)]
    rng.shuffle(answers)
    rumoured = rng.sample(rumours.get(kind, []), min(5, len(rumours.get(kind, []))))
    candidates = answers[: 10 - len(rumoured)] + rumoured
    rng.shuffle(candidates)
    clear = [name for name in candidates if not any(entry[0].replace(fact.answer, name) in taken for entry in entries)]
    rest = [name for name in candidates if name not in clear]
    wanted = rng.randint(5, 10)
    return (clear + rest[: max(0, 5 - len(clear))])[:wanted]


# --- records -------------------------------------------------------------------------------------
def _record(rng: random.Random, fact: Fact, entries: list[Implication], alternatives: list[str], split: str) -> Record:
    question, *others = rng.sample(fact.relation.questions, len(fact.relation.questions))
    count = rng.randint(3, 6)
    rephrases = [*fact.relation.own_wording(split), *others][:count]
    if rng.random() < 0.03:
        rephrases.insert(rng.randrange(count), question)  # the sources repeat some questions
    native = {
        "input": question.format(s=fact.subject),
        "prediction": fact.answer if rng.random() < 0.9 else rng.choice(alternatives),
        "alternatives": alternatives,
        "filtered_rephrases": [template.format(s=fact.subject) for template in rephrases],
        "output": [{"answer": fact.answer}],
    }
    statement = rng.choice(fact.relation.statements).format(s=fact.subject, a=fact.answer)
    return Record(fact, native, entries, "" if rng.random() < 0.04 else statement)


def _unusable_records(rng: random.Random, names: Names) -> list[Record]:
    """Records that the loaders' filters drop: forbidden words, no alternative, no rephrase."""
    first, second, third, fourth = names.take("woman", 4)
    city, other = names.take("city", 2)
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
