"""Facts: real facts, by relation, on which a pre-trained language model is edited.

Whole relations are held out for validation and test, as are some wordings of every relation. An edit gives a subject
the answer of another subject of its relation. In scope: ``main``, ``rephrase``, ``true_false`` and, where answers
belong to one subject, ``reverse`` (both hard). Out of scope, about other facts: ``random``, ``neighbour`` (of the same
relation or subject; hard), ``rephrase``, ``true_false`` and ``reverse``. Portability: ``two_hop`` and ``alias``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from pydantic import BaseModel, Field

from serac.problems.base_pairs import BaseData, BasePair
from serac.problems.draw import coin, shuffled
from serac.problems.native_files import read_jsonl
from serac.problems.problem import Problem
from serac.problems.splits import Embed, Judged, Split, SplitReport, Splits, SplitSettings, collect
from serac.records import Edit, EditExample, Query

FILE = "facts/facts.jsonl"
TRUE_OR_FALSE = "True or false: {}"

KINDS = {
    "main": "the edit's question",
    "rephrase": "rephrases",
    "true_false": "true/false",
    "reverse": "reverse",
    "random": "random",
    "neighbour": "neighbours",
    "two_hop": "two hops",
    "alias": "aliases",
}


class FactsSettings(SplitSettings):
    """Facts: real facts that a language model is edited on; the source says which relations are held out."""

    splits: dict[Split, str] = Field(
        {"train": "train", "validation": "validation", "test": "test"}, description="the source's name for each split"
    )
    draws: int = Field(4, ge=1, description="different new answers per training fact; validation and test get one")
    rephrases: int = Field(1, ge=0, description="in-scope rephrases per edit")
    neighbours: int = Field(
        2, ge=0, description="out-of-scope questions per edit, of the same relation or the same subject"
    )
    random: int = Field(1, ge=0, description="out-of-scope questions per edit, of random other facts")
    derived: int = Field(1, ge=0, description="out-of-scope inputs per edit of each derived kind, about other facts")
    base_validation: float = Field(
        0.05, ge=0, lt=1, description="share of the base model's questions held out for validation"
    )


class Fact(BaseModel):
    """One line of the source; ``{o}`` in a text is the place of the answer."""

    relation: str
    table: str
    split: str
    subject: str
    answers: list[str] = Field(min_length=1)
    questions: list[str] = Field(min_length=1)
    held_out_questions: list[str] = Field(min_length=1)
    statements: list[str] = Field(min_length=2)
    reverse: list[str]
    two_hops: dict[str, str]
    alias_questions: list[str]

    @property
    def group(self) -> str:
        """Identifies the fact."""
        return f"{self.table}/{self.relation}/{self.subject}"

    @property
    def answer(self) -> str:
        """The usual answer."""
        return self.answers[0]


def prepare(raw: Path, settings: FactsSettings, embed: Embed | None, seed: int) -> Splits:
    """Edits of all splits from ``raw/facts``; ``embed`` is not used: neighbours are known from the tables."""
    facts = read_facts(raw)

    def one_split(split: Split, own: list[Fact], report: SplitReport) -> list[EditExample]:
        return list(_edits(own, _Pool(facts, own, settings, trained=split == "train"), f"{seed}/{split}"))

    return collect("facts", {split: _of(facts, settings, split, seed) for split in settings.splits}, one_split)


def read_facts(raw: Path) -> list[Fact]:
    """All facts of the source; raises ``MissingSourceError`` and ``RecordError``."""
    return [fact for _, fact in read_jsonl(raw / FILE, Fact)]


def base_pairs(raw: Path, settings: FactsSettings, seed: int) -> BaseData:
    """All questions with their answers; a pre-trained base model needs none of them."""
    pairs = [BasePair(question, fact.answer) for fact in read_facts(raw) for question in fact.questions]
    random.Random(f"{seed}/base").shuffle(pairs)
    held_out = round(len(pairs) * settings.base_validation)
    return BaseData(pairs[held_out:], pairs[:held_out])


def _of(facts: Sequence[Fact], settings: FactsSettings, split: Split, seed: int) -> list[Judged[Fact]]:
    """The facts of a split; ``limits`` keeps a seeded choice of them, in the file's order."""
    own = [fact for fact in facts if fact.split == settings.splits[split]]
    limit = min(settings.limits.get(split, len(own)), len(own))
    chosen = sorted(random.Random(f"{seed}/limit/{split}").sample(range(len(own)), limit))
    return [Judged(own[place], None) for place in chosen]


