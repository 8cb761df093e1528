"""What a preparation returns, and how source files become splits."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

import numpy as np

from serac.config.problems_data import SPLITS, Split, SplitSettings
from serac.records import EditExample

T = TypeVar("T")
Embed = Callable[[list[str]], np.ndarray]
"""Sentence encoder: texts to a float array [n, d]."""


@dataclass
class SplitReport:
    """What became of the source records of one split.

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

    def keep(self, records: Iterable[T], fault: Callable[[T], str | None]) -> list[T]:
        """The records without a ``fault`` (the name of the filter that drops it); counts both."""
        faults = [(record, fault(record)) for record in records]
        kept = [record for record, reason in faults if reason is None]
        dropped = Counter(reason for _, reason in faults if reason is not None)
        self.read, self.kept, self.dropped = len(faults), len(kept), dict(sorted(dropped.items()))
        return kept

    def count(self, examples: list[EditExample]) -> None:
        """Count what the split ended up with."""
        self.examples, self.groups = len(examples), len({example.group for example in examples})
        self.in_scope = _by_kind(query.kind for example in examples for query in example.in_scope)
        self.out_of_scope = _by_kind(query.kind for example in examples for query in example.out_of_scope)


@dataclass
class PreparationReport:
    """One report a split, for the run's records."""

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
    problem: str, sources: dict[Split, list[T]], prepare: Callable[[Split, list[T], SplitReport], list[EditExample]]
) -> Splits:
    """Prepare every split with ``prepare(split, source records, report to fill)``."""
    report = PreparationReport(problem, {split: SplitReport() for split in SPLITS})
    examples: dict[Split, list[EditExample]] = {}
    for split in SPLITS:
        examples[split] = prepare(split, sources[split], report.splits[split])
        report.splits[split].count(examples[split])
    return Splits(examples["train"], examples["validation"], examples["test"], report)


def load_splits(
    settings: SplitSettings,
    read: Callable[[str], list[T]],
    group: Callable[[T], str],
    seed: int,
    fault: Callable[[T], str | None] = lambda _: None,
) -> dict[Split, list[T]]:
    """Source records of every split, in the file's order; records of one group never part.

    ``read(name)`` reads the file that the source calls ``name``. Where splits share a file, its groups are shuffled
    by ``seed`` and cut by ``settings.fractions``; ``settings.limits`` then shortens a split. Both count the groups with
    a record that has no ``fault``; of the other groups, which the filters will drop, each split gets the same share.
    """

    def part(records: list[T], purpose: str, start: float, end: float) -> list[T]:
        chosen = {name for some in _groups(records, group, fault) for name in _cut(some, purpose, start, end)}
        return [record for record in records if group(record) in chosen]

    def one_split(split: Split, records: list[T]) -> list[T]:
        records = part(records, f"{seed}/carve", *_share(settings, split))
        limit = settings.limits.get(split)
        if limit is None:
            return records
        usable, _ = _groups(records, group, fault)
        return part(records, f"{seed}/limit/{split}", 0.0, limit / max(1, len(usable)))

    files = {name: read(name) for name in dict.fromkeys(settings.splits.values())}
    return {split: one_split(split, files[settings.splits[split]]) for split in SPLITS}


def _share(settings: SplitSettings, split: Split) -> tuple[float, float]:
    """Where the part of ``split`` starts and ends among its file's groups, from 0 to 1."""
    sharing = [other for other in SPLITS if settings.splits[other] == settings.splits[split]]
    shares = [settings.fractions[other] for other in sharing] if len(sharing) > 1 else [1.0]
    position = sharing.index(split)
    return sum(shares[:position]), sum(shares[: position + 1])


def _groups(
    records: list[T], group: Callable[[T], str], fault: Callable[[T], str | None]
) -> tuple[list[str], list[str]]:
    """The groups with a record that has no fault, and the others; both sorted."""
    usable = {group(record) for record in records if fault(record) is None}
    return sorted(usable), sorted({group(record) for record in records} - usable)


def _cut(groups: list[str], seed: str, start: float, end: float) -> list[str]:
    """The part from ``start`` to ``end`` (of 1) of the groups, shuffled by ``seed``."""
    random.Random(seed).shuffle(groups)
    return groups[round(len(groups) * start) : round(len(groups) * end)]


def _by_kind(kinds: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(kinds).items()))
