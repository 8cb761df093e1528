"""Figure ``threshold``: how well beta separates inputs, and what each routing threshold costs and gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from serac.paper import style
from serac.paper.names import EDITORS, editor_name, in_order

DEFAULT_THRESHOLD = 0.5
GRID = np.linspace(0.0, 1.0, 101)
Floats = NDArray[np.float64]


def plot_threshold(outcomes: Mapping[str, Sequence[Path | str]], outputs: Sequence[Path | str]) -> None:
    """``outcomes``: parquet files of ``threshold_outcomes`` by editor (one a training seed)."""
    frames = {editor: pd.concat([pd.read_parquet(path) for path in paths]) for editor, paths in outcomes.items()}
    with style.figure(style.PAGE, 2.5, columns=2, width_ratios=[1, 1.5]) as (drawn, (left, right)):
        for editor in in_order(frames, EDITORS):
            _roc_line(left, frames[editor], editor)
            _threshold_lines(right, frames[editor], editor)
        left.plot([0, 1], [0, 1], color=style.GREY, linestyle=":", linewidth=0.8)
        left.set(xlabel="out-of-scope inputs routed", ylabel="in-scope inputs routed", aspect="equal")
        left.legend(loc="lower right", frameon=True, framealpha=1, edgecolor="none")
        right.axvline(DEFAULT_THRESHOLD, color=style.GREY, linestyle=":", linewidth=0.8)
        right.set(xlabel="routing threshold (paper: 0.5)", ylabel="ES, DD", xlim=(0, 1))
        right.grid(axis="y")
        style.legend_below(drawn, right, columns=4)
        style.save(drawn, outputs)


def roc(inside: Floats, outside: Floats) -> tuple[Floats, Floats, float]:
    """False and true positive rates over all thresholds, and the area under them (ties count half).

    ``inside`` and ``outside``: beta of the inputs in and out of scope.
    """
    scores = np.concatenate([inside, outside])
    thresholds = np.concatenate([[np.inf], np.unique(scores)[::-1]])
    true = np.array([(inside >= t).mean() for t in thresholds])
    false = np.array([(outside >= t).mean() for t in thresholds])
    return false, true, float(np.trapezoid(true, false))


def metric_at(frame: pd.DataFrame, threshold: float) -> float:
    """Mean value if exactly the inputs with beta above ``threshold`` are routed."""
    routed = (frame["beta"] > threshold).to_numpy()
    return float(np.where(routed, frame["value_routed"], frame["value_base"]).mean())


def _roc_line(axes: Axes, frame: pd.DataFrame, editor: str) -> None:
    inside, outside = (frame.loc[frame["scope"] == scope, "beta"].to_numpy(dtype=float) for scope in ("in", "out"))
    false, true, area = roc(inside, outside)
    axes.plot(false, true, color=style.colour(editor), label=f"{editor_name(editor)}, area {area:.3f}")
    point = [float((betas > DEFAULT_THRESHOLD).mean()) for betas in (outside, inside)]
    axes.plot(*[[value] for value in point], marker=style.marker(editor), color=style.colour(editor), clip_on=False)


def _threshold_lines(axes: Axes, frame: pd.DataFrame, editor: str) -> None:
    for scope, name, line in (("in", "ES", "-"), ("out", "DD", "--")):
        part = frame[frame["scope"] == scope]
        values = [metric_at(part, threshold) for threshold in GRID]
        axes.plot(GRID, values, linestyle=line, color=style.colour(editor), label=f"{editor_name(editor)}: {name}")
