"""Table ``main`` (T2): edit success and drawdown of every editor on every problem."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from serac.paper import reported
from serac.paper.names import EDITORS, PROBLEMS, editor_name, in_order, problem_name
from serac.paper.summary import over_seeds, read_results, select
from serac.paper.tables import NONE, Table, with_interval, write_table

METRICS = {"es": "ES ↑", "dd": "DD ↓"}


def tabulate_main(
    results_csv: Path | str, outputs: Sequence[Path | str], *, k: int = 10, editors: Sequence[str] = ()
) -> None:
    """Read ``results.csv`` and write the main table for ``k`` edits to ``outputs`` (.csv, .md, .tex).

    ``editors``: those to show; by default all that the results hold for ``k``.
    """
    write_table(main_table(read_results(results_csv), k=k, editors=editors), outputs)


def main_table(results: pd.DataFrame, *, k: int = 10, editors: Sequence[str] = ()) -> Table:
    """Two printed rows a problem (ES, DD), one column an editor, reported values below."""
    if editors:
        results = select(results, editor=list(editors))
    data = main_numbers(results, k=k)
    columns = in_order(data["editor"], EDITORS)
    rows: list[list[str]] = []
    bold: set[tuple[int, int]] = set()
    for problem in in_order(data["problem"], PROBLEMS):
        cells = data[data["problem"] == problem].set_index("editor")
        for metric, label in METRICS.items():
            bold.add((len(rows), 2 + columns.index(str(cells["es_minus_dd"].idxmax()))))
            rows.append([problem_name(problem), label, *(_measured(cells, editor, metric) for editor in columns)])
        for metric, label in METRICS.items():
            rows.append(
                [problem_name(problem), f"{label} reported", *(_reported(cells, editor, metric) for editor in columns)]
            )
    display = pd.DataFrame(rows, columns=["problem", "metric", *map(editor_name, columns)])
    caption = (
        f"Edit success (ES) and drawdown (DD) of {k} simultaneous edits: mean over {data['seeds'].max()} seeds of "
        "evaluation and half-width of the 95% interval; bold: the largest ES − DD of a problem. Every editor's "
        "hyperparameters, SERAC's routing threshold too, were chosen on validation data. ConvSent's ES compares "
        "likelihoods, its DD is a KL divergence a token (paper). Rows marked “reported” repeat the paper's values "
        f"({reported.STATUS}), measured with other models and data."
    )
    return Table(data, display, caption, frozenset(bold))


def main_numbers(results: pd.DataFrame, *, k: int) -> pd.DataFrame:
    """One row a problem and editor: ES, DD and ES - DD with half-widths, number of seeds, reported values."""
    cells = select(over_seeds(results), k=k, subset="all")
    rows = []
    for problem in in_order(cells["problem"], PROBLEMS):
        part = cells[cells["problem"] == problem]
        for editor in in_order(part["editor"], EDITORS):
            metrics = part[part["editor"] == editor].set_index("metric")
            row: dict[str, object] = {"problem": problem, "editor": editor, "k": k}
            for metric in ("es", "dd", "es_minus_dd"):
                row[metric] = metrics.at[metric, "value"]
                row[f"{metric}_half_width"] = metrics.at[metric, "half_width"]
            row["seeds"] = metrics.at["es", "seeds"]
            paper = reported.MAIN.get((problem, editor))
            row["reported_es"] = paper.es if paper else math.nan
            row["reported_dd"] = paper.dd if paper else math.nan
            row["reported_status"] = reported.STATUS if paper else ""
            rows.append(row)
    return pd.DataFrame(rows)


def _measured(cells: pd.DataFrame, editor: str, metric: str) -> str:
    if editor not in cells.index:
        return NONE
    return with_interval(cells[metric][editor], cells[f"{metric}_half_width"][editor])


def _reported(cells: pd.DataFrame, editor: str, metric: str) -> str:
    value = cells[f"reported_{metric}"].get(editor, math.nan)
    return NONE if math.isnan(value) else f"{value:.3f}"
