"""Percentile bootstrap intervals over edit batches.

Rows of one batch share an edited model and are not independent, so whole batches are resampled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serac.config.evaluation import BootstrapSettings

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over ``n`` rows and its confidence interval."""

    value: float
    low: float
    high: float
    n: int


class Resamples:
    """How often each of ``n_batches`` batches is drawn in each resample: the same draw for all metrics of a run.

    ``counts`` float64 [resamples, n_batches], each row summing to ``n_batches``.
    """

    def __init__(self, n_batches: int, settings: BootstrapSettings) -> None:
        self.confidence = settings.confidence
        generator = np.random.default_rng(settings.seed)
        uniform = np.full(n_batches, 1 / n_batches)
        self.counts: Floats = generator.multinomial(n_batches, uniform, size=settings.resamples).astype(np.float64)

    def mean(self, batches: NDArray[np.int64], values: Floats) -> Estimate:
        """Row-weighted mean of ``values`` [n]; ``batches`` [n] holds the batch, 0 … n_batches - 1, of each row."""
        sums, sizes = self._totals(batches, values)
        return self._estimate(values.mean(), self._means(sums, sizes), len(values))

    def difference(
        self, batches: NDArray[np.int64], values: Floats, other_batches: NDArray[np.int64], other_values: Floats
    ) -> Estimate:
        """Difference of two row-weighted means, both from the same resampled batches."""
        means = self._means(*self._totals(batches, values))
        others = self._means(*self._totals(other_batches, other_values))
        return self._estimate(values.mean() - other_values.mean(), means - others, len(values) + len(other_values))

    def _totals(self, batches: NDArray[np.int64], values: Floats) -> tuple[Floats, Floats]:
        n = self.counts.shape[1]
        sums = np.bincount(batches, weights=values, minlength=n).astype(np.float64)
        return sums, np.bincount(batches, minlength=n).astype(np.float64)

    def _means(self, sums: Floats, sizes: Floats) -> Floats:
        """Mean of every resample [resamples]; NaN where none of its batches holds a row."""
        rows = self.counts @ sizes
        return np.divide(self.counts @ sums, rows, out=np.full(len(rows), np.nan), where=rows > 0)

    def _estimate(self, value: float, means: Floats, n: int) -> Estimate:
        tail = (1 - self.confidence) / 2
        low, high = np.nanquantile(means, [tail, 1 - tail])
        return Estimate(float(value), float(low), float(high), n)
