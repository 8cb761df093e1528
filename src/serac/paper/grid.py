"""Numbers and printed grids of edit success and drawdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from serac.evaluation.bootstrap import Estimate
from serac.evaluation.metrics import READ, Outcomes
from serac.paper.item import Cell, Data, read_cells
from serac.paper.names import problem_name
from serac.paper.tables import NONE, with_interval

ARROWS = {"es": "ES ↑", "dd": "DD ↓"}


def outcomes_by_problem(data: Data[Any]) -> dict[str, Outcomes]:
    """The outcomes of all cells of an item, problem by problem; all statistics on one problem share their resamples."""
    return {
        problem: Outcomes(problem, read_cells(data.where(problem=problem), READ), data.bootstrap)
        for problem in data.distinct("problem")
    }


def simultaneous_edits(cells: Sequence[Cell]) -> str:
    """The number of simultaneous edits of the cells, with the problems that differ from the first one.

    >>> simultaneous_edits([Cell("", "qa", k=10), Cell("", "fc", k=10), Cell("", "convsent", k=5)])
    '10 simultaneous edits (ConvSent: 5)'
    """
    ks = {cell.problem: cell.k for cell in cells}
    usual = next(iter(ks.values()), 0)
    others = [f"{problem_name(problem)}: {k}" for problem, k in ks.items() if k != usual]
    return f"{usual} simultaneous edits" + (f" ({', '.join(others)})" if others else "")


def bounds(name: str, estimate: Estimate) -> dict[str, float]:
    """Columns of a csv file for one estimate: ``name``, ``name_low`` and ``name_high``."""
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def es_dd_numbers(found: Mapping[str, Outcomes], by: str, keys: Sequence[str]) -> pd.DataFrame:
    """One row for each problem, value of the column ``by`` and metric: ``value``, ``low``, ``high`` and ``n``."""
    rows = []
    for problem, outcomes in found.items():
        for key in keys:
            if not outcomes.has(**{by: key}):
                continue
            for metric in ARROWS:
                estimate = outcomes.estimate(metric, **{by: key})
                row: dict[str, Any] = {"problem": problem, by: key, "metric": metric}
                rows.append(
                    row | {"value": estimate.value, "low": estimate.low, "high": estimate.high, "n": estimate.n}
                )
    return pd.DataFrame(rows)


def es_dd_grid(numbers: pd.DataFrame, by: str, names: Mapping[str, str], title: str) -> pd.DataFrame:
    """One printed row for each value of the column ``by`` (as in ``names``, in their order), ES and DD by problem."""
    columns = [(problem, metric) for problem in dict.fromkeys(numbers["problem"]) for metric in ARROWS]
    found = {
        (row[by], row["problem"], row["metric"]): with_interval(row["value"], row["low"], row["high"])
        for row in numbers.to_dict("records")
    }
    rows = [
        [name, *(found.get((key, *column), NONE) for column in columns)]
        for key, name in names.items()
        if key in set(numbers[by])
    ]
    return pd.DataFrame(rows, columns=[title, *(f"{problem_name(p)} {ARROWS[metric]}" for p, metric in columns)])
