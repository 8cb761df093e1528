"""Writing one table as csv (numbers), Markdown and LaTeX (as printed)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from serac.config.evaluation import BootstrapSettings

NONE = "–"
LATEX = {
    "−": "$-$",
    "–": "--",
    "→": "$\\rightarrow$",
    "↑": "$\\uparrow$",
    "↓": "$\\downarrow$",
    "“": "``",
    "”": "''",
}
"""Characters that plain pdflatex cannot read, as commands."""


@dataclass(frozen=True)
class Table:
    """``data``: numbers, for the csv; ``display``: text cells as printed; ``bold``: (row, column) positions."""

    data: pd.DataFrame
    display: pd.DataFrame
    caption: str
    bold: frozenset[tuple[int, int]] = field(default_factory=frozenset)


def write_table(table: Table, outputs: Sequence[Path]) -> None:
    """Write ``table`` to every path, by its suffix: ``.csv``, ``.md`` or ``.tex``."""
    writers = {".csv": _csv, ".md": _markdown, ".tex": _latex}
    for path in outputs:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(writers[path.suffix](table), encoding="utf-8")


def with_interval(value: float, low: float, high: float, digits: int = 3) -> str:
    """``0.986 [0.980, 0.991]``, only the value if there is no interval, a dash for NaN.

    >>> with_interval(0.9861, 0.98, 0.991)
    '0.986 [0.980, 0.991]'
    >>> with_interval(0.5, math.nan, math.nan)
    '0.500 (no interval)'
    """
    if math.isnan(value):
        return NONE
    bounds = "(no interval)" if math.isnan(low) else f"[{low:.{digits}f}, {high:.{digits}f}]"
    return f"{value:.{digits}f} {bounds}"


def about_intervals(settings: BootstrapSettings, trainings: int) -> str:
    """A sentence that says what the brackets in a table show."""
    seeds = f"{trainings} training seeds" if trainings > 1 else "not over training seeds (there is one)"
    joined = f", batches and {seeds}" if trainings > 1 else f" and batches, {seeds}"
    return f"Brackets show {settings.confidence:.0%} bootstrap intervals over edits{joined}."


def _csv(table: Table) -> str:
    return table.data.to_csv(index=False, float_format="%.6f", lineterminator="\n")


def _markdown(table: Table) -> str:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    columns = [str(column) for column in table.display.columns]
    lines = [line(columns), line(["---"] * len(columns))]
    for i, row in enumerate(table.display.itertuples(index=False)):
        lines.append(line([f"**{cell}**" if (i, j) in table.bold else str(cell) for j, cell in enumerate(row)]))
    return "\n".join([*lines, "", table.caption, ""])


def _latex(table: Table) -> str:
    """A booktabs tabular in a ``table*``."""
    display = table.display.reset_index(drop=True)
    css = pd.DataFrame("", index=display.index, columns=display.columns)
    for i, j in table.bold:
        css.iat[i, j] = "font-weight: bold"
    style = display.style.hide(axis="index").format(escape="latex").format_index(escape="latex", axis=1)
    text = style.apply(lambda _: css, axis=None).to_latex(
        hrules=True,
        convert_css=True,
        column_format="l" * display.shape[1],
        environment="table*",
        position_float="centering",
        caption=_escape(table.caption),
    )
    for character, command in LATEX.items():
        text = text.replace(character, command)
    return text


def _escape(text: str) -> str:
    for character in "&%#_":
        text = text.replace(character, "\\" + character)
    return text
