"""Bootstrap intervals of outcomes that depend on one another in two ways, and on training seeds.

Rows about one edit are not independent: its inputs concern one fact, and every evaluation seed draws from the same
edits. Rows of one batch are not independent either: they share a memory, or edited weights. Edits and batches cross, so
that each is resampled by itself and the variances are joined as in two-way clustering (Cameron, Gelbach and Miller,
2011): variance by edits + variance by batches - variance by edits within batches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from serac.config.evaluation import BootstrapSettings

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
UNIT = (0.0, 1.0)
"""Bounds of a share."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic of ``n`` rows and its confidence interval; the bounds are NaN if there is none."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, eq=False)
class Statistic:
    """A mean, or a sum or difference of means over the same resamples.

    ``edits``, ``batches`` and ``pairs``: its value in every resample of the edits, of the batches, and of the edits
    within batches, float64 [resamples]; ``groups``: how many edits and how many batches hold its rows;
    ``trainings``: its value for every training seed; ``n``: rows.
    """

    value: float
    edits: Floats
    batches: Floats
    pairs: Floats
    groups: tuple[int, int]
    trainings: Floats
    n: int

    def __sub__(self, other: Statistic) -> Statistic:
        return self + -other

    def __neg__(self) -> Statistic:
        return Statistic(-self.value, -self.edits, -self.batches, -self.pairs, self.groups, -self.trainings, self.n)

    def __add__(self, other: Statistic) -> Statistic:
        return Statistic(
            self.value + other.value,
            self.edits + other.edits,
            self.batches + other.batches,
            self.pairs + other.pairs,
            (min(self.groups[0], other.groups[0]), min(self.groups[1], other.groups[1])),
            self.trainings + other.trainings,
            self.n + other.n,
        )

    def interval(self, confidence: float, bounds: tuple[float, float] = (-math.inf, math.inf)) -> Estimate:
        """Percentile interval, cut at ``bounds``; NaN where the rows are of a single batch.

        The percentiles are those of the resampling (edits or batches) that varies more. It is stretched to the joint
        variance, and by Student's t, because resampling few groups varies too little. Where all rows equal a bound of
        :data:`UNIT`, resampling says nothing: the bound of Clopper and Pearson for as many edits takes its place.
        """
        if self.groups[1] < 2:
            return Estimate(self.value, math.nan, math.nan, self.n)
        tail = (1 - confidence) / 2
        by_edits, by_batches, by_pairs = (float(np.nanvar(way)) for way in (self.edits, self.batches, self.pairs))
        way, groups, variance = max(
            (self.edits, self.groups[0], by_edits),
            (self.batches, self.groups[1], by_batches),
            key=lambda resampled: resampled[2] * _stretch(resampled[1], tail) ** 2,
        )
        if variance < 1e-18:
            return Estimate(self.value, *self._without_variance(tail, bounds), self.n)
        joint = max(variance, by_edits + by_batches - by_pairs) * _stretch(groups, tail) ** 2
        stretched = self.value + math.sqrt((joint + self._between_trainings(by_pairs, tail)) / variance) * (
            way - self.value
        )
        low, high = np.clip(np.nanquantile(stretched, [tail, 1 - tail]), *bounds)
        return Estimate(self.value, float(low), float(high), self.n)

    def _between_trainings(self, by_pairs: float, tail: float) -> float:
        """Variance that training seeds add to the mean, without what differs between them by the choice of edits."""
        known = self.trainings[~np.isnan(self.trainings)]
        if len(known) < 2:
            return 0.0
        excess = max(0.0, float(known.var(ddof=1)) / len(known) - by_pairs)
        return excess * (float(student.ppf(1 - tail, len(known) - 1)) / NormalDist().inv_cdf(1 - tail)) ** 2

    def _without_variance(self, tail: float, bounds: tuple[float, float]) -> tuple[float, float]:
        if bounds == UNIT and self.value in UNIT:
            unseen = 1 - tail ** (1 / self.groups[0])
            return (self.value - unseen, self.value) if self.value else (self.value, unseen)
        return self.value, self.value


class Sample:
    """Rows of outcomes and the resamples that all statistics over them share, so that differences are paired.

    ``frame`` has the columns ``training`` (seed), ``seed``, ``batch`` and ``edit_id``, and optionally ``k``; rows of
    several editors about the same batches may stand below one another.
    """

    def __init__(self, frame: pd.DataFrame, settings: BootstrapSettings) -> None:
        self.frame, self.settings = frame.reset_index(drop=True), settings
        batch = [name for name in ("k", "seed", "batch") if name in frame]
        ways = (["edit_id"], batch, ["edit_id", *batch])
        self._labels = [_codes(self.frame, columns) for columns in ways]
        self._counts = [_counts(int(labels.max()) + 1, settings, number) for number, labels in enumerate(self._labels)]
        self._training = _codes(self.frame, ["training"])

    def mean(self, rows: Mask | pd.Series, column: str = "value") -> Statistic:
        """Mean of ``column`` over the rows where the mask is true and the value is known."""
        values = self.frame[column].to_numpy(dtype=float)
        mask = np.asarray(rows, dtype=bool) & ~np.isnan(values)
        values = values[mask]
        edits, batches, pairs = (
            _resampled(labels[mask], values, counts) for labels, counts in zip(self._labels, self._counts, strict=True)
        )
        by_edit, by_batch = (len(np.unique(labels[mask])) for labels in self._labels[:2])
        trainings = _grouped_mean(self._training[mask], values, int(self._training.max()) + 1)
        value = float(values.mean()) if len(values) else math.nan
        return Statistic(value, edits, batches, pairs, (by_edit, by_batch), trainings, len(values))


def _codes(frame: pd.DataFrame, columns: Sequence[str]) -> NDArray[np.int64]:
    """Number of each row's group, 0 … groups - 1, in the order of the columns' values."""
    return np.asarray(frame.groupby(list(columns), sort=True).ngroup(), dtype=np.int64)


def _counts(groups: int, settings: BootstrapSettings, number: int) -> Floats:
    """How often each group is drawn in each resample [resamples, groups], each row summing to ``groups``."""
    generator = np.random.default_rng([settings.seed, number])
    drawn = generator.multinomial(groups, np.full(groups, 1 / groups), size=settings.resamples)
    return drawn.astype(np.float64)


def _resampled(labels: NDArray[np.int64], values: Floats, counts: Floats) -> Floats:
    """Mean of every resample [resamples]; NaN where none of its groups holds a row."""
    groups = counts.shape[1]
    sums = np.bincount(labels, weights=values, minlength=groups)
    rows = counts @ np.bincount(labels, minlength=groups).astype(np.float64)
    means: Floats = np.divide(counts @ sums, rows, out=np.full(len(rows), np.nan), where=rows > 0)
    return means


def _grouped_mean(labels: NDArray[np.int64], values: Floats, groups: int) -> Floats:
    sums, rows = np.bincount(labels, weights=values, minlength=groups), np.bincount(labels, minlength=groups)
    means: Floats = np.divide(sums, rows, out=np.full(groups, np.nan), where=rows > 0)
    return means


def _stretch(groups: int, tail: float) -> float:
    """How much too narrow a percentile interval of few groups is: Student's t over the normal, and ddof."""
    if groups < 2:
        return 0.0
    normal = NormalDist().inv_cdf(1 - tail)
    return float(student.ppf(1 - tail, groups - 1)) / normal * math.sqrt(groups / (groups - 1))
