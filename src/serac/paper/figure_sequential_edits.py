"""Figure ``sequential_edits``: edit success on all edits so far, and drawdown, as edits arrive one after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from serac.paper import style
from serac.paper.names import EDITORS, editor_name, in_order

PANELS = {"es": "ES on all edits so far", "dd": "DD"}


def plot_sequential_edits(courses: Mapping[str, Sequence[Path | str]], outputs: Sequence[Path | str]) -> None:
    """``courses``: by editor the csv files of ``sequential`` (columns ``seed, edits, es, dd``)."""
    frames = {editor: pd.concat([pd.read_csv(path) for path in paths]) for editor, paths in courses.items()}
    with style.figure(style.PAGE, 2.3, columns=2) as (drawn, panels):
        for axes, (metric, label) in zip(panels, PANELS.items(), strict=True):
            for editor in in_order(frames, EDITORS):
                _course(axes, frames[editor], editor, metric)
            axes.set_xscale("symlog", linthresh=10)
            ticks = sorted({int(n) for frame in frames.values() for n in frame["edits"]})
            axes.set_xticks(ticks, [str(n) for n in ticks])
            axes.minorticks_off()
            axes.set_xlabel("edits so far")
            axes.set_ylabel(label)
            axes.grid(axis="y")
        style.legend_below(drawn, panels[0], columns=len(frames))
        style.save(drawn, outputs)


def _course(axes: Axes, frame: pd.DataFrame, editor: str, metric: str) -> None:
    """Mean over seeds, with their range where there are several."""
    course = frame.groupby("edits")[metric].agg(["mean", "min", "max"])
    shade = style.colour(editor)
    axes.plot(course.index, course["mean"], marker=style.marker(editor), color=shade, label=editor_name(editor))
    axes.fill_between(course.index, course["min"], course["max"], color=shade, alpha=0.15, linewidth=0)
