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
    settings: SplitSettings, read: Callable[[str], list[T]], group: Callable[[T], str], seed: int
) -> dict[Split, list[T]]:
    """Source records of every split, in the file's order; records of one group never part.

    ``read(name)`` reads the file that the source calls ``name``. Where splits share a file, its groups are shuffled
    by ``seed`` and cut by ``settings.fractions``.
    """
    files = {name: read(name) for name in dict.fromkeys(settings.splits.values())}
    return {
        split: _within_limit(
            _share(settings, split, files[settings.splits[split]], group, seed), settings, split, group, seed
        )
        for split in SPLITS
    }


def _share(settings: SplitSettings, split: Split, records: list[T], group: Callable[[T], str], seed: int) -> list[T]:
    sharing = [other for other in SPLITS if settings.splits[other] == settings.splits[split]]
    if len(sharing) == 1:
        return records
    groups = _shuffled_groups(records, group, f"{seed}/carve")
    shares = [settings.fractions[other] for other in sharing]
    cuts = [round(len(groups) * sum(shares[:end])) for end in range(len(shares) + 1)]
    position = sharing.index(split)
    mine = set(groups[cuts[position] : cuts[position + 1]])
    return [record for record in records if group(record) in mine]


def _within_limit(
    records: list[T], settings: SplitSettings, split: Split, group: Callable[[T], str], seed: int
) -> list[T]:
    limit = settings.limits.get(split)
    if limit is None:
        return records
    chosen = set(_shuffled_groups(records, group, f"{seed}/limit/{split}")[:limit])
    return [record for record in records if group(record) in chosen]


def _shuffled_groups(records: list[T], group: Callable[[T], str], seed: str) -> list[str]:
    groups = sorted({group(record) for record in records})
    random.Random(seed).shuffle(groups)
    return groups


def _by_kind(kinds: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(kinds).items()))
