"""Printed grids of edit success and drawdown."""

from __future__ import annotations

import pandas as pd

from serac.paper.names import PROBLEMS, in_order, problem_name
from serac.paper.tables import NONE, with_interval


def es_dd_grid(cells: pd.DataFrame, by: str, names: dict[str, str], title: str) -> pd.DataFrame:
    """One row a value of the column ``by`` (printed as in ``names``, in their order), ES and DD of each problem.

    ``cells`` has the columns ``problem, metric, value, half_width`` and ``by``, one row a cell.
    """
    problems = in_order(cells["problem"], PROBLEMS)
    columns = [(problem, metric) for problem in problems for metric in ("es", "dd")]
    found = {
        (row[by], row["problem"], row["metric"]): with_interval(row["value"], row["half_width"])
        for row in cells.to_dict("records")
    }
    rows = []
    for key in in_order(cells[by], names):
        rows.append([names.get(key, key), *(found.get((key, *column), NONE) for column in columns)])
    arrows = {"es": "ES ↑", "dd": "DD ↓"}
    return pd.DataFrame(rows, columns=[title, *(f"{problem_name(p)} {arrows[metric]}" for p, metric in columns)])
