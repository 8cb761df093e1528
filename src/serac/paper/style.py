"""The look of all figures: the paper's widths, colour-blind-safe colours, byte-identical files for equal input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.axes import Axes as Axes
from matplotlib.figure import Figure

COLUMN = 3.25
"""Width of a paper column in inches."""
PAGE = 6.75
"""Width of both columns in inches."""

# Okabe and Ito's palette
BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
GREY, PALE = "#767676", "#E8E8E8"

EDITOR_COLOURS = {
    "ft": BLACK,
    "lu": GREY,
    "mend": VERMILION,
    "enn": PURPLE,
    "rp": SKY,
    "serac_embed": BLUE,
    "serac_cross": GREEN,
}
EDITOR_MARKERS = {"ft": "v", "lu": "P", "mend": "s", "enn": "^", "rp": "X", "serac_embed": "o", "serac_cross": "D"}

_SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.labelsize": 7,
    "axes.titlesize": 7.5,
    "legend.fontsize": 6.5,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=[BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, GREY, BLACK]),
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "legend.frameon": False,
    "grid.color": PALE,
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "pdf.fonttype": 42,
    "svg.hashsalt": "serac",
    "figure.dpi": 100,
    "savefig.dpi": 300,
}


@contextmanager
def figure(
    width: float = COLUMN, height: float = 2.2, rows: int = 1, columns: int = 1, **subplots: Any
) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure (size in inches) with its panels in reading order; closed at the end of the ``with`` block."""
    with mpl.rc_context(_SETTINGS):
        mpl.use("Agg")
        drawn, axes = plt.subplots(
            rows,
            columns,
            figsize=(width, height),
            layout="constrained",
            squeeze=False,
            **subplots,
        )
        try:
            yield drawn, list(axes.flat)
        finally:
            plt.close(drawn)


def save(drawn: Figure, outputs: Sequence[Path | str]) -> None:
    """Write to every path (``.pdf`` or ``.png``, 300 dots per inch) at the printed size and without dates.

    The metadata of a ``.png`` name the panels that show something, one per line (``Description``).
    """
    metadata: dict[str, Any] = {
        ".pdf": {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None},
        ".png": {"Software": None, "Description": "\n".join(map(_name, filter(_shows_something, drawn.axes)))},
    }
    drawn.draw_without_rendering()
    drawn.set_layout_engine("none")  # laid out once for all formats
    for path in map(Path, outputs):
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn.savefig(path, metadata=metadata[path.suffix])


def _shows_something(axes: Axes) -> bool:
    return axes.has_data() or bool(axes.texts)


def _name(axes: Axes) -> str:
    words = (axes.get_title(), axes.get_title(loc="left"), axes.get_ylabel(), axes.get_xlabel())
    return next(filter(None, words), "panel").replace("\n", " ")


def colour(editor: str) -> str:
    """An editor's colour in every figure; variants of a method share its colour."""
    return EDITOR_COLOURS.get(editor) or next(
        (value for key, value in EDITOR_COLOURS.items() if editor.startswith(key)), GREY
    )


def marker(editor: str) -> str:
    """An editor's marker in every figure."""
    return EDITOR_MARKERS.get(editor, "*")


def legend_below(drawn: Figure, axes: Axes, columns: int) -> None:
    """One legend below all panels, in space of its own."""
    handles, labels = axes.get_legend_handles_labels()
    drawn.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=columns,
        columnspacing=1.2,
        handletextpad=0.4,
        handlelength=2.6,
    )
