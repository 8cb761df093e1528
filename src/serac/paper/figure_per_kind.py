"""Figure ``per_kind``: edit success by kind of input, editor by editor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from serac.paper import style
from serac.paper.names import EDITORS, PROBLEMS, editor_name, in_order, kind_name, kinds_in_order, problem_name
from serac.paper.summary import over_seeds, read_results, select

ROW = 0.17
"""Height of a row in inches."""


def plot_per_kind(
    results_csv: Path | str, outputs: Sequence[Path | str], *, k: int = 10, editors: Sequence[str] = ()
) -> None:
    """A table of coloured cells, problem by problem; a dash where an editor is not defined.

    Behind the kind stands the number of its inputs that a seed draws.
    """
    results = read_results(results_csv)
    if editors:
        results = select(results, editor=list(editors))
    cells = select(over_seeds(results), k=k, metric="es")
    cells = cells[~cells["subset"].isin(["all", "hard"])]
    grid = per_kind_grid(cells)
    counts = cells.groupby(["problem", "subset"])["n"].max()
    with style.figure(style.PAGE, ROW * len(grid) + 0.85) as (drawn, (axes,)):
        _cells(axes, grid, [f"{kind_name(str(kind))}, {counts[problem, kind]}" for problem, kind in grid.index])
        _problems(axes, [str(problem) for problem, _ in grid.index])
        style.save(drawn, outputs)


def per_kind_grid(cells: pd.DataFrame) -> pd.DataFrame:
    """ES with (problem, kind) rows and editor columns, in printed order; NaN where there is none."""
    order = [
        (problem, kind)
        for problem in in_order(cells["problem"], PROBLEMS)
        for kind in kinds_in_order(cells.loc[cells["problem"] == problem, "subset"])
    ]
    table = cells.pivot(index=["problem", "subset"], columns="editor", values="value")
    return table.reindex(index=pd.MultiIndex.from_tuples(order), columns=in_order(cells["editor"], EDITORS))


def _cells(axes: Axes, grid: pd.DataFrame, labels: list[str]) -> None:
    values = grid.to_numpy(dtype=float)
    axes.imshow(np.ma.masked_invalid(values), cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            missing = bool(np.isnan(value))
            shade = style.BLACK if missing or value > 0.55 else "white"
            axes.text(
                j, i, "–" if missing else f"{value:.2f}", ha="center", va="center_baseline", color=shade, fontsize=6.5
            )
    names = [editor_name(editor).replace(" (", "\n(").replace(", ", ",\n") for editor in grid.columns]
    axes.set_xticks(range(len(grid.columns)), names)
    axes.set_yticks(range(len(grid)), labels)
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    for side in axes.spines.values():
        side.set_visible(False)


def _problems(axes: Axes, problems: list[str]) -> None:
    """Lines between problems, and their names at the right."""
    for problem in dict.fromkeys(problems):
        rows = [i for i, name in enumerate(problems) if name == problem]
        if rows[0]:
            axes.axhline(rows[0] - 0.5, color="white", linewidth=3)
        axes.annotate(
            problem_name(problem),
            xy=(1.01, (rows[0] + rows[-1]) / 2),
            xycoords=("axes fraction", "data"),
            va="center",
            fontweight="bold",
        )
