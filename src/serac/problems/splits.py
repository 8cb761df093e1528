"""What a preparation returns, and how source files become splits."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

import numpy as np
from pydantic import Field, PositiveInt, model_validator

from serac.config.section import Section
from serac.records import EditExample

T = TypeVar("T")
Embed = Callable[[list[str]], np.ndarray]
"""Sentence encoder: texts to a float array [n, d]."""
Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class SplitSettings(Section):
    """Which source file becomes which split; one file can be carved into several splits, by group."""

    splits: dict[Split, str] = Field(
        {"train": "train", "validation": "dev", "test": "test"}, description="the source's name for each split"
    )
    fractions: dict[Split, Annotated[float, Field(gt=0, le=1)]] = Field(
        {},
        description="share of a file's groups (those that the filters keep) per split, where splits share a file",
    )
    limits: dict[Split, PositiveInt] = Field(
        {}, description="maximum number of groups of a split (a seeded choice of those that the filters keep)"
    )

    @model_validator(mode="after")
    def _splits_are_complete_and_disjoint(self) -> Self:
        if missing := [split for split in SPLITS if split not in self.splits]:
            raise ValueError(f"splits lacks {missing}. Hint: name a source file for each of {list(SPLITS)}")
        for file in set(self.splits.values()):
            sharing = [split for split in SPLITS if self.splits[split] == file]
            if len(sharing) == 1:
                continue
            shares = [self.fractions.get(split, 0.0) for split in sharing]
            if min(shares) <= 0 or sum(shares) > 1 + 1e-9:
                raise ValueError(
                    f"{sharing} share the file '{file}'. Hint: give each a fraction above 0, in total at most 1"
                )
        return self


@dataclass(frozen=True, slots=True)
class Judged(Generic[T]):
    """A source record and the name of the filter that drops it (None: it is kept)."""

    record: T
    fault: str | None


@dataclass
class SplitReport:
    """What happened to the source records of one split.

    ``read`` = ``kept`` + all of ``dropped`` (by filter; a record counts at the first filter it fails).
    ``in_scope`` and ``out_of_scope`` count the queries of ``examples`` by kind.
    """

    read: int = 0
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    groups: int = 0
    examples: int = 0
    in_scope: dict[str, int] = field(default_factory=dict)
    out_of_scope: dict[str, int] = field(default_factory=dict)

    def keep(self, judged: Iterable[Judged[T]]) -> list[T]:
        """The records without a fault; counts all of them."""
        kept, dropped = [], Counter[str]()
        for one in judged:
            self.read += 1
            if one.fault is None:
                kept.append(one.record)
            else:
                dropped[one.fault] += 1
        self.kept, self.dropped = len(kept), dict(sorted(dropped.items()))
        return kept

    def count(self, examples: list[EditExample]) -> None:
        """Count the split's final examples and their queries."""
        self.examples, self.groups = len(examples), len({example.group for example in examples})
        self.in_scope = _by_kind(query.kind for example in examples for query in example.in_scope)
        self.out_of_scope = _by_kind(query.kind for example in examples for query in example.out_of_scope)


@dataclass
class PreparationReport:
    """One report per split, for the run's records."""

    problem: str
    splits: dict[Split, SplitReport]

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Splits:
    """The edits of a problem."""

    train: list[EditExample]
    validation: list[EditExample]
    test: list[EditExample]
    report: PreparationReport


def collect(
    problem: str,
    sources: dict[Split, list[Judged[T]]],
    prepare: Callable[[Split, list[T], SplitReport], list[EditExample]],
) -> Splits:
    """Prepare every split with ``prepare(split, records that are kept, report to fill)``."""
    report = PreparationReport(problem, {split: SplitReport() for split in SPLITS})
    examples: dict[Split, list[EditExample]] = {}
    for split in SPLITS:
        kept = report.splits[split].keep(sources[split])
        examples[split] = prepare(split, kept, report.splits[split])
        report.splits[split].count(examples[split])
    return Splits(examples["train"], examples["validation"], examples["test"], report)


def load_splits(
    settings: SplitSettings,
    read: Callable[[str], list[T]],
    group: Callable[[T], str],
    seed: int,
    fault: Callable[[T], str | None] = lambda _: None,
) -> dict[Split, list[Judged[T]]]:
    """Source records of every split, in the file's order, judged by ``fault``; records of a group stay together.

    ``read(name)`` reads the file that the source calls ``name``. Where splits share a file, its groups are shuffled
    by ``seed`` and cut by ``settings.fractions``; ``settings.limits`` then shortens a split. Both count the groups with
    a record that has no fault; of the other groups, which the filters will drop, each split gets the same share.
    """

    def part(records: list[Judged[T]], purpose: str, start: float, end: float) -> list[Judged[T]]:
        chosen = {name for some in _groups(records, group) for name in _cut(some, purpose, start, end)}
        return [one for one in records if group(one.record) in chosen]

    def one_split(split: Split, records: list[Judged[T]]) -> list[Judged[T]]:
        records = part(records, f"{seed}/carve", *_share(settings, split))
        limit = settings.limits.get(split)
        if limit is None:
            return records
        usable, _ = _groups(records, group)
        return part(records, f"{seed}/limit/{split}", 0.0, limit / max(1, len(usable)))

    names = dict.fromkeys(settings.splits.values())
    files = {name: [Judged(record, fault(record)) for record in read(name)] for name in names}
    return {split: one_split(split, files[settings.splits[split]]) for split in SPLITS}


def _share(settings: SplitSettings, split: Split) -> tuple[float, float]:
    """Where the part of ``split`` starts and ends among its file's groups, from 0 to 1."""
    sharing = [other for other in SPLITS if settings.splits[other] == settings.splits[split]]
    shares = [settings.fractions[other] for other in sharing] if len(sharing) > 1 else [1.0]
    position = sharing.index(split)
    return sum(shares[:position]), sum(shares[: position + 1])


def _groups(records: list[Judged[T]], group: Callable[[T], str]) -> tuple[list[str], list[str]]:
    """The groups with a record that has no fault, and the others; both sorted."""
    usable = {group(one.record) for one in records if one.fault is None}
    return sorted(usable), sorted({group(one.record) for one in records} - usable)


def _cut(groups: list[str], seed: str, start: float, end: float) -> list[str]:
    """The part from ``start`` to ``end`` (of 1) of the groups, shuffled by ``seed``."""
    random.Random(seed).shuffle(groups)
    return groups[round(len(groups) * start) : round(len(groups) * end)]


def _by_kind(kinds: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(kinds).items()))
