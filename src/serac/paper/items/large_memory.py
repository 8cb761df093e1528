"""Figure ``large_memory``: what is routed right, false alarms and the time of a search against the number of edits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.ticker import EngFormatter
from pydantic import Field

from serac.config.evaluation import LargeMemorySettings as Measurement
from serac.config.names import ProblemName
from serac.paper import style
from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario, read_cells, run_folder, training_seeds
from serac.sources.miniature.large_corpus import OUT_OF_SCOPE

THRESHOLDS = {"fixed": ":", "calibrated": "-", "learned": "--"}
MARKERS = ("o", "s", "^", "x")
SHADES = ("#0072B2", "#D55E00", "#CC79A7", "#000000")


class LargeMemoryItemSettings(ItemSettings, Measurement):
    """Figure large_memory: routing in memories of growing size."""

    problem: ProblemName = Field("qa_hard", description="problem whose scope classifiers are measured")
    embed: str = Field("embed", description="its Embed classifier")
    cross: str = Field("cross", description="its Cross classifier")


def cells(settings: LargeMemoryItemSettings, scenario: Scenario) -> list[Cell] | None:
    """The measurement with the classifiers of the first training seed: encoding a million edits takes hours."""
    known = scenario.problems[settings.problem].scope if settings.problem in scenario.run.problems else {}
    if not {settings.embed, settings.cross} <= set(known):
        return None
    folder = f"{run_folder(scenario)}/large_memory/{settings.problem}"
    return [
        Cell(f"{folder}/{settings.embed}_{settings.cross}/seed{seed}.csv", settings.problem, seed=seed)
        for seed in training_seeds(scenario)[:1]
    ]


def caption(settings: LargeMemoryItemSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        f"Memories of {min(settings.sizes):,} to {max(settings.sizes):,} distinct made-up facts. Left: paraphrases "
        "routed to their edit. Middle: out-of-scope questions that Embed routes to an edit, by kind, at the calibrated "
        "threshold. Right: time of one search for an encoded question. Thresholds are chosen on other facts: fixed in "
        "memories of 10 edits, calibrated at the given size, or learned from the best entry's score and its margin to "
        f"the runner-up (ours). Cross reads the {settings.candidates} entries that Embed finds nearest."
    )


def make(data: Data[LargeMemoryItemSettings], outputs: Sequence[Path]) -> None:
    """Draw three panels over the number of edits; columns as ``large_memory_routing`` writes them."""
    frame = read_cells(data.cells)
    with style.figure(style.PAGE, 3.2, columns=3, width_ratios=[1.4, 1, 1]) as (drawn, (left, middle, right)):
        inside = frame[frame["right"].notna()]
        for (classifier, threshold), rows in inside.groupby(["classifier", "threshold"], sort=False):
            editor = f"serac_{classifier}"
            label = f"{str(classifier).capitalize()}, {threshold}"
            _line(left, rows, "right", style.colour(editor), THRESHOLDS[str(threshold)], style.marker(editor), label)
        found = inside[inside["classifier"] == "embed"]
        _line(left, found, "recall", style.GREY, "-", "", "Embed: recall@1")
        alarms = frame[(frame["classifier"] == "embed") & (frame["threshold"] == "calibrated")]
        for (kind, name), marker, shade in zip(OUT_OF_SCOPE.items(), MARKERS, SHADES, strict=True):
            _line(middle, alarms[alarms["kind"] == kind], "routed", shade, "-", marker, name)
        _line(right, frame, "search_ms", SHADES[0], "-", "o", "median")
        _line(right, frame, "search_p99_ms", SHADES[0], ":", "^", "99th percentile")
        labels = ("routed right", "false alarms", "milliseconds per search")
        sizes, thousands = sorted(frame["edits"].unique()), EngFormatter(sep="")
        for axes, label in zip((left, middle, right), labels, strict=True):
            axes.set(xscale="log", xlabel="edits in memory", ylabel=label)
            axes.set_xticks(sizes, [thousands(size) for size in sizes])
            axes.minorticks_off()
            axes.grid(axis="y")
            axes.legend(fontsize=6, loc="upper center", bbox_to_anchor=(0.5, -0.28), ncols=2 if axes is left else 1)
        middle.set_ylim(bottom=0)
        right.set_ylim(bottom=0)
        style.save(drawn, outputs)


def _line(axes: style.Axes, rows: pd.DataFrame, column: str, colour: str, line: str, marker: str, label: str) -> None:
    course = rows.groupby("edits")[column].mean()
    axes.plot(course.index, course, linestyle=line, marker=marker, color=colour, label=label, markersize=3)


def shows(data: Data[LargeMemoryItemSettings]) -> str:
    """Routed right, recall and false alarms at the smallest and the largest size."""
    frame = read_cells(data.cells)
    calibrated = frame[frame["threshold"] == "calibrated"]
    words = []
    for (classifier, edits), rows in calibrated.groupby(["classifier", "edits"], sort=True):
        if edits in (frame["edits"].min(), frame["edits"].max()):
            kinds = rows.groupby("kind")["routed"].mean()
            worst = str(kinds.drop(["rephrase", "random"]).idxmax())
            words.append(
                f"{str(classifier).capitalize()}, {edits:,} edits: routed right {rows['right'].mean():.3f}, recall@1 "
                f"{rows['recall'].mean():.3f}, false alarms at most {kinds[worst]:.3f} ({OUT_OF_SCOPE[worst]}) and "
                f"{kinds['random']:.3f} on random questions"
            )
    return f"Calibrated at the size at hand. {'. '.join(words)}."


ITEM = Item(
    form="figure",
    title="Quality in large memories",
    category="Beyond the paper",
    settings=LargeMemoryItemSettings,
    caption=caption,
    cells=cells,
    make=make,
    shows=shows,
)
