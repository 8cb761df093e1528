"""zsRE in the KnowledgeEditor layout: native records and the rules that draw inputs from them.

Paper, section 3 (QA and QA-hard); parity: ``data_zsre``. Deliberate differences from the reference: answers are
replaced as literal text (the reference reads backslashes of the new answer as a template); a record whose
alternatives are all equal has no False statement (the reference's search for another one never ends); implications or
statements for more records than there are stop the run (the reference ignores the surplus, though the files cannot
be aligned); blank texts are dropped.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from serac.errors import RecordError
from serac.problems.draw import coin
from serac.problems.native_files import lines, read_json, read_jsonl
from serac.problems.splits import Judged, Split, SplitSettings, load_splits

PROMPTS = ("True or False: ", "True/False: ", "T/F: ", "Answer True or False: ")


class ZsreSettings(SplitSettings):
    """Settings shared by all problems made from zsRE."""

    implications: bool = Field(True, description="read impl_{split}.json")
    true_false: bool = Field(True, description="read zsre_yn_{split}.txt")
    drop_substrings: tuple[str, ...] = Field(
        ("sex", "gender"), description="questions that contain one of these are dropped (case-sensitive)"
    )
    subsets: dict[Split, str] = Field(
        {}, description="files in the same folder that list the line numbers (from 0) that a split may use"
    )
    draws: int = Field(3, ge=1, description="different new answers per training record; validation and test get one")
    base_inputs: Literal["questions", "all"] = Field(
        "all",
        description="what a base model is trained on: questions and rephrases (ref), or all kinds of inputs (ours)",
    )
    base_validation: float = Field(
        0.05, gt=0, lt=1, description="share of the base model's pairs held out for validation; never a main question"
    )
    reading: bool = Field(
        False,
        description="the base model also learns reading comprehension (raw/reading: questions about other facts)",
    )


_Implication = tuple[str, str, Any]  # question, answer, and a third field that is never read


class _Answer(BaseModel):
    answer: str | None = None


class _Native(BaseModel):
    input: str = Field(min_length=1)
    alternatives: list[str]
    filtered_rephrases: list[str]
    output: list[_Answer]


@dataclass(frozen=True, slots=True)
class Fact:
    """One record: a question with its original answer and everything derived from it.

    ``line`` counts the records of the file from 0. ``implications`` are (question, answer) pairs. ``statement`` is
    the True/False line, stripped, with " - " as "-". The question is also the ``group``. Only facts that the filters
    drop may lack an answer (``""``).
    """

    line: int
    question: str
    answer: str
    alternatives: tuple[str, ...]
    rephrases: tuple[str, ...]
    implications: tuple[tuple[str, str], ...] = ()
    statement: str = ""

    @property
    def usable_implications(self) -> tuple[tuple[str, str], ...]:
        """Those that contain the original answer, and so follow from it."""
        return tuple(pair for pair in self.implications if self.answer and self.answer in pair[0])

    @property
    def has_statement(self) -> bool:
        """Whether the statement contains the original answer, and so is true of it."""
        return bool(self.answer) and contains(self.statement, self.answer)

    def other_alternatives(self, label: str) -> list[str]:
        """Alternatives that differ from ``label``."""
        return [alternative for alternative in self.alternatives if alternative != label]


def read_facts(records: Path, implications: Path | None = None, statements: Path | None = None) -> list[Fact]:
    """Parse native files; the two optional ones are aligned with ``records`` and padded if they are shorter.

    Raises ``MissingSourceError``, and ``RecordError`` for a malformed or misaligned line.
    """
    natives = read_jsonl(records, _Native)
    implied = _implications(implications, len(natives)) if implications else [[]] * len(natives)
    stated = _statements(statements, len(natives)) if statements else [""] * len(natives)
    return [
        _fact(records, number, native, pairs, text)
        for (number, native), pairs, text in zip(natives, implied, stated, strict=True)
    ]


def facts_by_split(raw: Path, settings: ZsreSettings, seed: int) -> dict[Split, list[Judged[Fact]]]:
    """All facts of ``raw/zsre`` by split, with the filter that drops them."""
    folder = raw / "zsre"

    def read(name: str) -> list[Fact]:
        return read_facts(
            folder / f"structured_zeroshot-{name}-new_annotated_final.jsonl",
            folder / f"impl_{name}.json" if settings.implications else None,
            folder / f"zsre_yn_{name}.txt" if settings.true_false else None,
        )

    facts = load_splits(settings, read, lambda fact: fact.question, seed, lambda fact: fault(fact, settings))
    for split, file in settings.subsets.items():
        subset = read_subset(folder / file)
        facts[split] = [
            one if one.record.line in subset else Judged(one.record, "not_in_subset") for one in facts[split]
        ]
    return facts


def raw_files(settings: ZsreSettings) -> list[str]:
    """Files that the edits and the base model's pairs are made from, relative to the folder of raw sources."""
    patterns = ["structured_zeroshot-{}-new_annotated_final.jsonl"]
    patterns += ["impl_{}.json"] if settings.implications else []
    patterns += ["zsre_yn_{}.txt"] if settings.true_false else []
    files = [pattern.format(name) for name in dict.fromkeys(settings.splits.values()) for pattern in patterns]
    reading = ["reading/train.jsonl", "reading/validation.jsonl"] if settings.reading else []
    return [*(f"zsre/{file}" for file in [*files, *settings.subsets.values()]), *reading]


