"""Outcomes of all editors to one tidy table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from serac.config.evaluation import BootstrapSettings
from serac.errors import SeracError
from serac.evaluation.bootstrap import Estimate, Resamples

COLUMNS = ["run", "problem", "editor", "k", "seed", "metric", "subset", "value", "ci_low", "ci_high", "n"]
METRICS = ("es", "dd", "es_minus_dd", "es_generated", "dd_generated", "router_hit", "router_false")


class RepeatedSeedError(SeracError):
    """The same evaluation seed was evaluated with models of two training seeds."""


@dataclass(frozen=True, slots=True)
class OutcomesFile:
    """An outcomes file and what its path says about it."""

    path: Path
    problem: str
    editor: str
    k: int

    @classmethod
    def from_path(cls, path: Path | str) -> OutcomesFile:
        """Read ``…/{problem}/{editor}/k{k}/seed{seed}.parquet``."""
        path = Path(path)
        problem, editor, k = path.parts[-4:-1]
        return cls(path, problem, editor, int(k.removeprefix("k")))


def aggregate(run: str, files: Iterable[OutcomesFile], settings: BootstrapSettings) -> pd.DataFrame:
    """One row for each run, problem, editor, k, seed, metric and subset, with columns ``COLUMNS``, sorted.

    ``seed`` is the evaluation seed. Metrics: ``es`` and ``dd`` by teacher forcing, their difference,
    the same by free generation (``…_generated``), ``router_hit`` (in-scope inputs routed to their own edit) and
    ``router_false`` (out-of-scope inputs routed to any edit). ``subset`` is ``all``, ``hard`` or a kind of input;
    ``ci_low`` and ``ci_high`` bound the bootstrap interval over edit batches; ``n`` counts rows. Raises
    :class:`RepeatedSeedError` if two files of one problem, editor and k hold the same evaluation seed.
    """
    rows = [row for file in files for row in _rows_of(run, file, settings)]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    repeated = frame[frame.duplicated(COLUMNS[:7])]
    if len(repeated):
        where = ", ".join(f"{name} {value}" for name, value in repeated.iloc[0][COLUMNS[1:5]].items())
        raise RepeatedSeedError(f"two outcomes files hold {where}; give each training seed its own evaluation seeds")
    order = frame["metric"].map({metric: i for i, metric in enumerate(METRICS)})
    frame = frame.assign(_order=order).sort_values(["problem", "editor", "k", "seed", "_order", "subset"])
    return frame[COLUMNS].reset_index(drop=True)


def aggregate_bases(run: str, files: Mapping[str, Iterable[OutcomesFile]], settings: BootstrapSettings) -> pd.DataFrame:
    """:func:`aggregate` for each base model that an editor was evaluated in front of, with a column ``base``."""
    frames = [aggregate(run, outcomes, settings).assign(base=base) for base, outcomes in files.items()]
    return pd.concat(frames, ignore_index=True)


def write_results(frame: pd.DataFrame, path: Path | str) -> None:
    """Write with 6 decimals, so that equal results are equal bytes."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False, float_format="%.6f", lineterminator="\n")


def metrics_of(outcomes: pd.DataFrame, settings: BootstrapSettings) -> Iterator[tuple[str, str, Estimate]]:
    """Metric, subset and estimate of the outcomes of one evaluation seed; metrics without rows are left out."""
    batches = outcomes["batch"].to_numpy()
    outcomes = outcomes.assign(batch=np.unique(batches, return_inverse=True)[1])
    resamples = Resamples(int(outcomes["batch"].max()) + 1, settings)
    kinds: Sequence[str] = sorted(outcomes["kind"].unique())
    masks = {"all": np.ones(len(outcomes), dtype=bool), "hard": outcomes["hard"].to_numpy(dtype=bool)}
    masks |= {kind: (outcomes["kind"] == kind).to_numpy() for kind in kinds}
    for subset, mask in masks.items():
        part = outcomes[mask]
        inside, outside = part[part["scope"] == "in"], part[part["scope"] == "out"]
        for metric, scoped, column in (
            ("es", inside, "value"),
            ("dd", outside, "value"),
            ("es_generated", inside, "generated"),
            ("dd_generated", outside, "generated"),
            ("router_hit", inside, "hit"),
            ("router_false", outside, "routed"),
        ):
            known = scoped.dropna(subset=[column])
            if len(known):
                yield metric, subset, resamples.mean(known["batch"].to_numpy(), known[column].to_numpy())
        if len(inside) and len(outside):
            yield "es_minus_dd", subset, resamples.difference(*_columns(inside), *_columns(outside))


def _columns(rows: pd.DataFrame) -> tuple[Any, Any]:
    return rows["batch"].to_numpy(), rows["value"].to_numpy()


def _rows_of(run: str, file: OutcomesFile, settings: BootstrapSettings) -> Iterator[tuple[Any, ...]]:
    columns = ["batch", "seed", "scope", "kind", "hard", "value", "generated", "routed", "hit"]
    outcomes = pd.read_parquet(file.path, columns=columns)
    for seed, part in outcomes.groupby("seed", sort=True):
        for metric, subset, estimate in metrics_of(part, settings):
            bounds = (estimate.value, estimate.low, estimate.high, estimate.n)
            yield (run, file.problem, file.editor, file.k, seed, metric, subset, *bounds)
