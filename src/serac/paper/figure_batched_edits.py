"""Figure ``batched_edits`` (F4): edit success less drawdown against the number of simultaneous edits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from serac.paper import style
from serac.paper.names import EDITORS, editor_name, in_order, problem_name
from serac.paper.summary import over_seeds, read_results, select


def plot_batched_edits(
    results_csv: Path | str,
    outputs: Sequence[Path | str],
    *,
    problem: str = "qa",
    editors: Sequence[str] = ("serac_embed", "mend", "enn"),
    ks: Sequence[int] = (1, 5, 25, 75),
) -> None:
    """Draw ES - DD with 95% intervals for each editor, trained for and evaluated with ``k`` in ``ks``."""
    table = over_seeds(read_results(results_csv))
    rows = select(table, problem=problem, editor=list(editors), k=list(ks), metric="es_minus_dd", subset="all")
    with style.figure(style.COLUMN, 2.1) as (drawn, (axes,)):
        for editor in in_order(rows["editor"], EDITORS):
            _line(axes, rows[rows["editor"] == editor].sort_values("k"), editor)
        axes.set_xscale("log")
        axes.set_xticks(sorted(ks), [str(k) for k in sorted(ks)])
        axes.minorticks_off()
        axes.set_xlabel("simultaneous edits k")
        axes.set_ylabel(f"ES − DD ({problem_name(problem)})")
        axes.grid(axis="y")
        style.legend_below(drawn, axes, columns=3)
        style.save(drawn, outputs)


def _line(axes: style.Axes, rows: pd.DataFrame, editor: str) -> None:
    axes.errorbar(
        rows["k"],
        rows["value"],
        yerr=rows["half_width"],
        color=style.colour(editor),
        marker=style.marker(editor),
        capsize=2,
        elinewidth=0.8,
        label=editor_name(editor),
    )
