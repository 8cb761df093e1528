"""Figure ``per_kind``: edit success by kind of input, editor by editor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from serac.evaluation.metrics import Outcomes
from serac.paper import style
from serac.paper.grid import outcomes_by_problem
from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario, main_outcomes
from serac.paper.names import EDITORS, editor_name, in_order, kind_name, kinds_in_order, problem_name
from serac.paper.verdicts import Claim, above

ROW = 0.17
"""Height of a row in inches."""
CLAIMED, QUESTION, IMPLICATION = "qa_hard", "main", "implication"


def cells(settings: ItemSettings, scenario: Scenario) -> list[Cell]:
    """Outcomes of the main table's editors."""
    return main_outcomes(scenario)


def caption(settings: ItemSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        "Edit success by kind of input, with the number of inputs behind each mean. Compare an edit's own question "
        "with its rephrases, implications and statements: an editor that understood an edit is right on those too. FC "
        "is split by the kind of revision: comparisons of numbers and dates are the hard part."
    )


def make(data: Data[ItemSettings], outputs: Sequence[Path]) -> None:
    """Draw a table of coloured cells, problem by problem; a dash marks an editor that is not defined."""
    found = outcomes_by_problem(data)
    grid, counts = per_kind_grid(found)
    with style.figure(style.PAGE, ROW * len(grid) + 0.85) as (drawn, (axes,)):
        _cells(axes, grid, [f"{kind_name(str(kind))}, {counts[problem, kind]:,}" for problem, kind in grid.index])
        _problems(axes, [str(problem) for problem, _ in grid.index])
        style.save(drawn, outputs)


def check(data: Data[ItemSettings]) -> list[Claim]:
    """On QA-hard, the ES lost from the edit's own question to its implications: other editors' minus SERAC's."""
    if not data.where(problem=CLAIMED):
        return []
    measured = outcomes_by_problem(data)[CLAIMED]
    lost = {
        editor: measured.statistic("es", QUESTION, editor=editor) - measured.statistic("es", IMPLICATION, editor=editor)
        for editor in data.distinct("editor")
        if all("es" in measured.known(kind, editor=editor) for kind in (QUESTION, IMPLICATION))
    }
    ours = [editor for editor in lost if editor.startswith("serac")]
    others = [editor for editor in ("lu", "mend", "enn") if editor in lost]
    return [
        above(
            f"{editor_name(other)} loses more from an edit's question to its implications than {editor_name(own)}.",
            f"ES that {editor_name(other)} loses minus what {editor_name(own)} loses",
            measured.interval(lost[other] - lost[own]),
        )
        for own in ours
        for other in others
    ]


def per_kind_grid(found: Mapping[str, Outcomes]) -> tuple[pd.DataFrame, dict[tuple[str, str], int]]:
    """ES with (problem, kind) rows and editor columns, in printed order, NaN where there is none; inputs by kind."""
    means: list[pd.DataFrame] = []
    counts: dict[tuple[str, str], int] = {}
    for problem, outcomes in found.items():
        inside = outcomes.frame[outcomes.frame["scope"] == "in"].assign(problem=problem)
        table = inside.pivot_table(index=["problem", "kind"], columns="editor", values="value")
        means.append(table.reindex([(problem, kind) for kind in kinds_in_order(inside["kind"])]))
        sizes = inside.groupby(["editor", "kind"]).size().groupby("kind").max()
        counts |= {(problem, str(kind)): int(size) for kind, size in sizes.items()}
    grid = pd.concat(means)
    return grid[in_order(grid.columns, EDITORS)], counts


def _cells(axes: style.Axes, grid: pd.DataFrame, labels: list[str]) -> None:
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


def _problems(axes: style.Axes, problems: list[str]) -> None:
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


ITEM = Item(
    form="figure",
    title="Edit success by kind of input",
    category="Beyond the paper",
    claim="SERAC loses less from an edit's own question to its implications than LU, MEND and ENN do.",
    caption=caption,
    cells=cells,
    make=make,
    check=check,
)
