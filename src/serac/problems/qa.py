"""QA: edits of zsRE facts. Paper, section 3.

In scope: the question itself (``main``) and rephrases. Out of scope: random questions of other facts (``random``) or
of Natural Questions (``nq``). Deliberate difference from the reference: its out-of-scope pool does not record which
edit a row belongs to, so a row can be the edit's own question with its original answer; here it is about another fact.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from pydantic import Field

from serac.problems import natural_questions, zsre
from serac.problems.base_pairs import BaseData, BasePair, read_pairs
from serac.problems.draw import coin, shuffled
from serac.problems.natural_questions import NqFiles
from serac.problems.problem import Problem
from serac.problems.splits import SPLITS, Embed, Split, SplitReport, Splits, collect
from serac.problems.zsre import Fact, ZsreSettings
from serac.records import Edit, EditExample, Query


class QaSettings(ZsreSettings):
    """QA: edits of zsRE facts; rephrases in scope, random other questions out of scope."""

    rephrases: int = Field(1, ge=1, description="in-scope rephrases per edit")
    random: int = Field(2, ge=1, description="out-of-scope questions per edit")
    rephrased: bool = Field(
        False,
        description="half of the out-of-scope pool are rephrased questions of other facts (ref); false: none (ours)",
    )
    nq: bool = Field(False, description="take the out-of-scope questions from Natural Questions instead of zsRE")
    nq_files: NqFiles = Field(NqFiles(), description="which NQ file serves which split")


def raw_files(settings: QaSettings) -> list[str]:
    """Files, relative to the folder of raw sources."""
    return zsre.raw_files(settings) + (natural_questions.raw_files(settings.nq_files) if settings.nq else [])


def prepare(raw: Path, settings: QaSettings, embed: Embed | None, seed: int) -> Splits:
    """Edits of all splits from ``raw/zsre`` (and ``raw/nq``); ``embed`` is not needed."""
    nq = natural_questions.questions(raw, settings.nq_files, seed) if settings.nq else None

    def one_split(split: Split, facts: list[Fact], report: SplitReport) -> list[EditExample]:
        pool = nq[split] if nq else [main_question(fact, "random") for fact in facts]
        if settings.rephrased and not nq:
            chosen = (
                (fact, random.Random(f"{seed}/{split}/pool/{fact.line}").choice(fact.rephrases)) for fact in facts
            )
            pool += [Query(text, fact.answer, "rephrase", about=fact.question) for fact, text in chosen]
        return edits_of(
            facts,
            settings.draws if split == "train" else 1,
            f"{seed}/{split}",
            lambda fact, label, rng: in_scope(fact, label, settings.rephrases, rng),
            lambda fact, taken, rng: others(pool, fact, taken, settings.random, rng),
        )

    return collect("qa", zsre.facts_by_split(raw, settings, seed), one_split)


def edits_of(
    facts: Sequence[Fact],
    draws: int,
    seed: str,
    inside: Callable[[Fact, str, random.Random], list[Query]],
    outside: Callable[[Fact, set[str], random.Random], list[Query]],
) -> list[EditExample]:
    """Up to ``draws`` edits of every fact, each to a different alternative.

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


def base_pairs(raw: Path, settings: ZsreSettings, seed: int) -> BaseData:
    """The facts of all splits that have an answer, before any filter: the base model knows what the editors change.

    Questions and rephrases with the original answer, implications with their own, and every statement once with the
    original answer (``True``) and once with an alternative (``False``). ``settings.base_validation`` of the pairs
    other than the questions themselves are held out. With ``settings.reading``
    the exercises of ``raw/reading`` are added.
    """
    by_split = zsre.facts_by_split(raw, settings, seed)
    facts = [one.record for split in SPLITS for one in by_split[split] if one.record.answer]
    questions = dict.fromkeys(BasePair(fact.question, fact.answer) for fact in facts)
    rest = dict.fromkeys(pair for fact in facts for pair in _derived(fact, f"{seed}/base/{fact.question}"))
    if settings.base_inputs == "questions":
        rest = dict.fromkeys(BasePair(text, fact.answer) for fact in facts for text in fact.rephrases)
    rng = random.Random(f"{seed}/base")
    held_out = {pair for pair in rest if pair not in questions and coin(rng, settings.base_validation)}
    train = [pair for pair in dict.fromkeys([*questions, *rest]) if pair not in held_out]
    read, unseen = ([], [])
    if settings.reading:
        read, unseen = (read_pairs(raw / "reading" / f"{name}.jsonl") for name in ("train", "validation"))
    return BaseData(train + read, [pair for pair in rest if pair in held_out] + unseen)


def _derived(fact: Fact, seed: str) -> list[BasePair]:
    rng = random.Random(seed)
    pairs = [BasePair(text, fact.answer) for text in fact.rephrases]
    pairs += [BasePair(question, answer) for question, answer in fact.implications]
    if fact.has_statement:
        pairs.append(BasePair(zsre.statement(fact, fact.answer, rng), "True"))
        if wrong := fact.other_alternatives(fact.answer):
            pairs.append(BasePair(zsre.statement(fact, rng.choice(wrong), rng), "False"))
    return pairs


KINDS = {
    "main": "edit input",
    "rephrase": "rephrase",
    "implication": "implication",
    "true_false": "True/False",
    "random": "random",
    "neighbour": "neighbour",
    "nq": "NQ",
}
"""Kinds of inputs of both problems made from zsRE."""

PROBLEM = Problem(
    title="QA",
    tasks=("seq2seq", "causal"),
    settings=QaSettings,
    raw_files=raw_files,
    prepare=prepare,
    base_pairs=base_pairs,
    queries_per_edit=lambda settings, encoder: 1 + settings.rephrases + settings.random,
    kinds=KINDS,
)
