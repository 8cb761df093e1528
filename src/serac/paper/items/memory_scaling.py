"""Figure ``memory_scaling``: latency of SERAC over the base model's against the number of edits in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import Field, PositiveInt

from serac.paper import style
from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario, run_folder

LINES = {"ours": "-", "reference": "--"}
CLASSIFIERS = {"embed": "serac_embed", "cross": "serac_cross"}


T5Size = Literal["miniature", "t5-small", "t5-base", "t5-large"]
EncoderSize = Literal["miniature", "distilbert"]


class MemoryScalingSettings(ItemSettings):
    """Figure memory_scaling: latency with memories of growing size, for models with random weights."""

    sizes: tuple[PositiveInt, ...] = Field((1, 10, 100, 1000), min_length=1, description="edits in the memory")
    batch_sizes: tuple[PositiveInt, ...] = Field((1, 32), min_length=1, description="inputs per forward pass")
    base: T5Size = Field("miniature", description="size of the base model; see benchmarks/random_models.py")
    counterfactual: T5Size = Field("miniature", description="size of the counterfactual model")
    encoder: EncoderSize = Field("miniature", description="size of the encoder")
    repeats: PositiveInt = Field(5, description="timed passes; the median counts")
    reference_limit: PositiveInt = Field(
        1000, description="largest memory for which the reference code's way is measured"
    )


def cells(settings: MemoryScalingSettings, scenario: Scenario) -> list[Cell]:
    """The measurement."""
    return [Cell(f"{run_folder(scenario)}/memory_scaling.csv")]


def caption(settings: MemoryScalingSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        "Latency of a forward pass relative to that of the base model alone, with memories of growing size and random "
        "weights. The reference code encodes its whole memory again at every call (shown up to "
        f"{settings.reference_limit:,} edits); here, edits are encoded once, and Cross reads only the candidates that "
        "a cheap first stage retrieves."
    )


def make(data: Data[MemoryScalingSettings], outputs: Sequence[Path]) -> None:
    """Draw one panel per batch size.

    The file has the columns ``classifier, edits, batch, way, seconds, ratio``: ``way`` tells this implementation
    (``ours``) from the reference's way, as far as that one fits into memory.
    """
    frame = pd.read_csv(data.cells[0].file)
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


def _panel(axes: style.Axes, frame: pd.DataFrame) -> None:
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


def shows(data: Data[MemoryScalingSettings]) -> str:
    """Latency relative to the base model's at the fewest and the most edits; measured once, so no claim rests on it."""
    frame = pd.read_csv(data.cells[0].file)
    words = []
    for (classifier, batch), rows in frame[frame["way"] == "ours"].groupby(["classifier", "batch"], sort=True):
        course = rows.sort_values("edits")
        first, last = course.iloc[0], course.iloc[-1]
        words.append(
            f"{str(classifier).capitalize()}, batch {batch}: {first['ratio']:.2f} with {_edits(first)}, "
            f"{last['ratio']:.2f} with {_edits(last)}"
        )
    return "Latency relative to the base model's. " + "; ".join(words) + "."


def _edits(row: pd.Series) -> str:
    return f"{row['edits']:,} edit{'s' if row['edits'] > 1 else ''}"


ITEM = Item(
    form="figure",
    title="Large memories",
    category="Beyond the paper",
    settings=MemoryScalingSettings,
    caption=caption,
    cells=cells,
    make=make,
    shows=shows,
)
