"""QA-hard: QA with entailed questions and True/False statements, against neighbouring facts. Paper, section 3.

In scope besides ``main`` and ``rephrase``: ``implication`` and ``true_false`` (both hard). Out of scope: ``random`` and
``neighbour`` (hard) questions, and ``rephrase``, ``implication`` and ``true_false`` of other facts, hard where the
fact is a neighbour. All kinds are drawn in the numbers that the settings give; the reference cuts a pool into equal
shares instead. Deliberate differences: an out-of-scope input is never about the edit's own fact; a statement out of
scope is labelled by what it says (the reference labels it at random) and is never empty.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from serac.config.section import Section
from serac.errors import ConfigError
from serac.problems import qa, zsre
from serac.problems.draw import coin, shuffled, weighted
from serac.problems.neighbours import HardNegativeSettings, near_each_other
from serac.problems.problem import Problem
from serac.problems.splits import Embed, Split, SplitReport, Splits, collect
from serac.problems.zsre import Fact, ZsreSettings
from serac.records import EditExample, Query

DERIVED = ("rephrase", "implication", "true_false")
"""Kinds of inputs about other facts, apart from their questions themselves."""


class HardInScope(Section):
    """In-scope inputs per edit of QA-hard, in addition to the question itself."""

    rephrase: int = Field(1, ge=0, description="rephrases")
    implication: int = Field(1, ge=0, description="implications (hard)")
    true_false: int = Field(
        1, ge=0, description="statements (hard): true or false at random in training, as `verdicts` says in evaluation"
    )
    verdicts: Literal["one", "both"] = Field(
        "both",
        description="statements in evaluation: one at random, so that all kinds have the same weight (ref), or a true "
        "and a false one (ours)",
    )


class HardOutOfScope(Section):
    """Out-of-scope inputs per edit of QA-hard."""

    random: int = Field(1, ge=0, description="questions of random other facts")
    neighbour: int = Field(2, ge=0, description="questions of neighbouring facts (hard)")
    rephrase: int = Field(1, ge=0, description="rephrases of other facts")
    implication: int = Field(1, ge=0, description="implications of other facts")
    true_false: int = Field(1, ge=0, description="statements about other facts")


class QaHardSettings(ZsreSettings):
    """QA-hard: QA with implications and True/False statements in scope, neighbouring facts out of scope."""

    in_scope: HardInScope = Field(HardInScope(), description="in-scope inputs per edit, by kind")
    out_of_scope: HardOutOfScope = Field(HardOutOfScope(), description="out-of-scope inputs per edit, by kind")
    hard_negatives: HardNegativeSettings = Field(HardNegativeSettings(), description="which facts are neighbours")


def prepare(raw: Path, settings: QaHardSettings, embed: Embed | None, seed: int) -> Splits:
    """Edits of all splits from ``raw/zsre``; ``embed`` turns questions into vectors to find neighbours with.

    Raises ``ConfigError`` without ``embed``, unless the settings need no neighbours.
    """

    def one_split(split: Split, facts: list[Fact], report: SplitReport) -> list[EditExample]:
        outside = _OutOfScope(facts, settings, embed)
        return qa.edits_of(
            facts,
            settings.draws if split == "train" else 1,
            f"{seed}/{split}",
            lambda fact, label, rng: in_scope(
                fact, label, settings, rng, both=split != "train" and settings.in_scope.verdicts == "both"
            ),
            outside.draw,
        )

    return collect("qa_hard", zsre.facts_by_split(raw, settings, seed), one_split)


def in_scope(fact: Fact, label: str, settings: QaHardSettings, rng: random.Random, *, both: bool) -> list[Query]:
    """In-scope inputs of the edit to ``label``; ``both``: a True and a False version of every statement."""
    numbers = settings.in_scope
    queries = qa.in_scope(fact, label, numbers.rephrase, rng)
    for pair in islice(shuffled(fact.usable_implications, rng), numbers.implication):
        question, answer = zsre.implication(fact, pair, label)
        queries.append(Query(question, answer, "implication", hard=True))
    if fact.has_statement:
        for _ in range(numbers.true_false):
            queries += _statements(fact, label, rng, both=both)
    return queries


def _statements(fact: Fact, label: str, rng: random.Random, *, both: bool) -> list[Query]:
    """True with the new label, False with another alternative (a fact with one alternative has no False version)."""
    wrong = fact.other_alternatives(label)
    verdicts = [True, False] if both else [coin(rng)]
    if not wrong:
        verdicts = [True]
    return [
        Query(zsre.statement(fact, label if true else rng.choice(wrong), rng), str(true), "true_false", hard=True)
        for true in verdicts
    ]


class _OutOfScope:
    """Draws the out-of-scope inputs of one split."""

    def __init__(self, facts: Sequence[Fact], settings: QaHardSettings, embed: Embed | None) -> None:
        self.facts, self.numbers = facts, settings.out_of_scope
        self.kinds = [kind for kind in DERIVED if any(has(fact, kind) for fact in facts)]
        self.near = _Neighbours(facts, settings, embed)
        self.probability = self.near.probability

    def draw(self, fact: Fact, taken: set[str], rng: random.Random) -> list[Query]:
        """Out-of-scope inputs of all kinds; no text twice, none in ``taken``."""
        taken, queries = set(taken), []
        wanted = [
            *[("neighbour", True)] * self.numbers.neighbour,
            *[("random", False)] * self.numbers.random,
            *[(kind, coin(rng, self.probability)) for kind in self.kinds for _ in range(getattr(self.numbers, kind))],
        ]
        for kind, near in wanted:
            query = self._first(kind, fact, taken, rng, near=near)
            if query is None and near and kind != "neighbour":
                query = self._first(kind, fact, taken, rng, near=False)
            if query:
                taken.add(query.input)
                queries.append(query)
        return queries

    def _first(self, kind: str, fact: Fact, taken: set[str], rng: random.Random, *, near: bool) -> Query | None:
        for other in self.near.order(fact, rng) if near else shuffled(self.facts, rng):
            query = about(other, kind, rng, hard=near)
            if query and query.about != fact.question and query.input not in taken:
                return query
        return None


class _Neighbours:
    """Facts near each fact; none if the settings need none."""

    def __init__(self, facts: Sequence[Fact], settings: QaHardSettings, embed: Embed | None) -> None:
        rules = settings.hard_negatives
        self.facts, self.probability = facts, rules.probability
        self.rows: dict[int, int] = {}
        if not facts or (settings.out_of_scope.neighbour == 0 and rules.probability == 0):
            return
        if embed is None:
            raise ConfigError(
                "qa_hard needs a sentence encoder for its hard negatives. Hint: set problems.qa_hard.encoder"
            )
        questions = [fact.question for fact in facts]
        self.rows = {fact.line: row for row, fact in enumerate(facts)}
        self.indices, self.weights = near_each_other(questions, rules, embed)

    def order(self, fact: Fact, rng: random.Random) -> Iterator[Fact]:
        """Neighbours in random order, nearer ones more likely first."""
        row = self.rows[fact.line]
        near: np.ndarray = self.indices[row]
        return weighted([self.facts[index] for index in near.tolist()], self.weights[row].tolist(), rng)


def has(fact: Fact, kind: str) -> bool:
    """Whether there is any input of ``kind`` about the fact."""
    if kind == "implication":
        return bool(fact.implications)
    return kind != "true_false" or fact.has_statement


def about(other: Fact, kind: str, rng: random.Random, *, hard: bool) -> Query | None:
    """An input of ``kind`` about another fact as it was before any edit, or None if the fact has none."""
    if not has(other, kind):
        return None
    if kind in ("random", "neighbour"):
        return qa.main_question(other, kind, hard=hard)
    if kind == "rephrase":
        text, label = rng.choice(other.rephrases), other.answer
    elif kind == "implication":
        text, label = rng.choice(other.implications)
    else:
        wrong = other.other_alternatives(other.answer)
        true = coin(rng) or not wrong
        text, label = zsre.statement(other, other.answer if true else rng.choice(wrong), rng), str(true)
    return Query(text, label, kind, hard=hard, about=other.question)


def _queries_per_edit(settings: QaHardSettings, encoder: bool) -> int:
    inside = 1 + settings.in_scope.rephrase + settings.in_scope.implication + 2 * settings.in_scope.true_false
    outside: dict[str, int] = settings.out_of_scope.model_dump()
    return inside + sum(outside.values())


PROBLEM = Problem(
    title="QA-hard",
    tasks=qa.PROBLEM.tasks,
    settings=QaHardSettings,
    raw_files=zsre.raw_files,
    prepare=prepare,
    base_pairs=qa.base_pairs,
    queries_per_edit=_queries_per_edit,
    kinds=qa.KINDS,
    fault=lambda settings, encoder: (
        None
        if encoder or not (settings.out_of_scope.neighbour or settings.hard_negatives.probability)
        else "it has no encoder to find neighbours with. Hint: name a checkpoint in 'encoder'"
    ),
)
