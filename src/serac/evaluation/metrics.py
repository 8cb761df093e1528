"""Metrics of outcomes with their intervals, and all of them in one tidy table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from serac.config.evaluation import BootstrapSettings
from serac.errors import SeracError
from serac.evaluation.bootstrap import UNIT, Estimate, Sample, Statistic
from serac.problems.registry import PROBLEMS

METRICS = {
    "es": ("in", "value"),
    "dd": ("out", "value"),
    "es_generated": ("in", "generated"),
    "dd_generated": ("out", "generated"),
    "portability": ("portability", "value"),
    "router_hit": ("in", "hit"),
    "router_false": ("out", "routed"),
}
"""Scope of the rows and the column that each metric is a mean of: edit success and drawdown by teacher forcing and by
free generation, portability, in-scope inputs routed to their own edit, out-of-scope inputs routed to any edit."""
DIFFERENCE = "es_minus_dd"
NO_EDIT = "no_edit"
"""Instead of an editor: the base model without any edit."""
PROSE = "prose"
"""Scope of the windows of an English text; their ``value`` is a loss in nats per token, which no metric reads."""
READ = ["batch", "seed", "edit_id", "scope", "kind", "hard", "value", "generated", "routed", "hit"]
"""Columns of an outcomes file that the metrics need."""
COLUMNS = ["run", "problem", "editor", "k", "metric", "subset", "value", "ci_low", "ci_high", "n"]
COLUMNS += ["edits", "batches", "training_seeds"]


class RepeatedSeedError(SeracError):
    """The same evaluation seed was evaluated with models of two training seeds."""


class MissingResultError(SeracError):
    """A table or figure needs outcomes that the run does not have."""


def in_nats(problem: str) -> bool:
    """Whether drawdown is a KL divergence in nats per token, which no score can be subtracted from (ConvSent)."""
    return problem in PROBLEMS and "dialogue" in PROBLEMS[problem].tasks


class Outcomes:
    """Outcomes of one or several editors on one problem; all statistics share their resamples.

    ``frame`` has the columns :data:`READ`, ``training`` (seed), and those that ``where`` below names (``editor``).
    """

    def __init__(self, problem: str, frame: pd.DataFrame, settings: BootstrapSettings) -> None:
        self.problem, self.settings = problem, settings
        self.sample = Sample(frame[frame["scope"] != PROSE], settings)
        self.frame = self.sample.frame

    def has(self, **where: object) -> bool:
        """Whether there are rows whose columns equal the given values."""
        return bool(self._rows(where).any())

    def statistic(self, metric: str, subset: str = "all", **where: object) -> Statistic:
        """A metric on a subset (``all``, ``hard`` or a kind) of the rows whose columns equal the given values.

        Raises :class:`MissingResultError` if there are no such rows and ``ValueError`` on ES - DD in different units.
        """
        if metric == DIFFERENCE:
            if in_nats(self.problem):
                raise ValueError(f"ES is a score and DD is in nats on {self.problem}: they cannot be subtracted")
            return self.statistic("es", subset, **where) - self.statistic("dd", subset, **where)
        scope, column = METRICS[metric]
        rows = self._rows(where) & self._subset(subset) & (self.frame["scope"] == scope).to_numpy()
        found = self.sample.mean(rows, column)
        if not found.n:
            wanted = ", ".join(f"{name} {value}" for name, value in where.items())
            raise MissingResultError(
                f"no outcomes for {metric} of '{subset}' inputs on {self.problem} ({wanted}). "
                "Hint: check that this run's configuration includes it"
            )
        return found

    def estimate(self, metric: str, subset: str = "all", **where: object) -> Estimate:
        """:meth:`statistic` with its interval, which stays inside the metric's range."""
        bounds = UNIT
        if metric == DIFFERENCE:
            bounds = (-1.0, 1.0)
        elif metric == "dd" and in_nats(self.problem):
            bounds = (0.0, math.inf)
        return self.statistic(metric, subset, **where).interval(self.settings.confidence, bounds)

    def interval(self, difference: Statistic) -> Estimate:
        """A difference of statistics with its interval: paired, because they share their resamples."""
        return difference.interval(self.settings.confidence)

    def metrics(self, **where: object) -> Iterator[tuple[str, str, Estimate]]:
        """Metric, subset and estimate of every metric that the rows hold."""
        for subset in ("all", "hard", *sorted(self.frame.loc[self._rows(where), "kind"].unique())):
            for metric in self.known(subset, **where):
                yield metric, subset, self.estimate(metric, subset, **where)

    def known(self, subset: str = "all", **where: object) -> list[str]:
        """Metrics that the rows hold."""
        part = self.frame[self._rows(where) & self._subset(subset)]
        known = [name for name, (scope, of) in METRICS.items() if part.loc[part["scope"] == scope, of].notna().any()]
        return [*known, DIFFERENCE] if {"es", "dd"} <= set(known) and not in_nats(self.problem) else known

    def _rows(self, where: dict[str, object]) -> np.ndarray[Any, np.dtype[np.bool_]]:
        rows = np.ones(len(self.frame), dtype=bool)
        for column, value in where.items():
            rows &= (self.frame[column] == value).to_numpy()
        return rows

    def _subset(self, subset: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
        if subset == "all":
            return np.ones(len(self.frame), dtype=bool)
        return (self.frame["hard"] if subset == "hard" else self.frame["kind"] == subset).to_numpy(dtype=bool)


@dataclass(frozen=True, slots=True)
class OutcomesFile:
    """An outcomes file and what its path says about it."""

    path: Path
    problem: str
    editor: str
    k: int
    training: int

    @classmethod
    def from_path(cls, path: Path | str) -> OutcomesFile:
        """Read ``…/{problem}/{editor}/k{k}/seed{seed}.parquet``."""
        path = Path(path)
        problem, editor, k = path.parts[-4:-1]
        return cls(path, problem, editor, int(k.removeprefix("k")), int(path.stem.removeprefix("seed")))


def aggregate(run: str, files: Iterable[OutcomesFile], settings: BootstrapSettings) -> pd.DataFrame:
    """One row for each problem, editor, k, metric and subset, with columns ``COLUMNS``, sorted.

    ``subset`` is ``all``, ``hard`` or a kind of input; ``ci_low`` and ``ci_high`` bound the bootstrap interval (NaN if
    all rows are of one batch); ``n`` counts rows over all seeds. Raises :class:`RepeatedSeedError` if two files of one
    problem, editor and k hold the same evaluation seed.
    """
    cells: dict[tuple[str, str, int], list[pd.DataFrame]] = {}
    for file in sorted(files, key=lambda file: file.training):
        frame = pd.read_parquet(file.path, columns=READ).assign(training=file.training)
        cells.setdefault((file.problem, file.editor, file.k), []).append(frame)
    rows: list[tuple[Any, ...]] = []
    for (problem, editor, k), frames in sorted(cells.items()):
        seeds = [seed for frame in frames for seed in frame["seed"].unique()]
        if repeated := sorted({seed for seed in seeds if seeds.count(seed) > 1}):
            raise RepeatedSeedError(
                f"two outcomes files hold problem {problem}, editor {editor}, k {k}, seed {repeated[0]}. "
                "Hint: give each training seed its own evaluation seeds"
            )
        found = Outcomes(problem, pd.concat(frames), settings)
        counts = (
            found.frame["edit_id"].nunique(),
            len(found.frame[["seed", "batch"]].drop_duplicates()),
            found.frame["training"].nunique(),
        )
        for metric, subset, estimate in found.metrics():
            bounds = (estimate.value, estimate.low, estimate.high, estimate.n)
            rows.append((run, problem, editor, k, metric, subset, *bounds, *counts))
    return pd.DataFrame(rows, columns=COLUMNS)


def write_results(frame: pd.DataFrame, path: Path | str) -> None:
    """Write with 6 decimals, so that equal results are equal bytes."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False, float_format="%.6f", lineterminator="\n")
