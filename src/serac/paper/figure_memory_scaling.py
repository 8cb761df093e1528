"""Figure ``memory_scaling``: latency of SERAC over the base model's against the number of edits in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from serac.paper import style

LINES = {"ours": "-", "reference": "--"}
CLASSIFIERS = {"embed": "serac_embed", "cross": "serac_cross"}


def plot_memory_scaling(scaling_csv: Path | str, outputs: Sequence[Path | str]) -> None:
    """``scaling_csv``: columns ``classifier, edits, batch, way, seconds, ratio``; one panel a batch size.

    ``ratio`` is the latency of a forward pass over that of the base model alone; ``way`` tells this implementation
    (``ours``) from the reference's way, as far as that one fits into memory.
    """
    frame = pd.read_csv(scaling_csv)
    batches = sorted(frame["batch"].unique())
    width = style.COLUMN if len(batches) == 1 else style.PAGE
    with style.figure(width, 2.4, columns=len(batches), sharey=True) as (drawn, panels):
        for axes, batch in zip(panels, batches, strict=True):
            _panel(axes, frame[frame["batch"] == batch])
            axes.set_title(f"batch of {batch}")
        panels[0].set_ylabel("latency / base model's latency")
        every = {label: line for axes in panels for line, label in zip(*axes.get_legend_handles_labels(), strict=True)}
        drawn.legend(every.values(), every.keys(), loc="outside lower center", ncols=2 * len(batches), handlelength=3)
        style.save(drawn, outputs)


def _panel(axes: Axes, frame: pd.DataFrame) -> None:
    for (classifier, way), rows in frame.groupby(["classifier", "way"], sort=True):
        editor = CLASSIFIERS.get(str(classifier), str(classifier))
        rows = rows.sort_values("edits")
        axes.plot(
            rows["edits"],
            rows["ratio"],
            linestyle=LINES.get(str(way), ":"),
            marker=style.marker(editor),
            color=style.colour(editor),
            label=f"{str(classifier).capitalize()}, {way}",
        )
    axes.axhline(1, color=style.GREY, linewidth=0.6, linestyle=":")
    axes.set(xscale="log", yscale="log", xlabel="edits in memory")
    axes.grid(axis="y")