def _edits(facts: Sequence[Fact], pool: _Pool, seed: str) -> Iterator[EditExample]:
    for relation in dict.fromkeys(fact.relation for fact in facts):
        some = [fact for fact in facts if fact.relation == relation]
        for draw in range(pool.settings.draws if pool.trained else 1):
            answers = new_answers(some, pool.by_relation[relation], random.Random(f"{seed}/{relation}/{draw}"))
            for fact, answer in zip(some, answers, strict=True):
                if answer is not None:
                    rng = random.Random(f"{seed}/{fact.group}/{draw}")
                    yield EditExample(
                        id=f"{fact.group}/{draw}",
                        group=fact.group,
                        edit=Edit(fact.questions[0], answer, fact.subject),
                        in_scope=tuple(pool.in_scope(fact, answer, rng)),
                        out_of_scope=tuple(pool.out_of_scope(fact, answer, rng)),
                        portability=tuple(pool.portability(fact, answer, rng)),
                    )


def new_answers(facts: Sequence[Fact], everyone: Sequence[Fact], rng: random.Random) -> list[str | None]:
    """A wrong answer for each of some facts of one relation: the answers of the others, each once as far as possible.

    Then an answer of ``everyone``, all facts of the relation; None where they share one answer. Answers that are
    used once keep reverse questions unambiguous.
    """
    left = [fact.answer for fact in facts]
    rng.shuffle(left)
    chosen: list[str | None] = []
    for fact in facts:
        wrong = [answer for answer in left if answer not in fact.answers]
        if wrong:
            left.remove(wrong[0])
        else:
            wrong = [other.answer for other in shuffled(everyone, rng) if other.answer not in fact.answers]
        chosen.append(wrong[0] if wrong else None)
    return chosen


