"""Figure ``threshold``: how well beta separates inputs, and what each routing threshold costs and gains."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from serac.config.names import MemoryEditorName
from serac.evaluation.bootstrap import Sample
from serac.paper import style
from serac.paper.item import Cell, Data, Item, ItemOnProblem, Scenario, measured, read_cells
from serac.paper.names import EDITORS, editor_name, in_order, problem_name
from serac.paper.verdicts import Claim, at_most

DEFAULT_THRESHOLD, NEAR = 0.5, 0.05
GRID = np.linspace(0.0, 1.0, 101)
Floats = NDArray[np.float64]


class ThresholdSettings(ItemOnProblem):
    """Figure threshold: what routing at other thresholds would do."""

    editors: tuple[MemoryEditorName, ...] = Field(min_length=1, description="editors to show")


def cells(settings: ThresholdSettings, scenario: Scenario) -> list[Cell] | None:
    """Every input scored with and without routing, by editor."""
    return measured(scenario, "threshold", "parquet", settings.problem, settings.editors) or None


def caption(settings: ThresholdSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        "Left: how well the scope probability separates in-scope inputs from the others "
        f"({problem_name(settings.problem)}); the marker is the threshold {DEFAULT_THRESHOLD}. Right: edit success and "
        "drawdown at every routing threshold; a wide plateau around the paper's threshold means that its exact value "
        "hardly matters."
    )


def make(data: Data[ThresholdSettings], outputs: Sequence[Path]) -> None:
    """Draw the ROC curve of the scope probability, and ES and DD over thresholds."""
    frames = _frames(data)
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
    from sklearn.metrics import auc, roc_curve  # takes a second, and the workflow reads this file for every dry run

    labels = np.repeat([1, 0], [len(inside), len(outside)])
    false, true, _ = roc_curve(labels, np.concatenate([inside, outside]), drop_intermediate=False)
    return false, true, float(auc(false, true))


def metric_at(frame: pd.DataFrame, threshold: float) -> float:
    """Mean value if exactly the inputs with beta above ``threshold`` are routed."""
    return float(_values(frame, threshold).mean())


def _values(frame: pd.DataFrame, threshold: float) -> Floats:
    routed = (frame["beta"] > threshold).to_numpy()
    return np.where(routed, frame["value_routed"], frame["value_base"]).astype(np.float64)


def _roc_line(axes: style.Axes, frame: pd.DataFrame, editor: str) -> None:
    inside, outside = (frame.loc[frame["scope"] == scope, "beta"].to_numpy(dtype=float) for scope in ("in", "out"))
    false, true, area = roc(inside, outside)
    axes.plot(false, true, color=style.colour(editor), label=f"{editor_name(editor)}, area {area:.3f}")
    point = [float((betas > DEFAULT_THRESHOLD).mean()) for betas in (outside, inside)]
    axes.plot(*[[value] for value in point], marker=style.marker(editor), color=style.colour(editor), clip_on=False)


def _threshold_lines(axes: style.Axes, frame: pd.DataFrame, editor: str) -> None:
    for scope, name, line in (("in", "ES", "-"), ("out", "DD", "--")):
        part = frame[frame["scope"] == scope]
        values = [metric_at(part, threshold) for threshold in GRID]
        axes.plot(GRID, values, linestyle=line, color=style.colour(editor), label=f"{editor_name(editor)}: {name}")


def check(data: Data[ThresholdSettings]) -> list[Claim]:
    """ES - DD at the best threshold, chosen on the same inputs, minus that at the paper's."""
    claims = []
    for editor, frame in _frames(data).items():
        parts = [frame[frame["scope"] == scope] for scope in ("in", "out")]
        scores = {cut: metric_at(parts[0], cut) - metric_at(parts[1], cut) for cut in map(float, GRID)}
        best = max(scores, key=lambda cut: (scores[cut], -abs(cut - DEFAULT_THRESHOLD)))
        values = {name: _values(frame, cut) for name, cut in (("best", best), ("paper", DEFAULT_THRESHOLD))}
        sample = Sample(frame.assign(gain=values["best"] - values["paper"]), data.bootstrap)
        inside = sample.frame["scope"] == "in"
        claims.append(
            at_most(
                f"The paper's threshold of {DEFAULT_THRESHOLD} is close to the best one for {editor_name(editor)}.",
                f"ES − DD at the best threshold {best:.2f} minus that at {DEFAULT_THRESHOLD}",
                (sample.mean(inside, "gain") - sample.mean(~inside, "gain")).interval(data.bootstrap.confidence),
                NEAR,
            )
        )
    return claims


def _frames(data: Data[ThresholdSettings]) -> dict[str, pd.DataFrame]:
    return {editor: read_cells(data.where(editor=editor)) for editor in data.distinct("editor")}


ITEM = Item(
    form="figure",
    title="The routing threshold",
    category="Beyond the paper",
    claim="The paper's threshold of 0.5 is within 0.05 of the best one in ES − DD.",
    settings=ThresholdSettings,
    caption=caption,
    cells=cells,
    make=make,
    check=check,
)
