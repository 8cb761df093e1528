"""Paraphrases: zsRE questions, each with a real paraphrase, statements and yes/no questions; only routing is measured.

Files have the KnowledgeEditor layout; records also name their ``subject``, four ``statements`` (a wrong and a right
statement, a wrong and a right yes/no question) and questions of Natural Questions (``nq``). An edit is a question with
another answer; everything about the same fact is in scope, whatever answer it names. Records of one subject are
one group, because several wordings of a fact are among them.
"""

from __future__ import annotations

import random
from pathlib import Path

from pydantic import BaseModel, Field

from serac.problems.base_pairs import BaseData, BasePair
from serac.problems.native_files import read_jsonl
from serac.problems.neighbours import hard_negatives
from serac.problems.problem import Problem
from serac.problems.splits import SPLITS, Embed, Judged, Split, SplitReport, Splits, SplitSettings, collect, load_splits
from serac.records import Edit, EditExample, Query

IN_SCOPE = ("main", "rephrase", "statement", "yes_no")
"""Kinds of inputs in scope."""


class ParaphraseSettings(SplitSettings):
    """Routing of real paraphrases, statements and yes/no questions of zsRE facts."""

    splits: dict[Split, str] = Field(
        {"train": "zsre_1000", "validation": "zsre_1000", "test": "zsre_1000"}, description="file of each split"
    )
    fractions: dict[Split, float] = Field(
        {"train": 0.5, "validation": 0.2, "test": 0.3},
        description="share of a file's subjects that each split gets, where splits share the file",
    )
    neighbours: int = Field(
        16, ge=0, description="out-of-scope questions per edit: the nearest about other subjects (needs an encoder)"
    )


class _Answer(BaseModel):
    answer: str


class _Record(BaseModel):
    input: str = Field(min_length=1)
    subject: str = Field(min_length=1)
    alternatives: list[str]
    filtered_rephrases: list[str]
    output: list[_Answer] = Field(min_length=1)
    nq: list[str]
    statements: list[str]


def raw_files(settings: ParaphraseSettings) -> list[str]:
    """Files, relative to the folder of raw sources."""
    return [f"paraphrases/{name}.jsonl" for name in dict.fromkeys(settings.splits.values())]


def prepare(raw: Path, settings: ParaphraseSettings, embed: Embed | None, seed: int) -> Splits:
    """Edits of all splits from ``raw/paraphrases``; with ``embed``, the nearest questions of other subjects."""

    def one_split(split: Split, records: list[_Record], report: SplitReport) -> list[EditExample]:
        near = _nearest(records, settings.neighbours, embed)
        return [
            _example(f"{split}-{number}", record, neighbours, random.Random(f"{seed}/{split}/{number}"))
            for number, (record, neighbours) in enumerate(zip(records, near, strict=True))
        ]

    return collect("paraphrases", _by_split(raw, settings, seed), one_split)


def base_pairs(raw: Path, settings: ParaphraseSettings, seed: int) -> BaseData:
    """Questions with their answers; the paraphrases of the validation split are held out."""
    by_split = _by_split(raw, settings, seed)
    records = {split: [one.record for one in by_split[split]] for split in SPLITS}
    asked = [BasePair(record.input, record.output[0].answer) for split in SPLITS for record in records[split]]
    held_out = [
        BasePair(text, record.output[0].answer)
        for record in records["validation"]
        for text in record.filtered_rephrases
    ]
    return BaseData(list(dict.fromkeys(asked)), [pair for pair in dict.fromkeys(held_out) if pair not in asked])


def _by_split(raw: Path, settings: ParaphraseSettings, seed: int) -> dict[Split, list[Judged[_Record]]]:
    def read(name: str) -> list[_Record]:
        return [record for _, record in read_jsonl(raw / "paraphrases" / f"{name}.jsonl", _Record)]

    def fault(record: _Record) -> str | None:
        return None if record.alternatives and record.filtered_rephrases else "no_alternative_or_rephrase"

    return load_splits(settings, read, lambda record: record.subject, seed, fault)


def _example(name: str, record: _Record, neighbours: list[_Record], rng: random.Random) -> EditExample:
    label = rng.choice(record.alternatives)
    inside = {
        "main": [record.input],
        "rephrase": [text.removeprefix("- ") for text in record.filtered_rephrases],
        "statement": [text for text in record.statements if not text.endswith("?")],
        "yes_no": [text for text in record.statements if text.endswith("?")],
    }
    outside = [
        *(Query(other.input, other.output[0].answer, "neighbour", True, about=other.subject) for other in neighbours),
        *(Query(text, "", "nq") for text in record.nq),
    ]
    queries = (
        Query(text, label, kind, hard=kind in ("statement", "yes_no")) for kind in IN_SCOPE for text in inside[kind]
    )
    return EditExample(name, record.subject, Edit(record.input, label), tuple(queries), tuple(outside))


def _nearest(records: list[_Record], count: int, embed: Embed | None) -> list[list[_Record]]:
    """For every record, the nearest questions about other subjects, one per subject."""
    if embed is None or not count or not records:
        return [[] for _ in records]
    vectors, subjects = embed([record.input for record in records]), [record.subject for record in records]
    order, weights = hard_negatives(
        vectors, vectors, num_neighbors=4 * count, num_exclude=0, temperature=1.0,
        edit_groups=subjects, candidate_groups=subjects,
    )  # fmt: skip
    nearest = []
    for row, weight in zip(order, weights, strict=True):
        chosen: dict[str, _Record] = {}
        for place in row[weight > 0].tolist():
            chosen.setdefault(subjects[place], records[place])
        nearest.append(list(chosen.values())[:count])
    return nearest


PROBLEM = Problem(
    title="real text",
    tasks=("seq2seq", "causal"),
    settings=ParaphraseSettings,
    raw_files=raw_files,
    prepare=prepare,
    base_pairs=base_pairs,
    queries_per_edit=lambda settings, encoder: 6 + settings.neighbours * encoder + 1,
    kinds={
        "main": "edit input",
        "rephrase": "paraphrase",
        "statement": "statement",
        "yes_no": "yes/no",
        "neighbour": "other subject",
        "nq": "NQ",
    },
)
