"""Everything that the report reads of one finished run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from serac.paper.summary import over_seeds, read_results

Files = Sequence[Path | str]


@dataclass(frozen=True)
class Run:
    """``results``: one row a cell, means over seeds; ``tables``: the csv of each table by name; the rest is what
    the figures of the same names draw, None or empty where a run does not have it."""

    k: int
    results: pd.DataFrame
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    sequential_edits: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    threshold: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    edit_scope: pd.DataFrame | None = None
    errors: pd.DataFrame | None = None
    memory_scaling: pd.DataFrame | None = None
    training: Mapping[tuple[str, str], Sequence[pd.DataFrame]] = field(default_factory=dict)
    batched_problem: str = "qa"


def read_run(
    *,
    k: int,
    results: Path | str,
    tables: Files = (),
    sequential_edits: Mapping[str, Files] | None = None,
    threshold: Mapping[str, Files] | None = None,
    edit_scope: Path | str | None = None,
    errors: Files = (),
    memory_scaling: Path | str | None = None,
    training: Mapping[tuple[str, str], Files] | None = None,
    batched_problem: str = "qa",
) -> Run:
    """Read the files of a run: ``tables`` are csv files, the rest the inputs of the figures of the same names."""
    return Run(
        k=k,
        results=over_seeds(read_results(results)),
        tables={Path(path).stem: pd.read_csv(path) for path in tables},
        sequential_edits={key: _csv(paths) for key, paths in (sequential_edits or {}).items()},
        threshold={key: _parquet(paths) for key, paths in (threshold or {}).items()},
        edit_scope=pd.read_parquet(edit_scope) if edit_scope else None,
        errors=_parquet(errors) if errors else None,
        memory_scaling=pd.read_csv(memory_scaling) if memory_scaling else None,
        training={key: [pd.read_csv(path) for path in paths] for key, paths in (training or {}).items()},
        batched_problem=batched_problem,
    )


def _csv(paths: Files) -> pd.DataFrame:
    return pd.concat([pd.read_csv(path) for path in paths], ignore_index=True)


def _parquet(paths: Files) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True)