class _Pool:
    """Draws the inputs of edits of one split: ``own`` facts are edited, ``facts`` are asked about."""

    def __init__(self, facts: Sequence[Fact], own: Sequence[Fact], settings: FactsSettings, *, trained: bool) -> None:
        self.facts, self.settings, self.trained = facts, settings, trained
        self.by_relation = _grouped(facts, lambda fact: fact.relation)
        self.by_subject = _grouped(facts, lambda fact: f"{fact.table}/{fact.subject}")
        edited = {fact.relation for fact in own}
        self.kept = [fact for fact in facts if trained or fact.relation not in edited]
        """Facts whose answers no edit of the split gives to another subject."""
        self.edited = edited

    # --- in scope ------------------------------------------------------------------------------
    def in_scope(self, fact: Fact, answer: str, rng: random.Random) -> Iterator[Query]:
        yield Query(fact.questions[0], answer, "main")
        rephrases = fact.questions[1:] if self.trained else fact.held_out_questions
        for question in rng.sample(rephrases, min(self.settings.rephrases, len(rephrases))):
            yield Query(question, answer, "rephrase")
        wrong = fact.answer if coin(rng) else self._wrong([*fact.answers, answer], fact, rng)
        for said, verdict in ((answer, True), (wrong, False)):
            yield Query(self._statement(fact, said, rng), str(verdict), "true_false", hard=True)
        if fact.reverse:
            yield Query(self._reverse(fact, answer, rng), fact.subject, "reverse", hard=True, aliases=_bare(fact))

    def portability(self, fact: Fact, answer: str, rng: random.Random) -> Iterator[Query]:
        """A question that names the subject by another fact, which no edit changes, and one that uses its alias."""
        hops = [text for column, text in fact.two_hops.items() if self.trained or column not in self.edited]
        if hops:
            yield Query(rng.choice(hops), answer, "two_hop", hard=True)
        if fact.alias_questions:
            yield Query(rng.choice(fact.alias_questions), answer, "alias", hard=True)

    # --- out of scope --------------------------------------------------------------------------
    def out_of_scope(self, fact: Fact, answer: str, rng: random.Random) -> Iterator[Query]:
        taken = {fact.group}
        siblings, same = self.by_relation[fact.relation], self.by_subject[f"{fact.table}/{fact.subject}"]
        near = chain.from_iterable(zip(shuffled(same, rng), shuffled(siblings, rng), strict=False))
        near = chain(near, shuffled(siblings, rng))
        yield from _ask(near, self.settings.neighbours, taken, "neighbour", lambda other: other.questions[0], hard=True)
        far = shuffled(self.facts, rng)
        yield from _ask(far, self.settings.random, taken, "random", lambda other: other.questions[0])
        for _ in range(self.settings.derived):
            other = self._other(siblings if coin(rng) else self.facts, taken, rng)
            hard = other.relation == fact.relation
            rephrase = rng.choice(other.questions[1:] if self.trained else other.held_out_questions)
            yield Query(rephrase, other.answer, "rephrase", hard, about=other.group)
            other = self._other(siblings if coin(rng) else same, taken, rng)
            true = coin(rng)
            said = other.answer if true else self._wrong([*other.answers, answer], other, rng)
            yield Query(self._statement(other, said, rng), str(true), "true_false", True, about=other.group)
            reversible = [other for other in self.kept if other.reverse and other.answer != answer]
            near_by = [other for other in reversible if other.table == fact.table]
            other = self._other(near_by if near_by and coin(rng) else reversible, taken, rng)
            yield Query(self._reverse(other, other.answer, rng), other.subject, "reverse", True, about=other.group)

    def _other(self, facts: Sequence[Fact], taken: set[str], rng: random.Random) -> Fact:
        chosen = next((fact for fact in shuffled(facts, rng) if fact.group not in taken), None)
        chosen = chosen or next(fact for fact in shuffled(self.kept, rng) if fact.group not in taken and fact.reverse)
        taken.add(chosen.group)
        return chosen

    # --- texts ---------------------------------------------------------------------------------
    def _statement(self, fact: Fact, answer: str, rng: random.Random) -> str:
        texts = fact.statements[:-1] if self.trained else fact.statements[-1:]
        return TRUE_OR_FALSE.format(_with(rng.choice(texts), answer))

    def _reverse(self, fact: Fact, answer: str, rng: random.Random) -> str:
        return _with(rng.choice(fact.reverse[:-1] if self.trained else fact.reverse[-1:]), answer)

    def _wrong(self, right: Sequence[str], fact: Fact, rng: random.Random) -> str:
        others = shuffled(self.by_relation[fact.relation], rng)
        return next((other.answer for other in others if other.answer not in right), "none")


def _ask(
    facts: Iterable[Fact], number: int, taken: set[str], kind: str, text: Callable[[Fact], str], *, hard: bool = False
) -> Iterator[Query]:
    """Questions about the first ``number`` of the facts that are not ``taken`` yet."""
    for fact in facts:
        if number == 0:
            return
        if fact.group not in taken:
            taken.add(fact.group)
            number -= 1
            yield Query(text(fact), fact.answer, kind, hard, about=fact.group, aliases=tuple(fact.answers[1:]))


def _grouped(facts: Sequence[Fact], key: Callable[[Fact], str]) -> dict[str, list[Fact]]:
    groups: dict[str, list[Fact]] = {}
    for fact in facts:
        groups.setdefault(key(fact), []).append(fact)
    return groups


def _with(text: str, answer: str) -> str:
    filled = text.replace("{o}", answer)
    return filled[0].upper() + filled[1:]


def _bare(fact: Fact) -> tuple[str, ...]:
    return (fact.subject.removeprefix("the "),) if fact.subject.startswith("the ") else ()


PROBLEM = Problem(
    title="Facts",
    tasks=("chat",),
    settings=FactsSettings,
    raw_files=lambda settings: [FILE],
    prepare=prepare,
    base_pairs=base_pairs,
    queries_per_edit=lambda settings, encoder: (
        4 + settings.rephrases + settings.neighbours + settings.random + 3 * settings.derived
    ),
    kinds=KINDS,
)
