"""Figure ``sequential_edits``: edit success on all edits so far, and drawdown, as edits arrive one after another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from serac.config.evaluation import SequentialSettings as Measurement
from serac.evaluation.bootstrap import Sample, Statistic
from serac.paper import style
from serac.paper.item import Cell, Data, Item, ItemOnProblem, Scenario, measured, read_cells
from serac.paper.names import EDITORS, editor_name, in_order, problem_name
from serac.paper.verdicts import Claim, above, at_most

PANELS = {"es": "ES on all edits so far", "dd": "DD"}
EARLY, NEAR = 10, 0.03
CHANGE_WEIGHTS = ("ft", "mend", "enn")


class SequentialEditsSettings(ItemOnProblem, Measurement):
    """Figure sequential_edits."""

    def largest_batch(self) -> tuple[str, str, int]:
        """The last of ``checkpoints``."""
        return self.problem, "checkpoints", max(self.checkpoints)


def cells(settings: SequentialEditsSettings, scenario: Scenario) -> list[Cell] | None:
    """The sequences of every editor."""
    return measured(scenario, "sequences", "csv", settings.problem, settings.editors) or None


def caption(settings: SequentialEditsSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        f"Edits arriving one after another ({problem_name(settings.problem)}): success on all edits so far and "
        "drawdown; bands are the range over seeds. A memory should keep early edits; weights that are edited again "
        "and again should lose them. MEND and ENN get one edit at a time, although they were trained for "
        f"{scenario.paper.k_on(settings.problem)} at once."
    )


def make(data: Data[SequentialEditsSettings], outputs: Sequence[Path]) -> None:
    """Draw ES and DD after every number of edits."""
    frames = {editor: read_cells(data.where(editor=editor)) for editor in data.distinct("editor")}
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


def _course(axes: style.Axes, frame: pd.DataFrame, editor: str, metric: str) -> None:
    """Mean over seeds, with the range if there are several."""
    course = frame.groupby("edits")[metric].agg(["mean", "min", "max"])
    shade = style.colour(editor)
    axes.plot(course.index, course["mean"], marker=style.marker(editor), color=shade, label=editor_name(editor))
    axes.fill_between(course.index, course["min"], course["max"], color=shade, alpha=0.15, linewidth=0)


def check(data: Data[SequentialEditsSettings]) -> list[Claim]:
    """The loss of ES from an early number of edits to the last; every sequence (evaluation seed) is a group."""
    frame = read_cells(data.cells)
    frame = frame.assign(batch=0, edit_id=frame["seed"])
    sample = Sample(frame, data.bootstrap)
    stops = sorted(sample.frame["edits"].unique())
    early, last = next((stop for stop in stops if stop >= EARLY), stops[0]), stops[-1]

    def score(editor: str, edits: int) -> Statistic:
        return sample.mean((sample.frame["editor"] == editor) & (sample.frame["edits"] == edits), "es")

    lost = {editor: score(editor, early) - score(editor, last) for editor in data.distinct("editor")}
    claims = []
    for ours in (editor for editor in lost if editor.startswith("serac")):
        claims.append(
            at_most(
                f"{editor_name(ours)} keeps its edits, however many follow.",
                f"ES that {editor_name(ours)} loses from {early} to {last} edits",
                lost[ours].interval(data.bootstrap.confidence),
                NEAR,
            )
        )
        claims += [
            above(
                f"{editor_name(other)} loses more of its edits than {editor_name(ours)}.",
                f"ES that {editor_name(other)} loses from {early} to {last} edits minus what {editor_name(ours)} loses",
                (lost[other] - lost[ours]).interval(data.bootstrap.confidence),
            )
            for other in CHANGE_WEIGHTS
            if other in lost
        ]
    return claims


def shows(data: Data[SequentialEditsSettings]) -> str:
    """ES and DD after the last edit."""
    frame = read_cells(data.cells)
    last = frame[frame["edits"] == frame["edits"].max()].groupby("editor")[["es", "dd"]].mean()
    words = [f"{editor_name(e)} {last.at[e, 'es']:.3f} / {last.at[e, 'dd']:.3f}" for e in in_order(last.index, EDITORS)]
    return f"ES / DD after {frame['edits'].max()} edits: {', '.join(words)}."


ITEM = Item(
    form="figure",
    title="Edits one after another",
    category="Beyond the paper",
    claim="A memory keeps early edits, however many follow; weights that are edited again and again lose them.",
    settings=SequentialEditsSettings,
    caption=caption,
    cells=cells,
    make=make,
    check=check,
    shows=shows,
)
