"""QA: edits of zsRE facts. Paper, section 3.

In scope: the question itself (``main``) and rephrases. Out of scope: random questions of other facts (``random``) or
of Natural Questions (``nq``). Difference to the reference, on purpose: its out-of-scope pool knows nothing of whose
input a row is, so a row can be the edit's own question with its original answer; here it is about another fact.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from pydantic import BaseModel

from serac.config.problems_data import QaSettings, Split, ZsreSettings
from serac.errors import RecordError
from serac.problems import zsre
from serac.problems.draw import shuffled
from serac.problems.files import read_json
from serac.problems.splits import Embed, SplitReport, Splits, collect, load_splits
from serac.problems.zsre import Fact
from serac.records import Edit, EditExample, Query


def prepare(raw: Path, settings: QaSettings, embed: Embed | None, seed: int) -> Splits:
    """Edits of all splits from ``raw/zsre`` (and ``raw/nq``); ``embed`` is not needed."""
    nq = _nq_questions(raw, settings, seed) if settings.nq else None

    def one_split(split: Split, facts: list[Fact], report: SplitReport) -> list[EditExample]:
        kept = kept_facts(raw, settings, split, facts, report)
        pool = nq[split] if nq else [main_question(fact, "random") for fact in kept]
        return edits_of(
            kept,
            settings.draws if split == "train" else 1,
            f"{seed}/{split}",
            lambda fact, label, rng: in_scope(fact, label, settings.rephrases, rng),
            lambda fact, taken, rng: others(pool, fact, taken, settings.random, rng),
        )

    return collect("qa", zsre.facts_by_split(raw, settings, seed), one_split)


def kept_facts(raw: Path, settings: ZsreSettings, split: Split, facts: list[Fact], report: SplitReport) -> list[Fact]:
    """The facts that pass the filters, counted in ``report``."""
    subset = zsre.read_subset(raw / "zsre" / settings.subsets[split]) if split in settings.subsets else None
    return report.keep(facts, zsre.fault(settings, subset))


def edits_of(
    facts: Sequence[Fact],
    draws: int,
    seed: str,
    inside: Callable[[Fact, str, random.Random], list[Query]],
    outside: Callable[[Fact, set[str], random.Random], list[Query]],
) -> list[EditExample]:
    """Up to ``draws`` edits of every fact, each to another alternative.

    ``inside(fact, label, rng)`` gives the in-scope inputs; ``outside(fact, taken, rng)`` the out-of-scope ones, none
    of them a text of ``taken`` (the fact's own inputs). A fact's draws depend on ``seed`` and its line alone.
    """
    examples = []
    for fact in facts:
        rng = random.Random(f"{seed}/{fact.line}")
        labels = list(dict.fromkeys(rng.sample(fact.alternatives, len(fact.alternatives))))[:draws]
        for number, label in enumerate(labels):
            queries = inside(fact, label, rng)
            taken = {fact.question, *fact.rephrases, *(query.input for query in queries)}
            examples.append(
                EditExample(
                    id=f"{fact.line}-{number}",
                    group=fact.question,
                    edit=Edit(fact.question, label),
                    in_scope=tuple(queries),
                    out_of_scope=tuple(outside(fact, taken, rng)),
                )
            )
    return examples


def in_scope(fact: Fact, label: str, rephrases: int, rng: random.Random) -> list[Query]:
    """The question itself and at most ``rephrases`` of its rephrases, with the new label."""
    chosen = islice(shuffled(fact.rephrases, rng), rephrases)
    return [Query(fact.question, label, "main"), *(Query(text, label, "rephrase") for text in chosen)]


def main_question(fact: Fact, kind: str, *, hard: bool = False) -> Query:
    """The question of a fact as an out-of-scope input, with its original answer."""
    return Query(fact.question, fact.answer, kind, hard=hard, about=fact.question)


def others(pool: Sequence[Query], fact: Fact, taken: set[str], count: int, rng: random.Random) -> list[Query]:
    """At most ``count`` different inputs of ``pool`` that are not about ``fact``."""
    chosen: dict[str, Query] = {}
    for query in shuffled(pool, rng):
        if len(chosen) == count:
            break
        if query.about != fact.question and query.input not in taken:
            chosen.setdefault(query.input, query)
    return list(chosen.values())


class _NaturalQuestions(BaseModel):
    questions: list[str]
    answers: list[str | list[str]]


def _nq_questions(raw: Path, settings: QaSettings, seed: int) -> dict[Split, list[Query]]:
    def read(name: str) -> list[Query]:
        path = raw / "nq" / f"{name}.json"
        native = read_json(path, _NaturalQuestions)
        if len(native.questions) != len(native.answers):
            raise RecordError(path, 1, f"{len(native.questions)} questions but {len(native.answers)} answers")
        pairs = zip(native.questions, native.answers, strict=True)
        return [
            Query(question, answer, "nq")
            for question, given in pairs
            if question.strip() and (answer := _first_text(given))
        ]

    return load_splits(settings.nq_files, read, lambda query: query.input, seed)


def _first_text(answers: str | list[str]) -> str:
    """The first answer that is not blank, "" if there is none."""
    return next((text for text in ([answers] if isinstance(answers, str) else answers) if text.strip()), "")