def fault(fact: Fact, settings: ZsreSettings) -> str | None:
    """The first filter that drops a fact; None if it is kept."""
    if not fact.alternatives:
        return "no_alternative"
    if not fact.rephrases:
        return "no_rephrase"
    if any(part in fact.question for part in settings.drop_substrings):
        return "dropped_substring"
    return None


def read_subset(path: Path) -> set[int]:
    """Line numbers, one per line."""
    numbers = set()
    for number, text in lines(path):
        if not text.strip().isdecimal():
            raise RecordError(path, number, f"not a line number: {text!r}")
        numbers.add(int(text))
    return numbers


def clean_rephrases(question: str, rephrases: list[str]) -> tuple[str, ...]:
    """The rephrases without the first occurrence of the question itself.

    >>> clean_rephrases("Who?", ["Which one?", "Who?"])
    ('Which one?',)
    """
    cleaned = list(rephrases)
    if question in cleaned:
        cleaned.remove(question)
    return tuple(cleaned)


def contains(text: str, answer: str) -> bool:
    """Whether ``answer`` occurs in ``text``, in any case.

    >>> contains("She lives in ROME.", "Rome")
    True
    """
    return re.search(re.escape(answer), text, flags=re.IGNORECASE) is not None


def replace_answer(text: str, old: str, new: str) -> str:
    """``text`` with every occurrence of ``old``, in any case, replaced by ``new``; both are literal text.

    >>> replace_answer("She lives in rome.", "Rome", "Oslo")
    'She lives in Oslo.'
    """
    return re.sub(re.escape(old), lambda _: new, text, flags=re.IGNORECASE)


def implication(fact: Fact, pair: tuple[str, str], label: str) -> tuple[str, str]:
    """A usable implication when ``label`` is the new answer: (question, answer)."""
    return replace_answer(pair[0], fact.answer, label), pair[1]


def prompted(statement: str, rng: random.Random) -> str:
    """The statement behind one of the four prompts, in lower case half of the time."""
    prompt = rng.choice(PROMPTS)
    return (prompt.lower() if coin(rng) else prompt) + statement


def statement(fact: Fact, answer: str, rng: random.Random) -> str:
    """The fact's statement, saying ``answer``, as a True/False question."""
    return prompted(replace_answer(fact.statement, fact.answer, answer), rng)


def _fact(path: Path, number: int, native: _Native, implications: list[_Implication], statement: str) -> Fact:
    fact = Fact(
        line=number - 1,
        question=native.input,
        answer=next((entry.answer for entry in native.output if entry.answer and entry.answer.strip()), ""),
        alternatives=tuple(text for text in native.alternatives if text.strip()),
        rephrases=tuple(text for text in clean_rephrases(native.input, native.filtered_rephrases) if text.strip()),
        implications=tuple((asked, implied) for asked, implied, _ in implications if asked.strip() and implied.strip()),
        statement=statement,
    )
    if not fact.answer and fact.alternatives and fact.rephrases:
        raise RecordError(path, number, "output holds no answer")
    return fact


def _implications(path: Path, count: int) -> list[list[_Implication]]:
    entries = read_json(path, list[list[_Implication]])
    _check_alignment(path, len(entries), count)
    return entries + [[]] * (count - len(entries))


def _statements(path: Path, count: int) -> list[str]:
    texts = [text.strip().replace(" - ", "-") for _, text in lines(path)]
    _check_alignment(path, len(texts), count)
    return texts + [""] * (count - len(texts))


def _check_alignment(path: Path, found: int, count: int) -> None:
    if found > count:
        raise RecordError(path, count + 1, f"{found} entries for {count} records: the files are not aligned")
