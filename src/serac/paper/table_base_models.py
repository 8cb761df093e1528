"""Table ``base_models``: one trained SERAC in front of base models that it never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from serac.paper.grid import es_dd_grid
from serac.paper.summary import over_seeds, read_results, select
from serac.paper.tables import Table, write_table


def tabulate_base_models(
    base_models_csv: Path | str,
    outputs: Sequence[Path | str],
    *,
    k: int = 10,
    names: Mapping[str, str] | None = None,
) -> None:
    """Read results with one more column ``base`` and write csv, md and tex.

    ``names``: how base models are printed, in order; the first is the one whose edits SERAC was tuned for.
    """
    frame = read_results(base_models_csv)
    write_table(base_models_table(frame, k=k, names=dict(names or {})), outputs)


def base_models_table(results: pd.DataFrame, *, k: int = 10, names: dict[str, str]) -> Table:
    """One row a base model, ES and DD of each problem."""
    names = names or {base: base for base in dict.fromkeys(results["base"])}
    table = over_seeds(results, by=("problem", "editor", "base", "k"))
    cells = select(table, k=k, subset="all", metric=["es", "dd"])
    caption = (
        f"One trained SERAC, unchanged, in front of base models of other sizes and architectures; {k} simultaneous "
        "edits, compared by what the models generate; mean over "
        f"{cells['seeds'].max()} seeds of evaluation and 95% interval."
    )
    data = cells[["base", "problem", "editor", "k", "metric", "value", "half_width", "seeds", "n"]]
    return Table(data, es_dd_grid(cells, "base", names, "base model"), caption)
