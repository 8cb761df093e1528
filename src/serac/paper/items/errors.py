"""Figure ``errors``: categories of right and wrong predictions by kind of input, with sampled examples."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.patches import Patch
from matplotlib.transforms import blended_transform_factory
from pydantic import Field, PositiveInt

from serac.config.names import MemoryEditorName, ProblemName
from serac.paper import style
from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario, outcomes, read_cells
from serac.paper.names import editor_name, kind_name, kinds_in_order, problem_name

CATEGORIES = {
    "right": ("right, as it should be", style.BLUE),
    "lucky": ("right despite wrong routing", style.SKY),
    "missed": ("wrong: edit not found", style.ORANGE),
    "confused": ("wrong: another edit retrieved", style.PURPLE),
    "misread": ("wrong: right edit, wrong answer", style.VERMILION),
    "changed": ("wrong: output changed out of scope", style.BLACK),
}
LINE = 128
"""Maximum characters per line of an example, given the page's width."""


class ErrorsSettings(ItemSettings):
    """Figure errors: categories of predictions with sampled examples."""

    problem: ProblemName = Field("qa_hard", description="problem of the predictions")
    editor: MemoryEditorName = Field("serac_cross", description="editor that made them; it must have a router")
    examples: PositiveInt = Field(6, description="number of examples shown")

    def uses(self) -> Iterable[tuple[str, str]]:
        """The problem with the editor."""
        return [(self.problem, self.editor)]


def cells(settings: ErrorsSettings, scenario: Scenario) -> list[Cell] | None:
    """Outcomes of the editor."""
    return outcomes(scenario, settings.problem, [settings.editor]) or None


def caption(settings: ErrorsSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        f"Where predictions go right and wrong ({problem_name(settings.problem)}, {editor_name(settings.editor)}): "
        "routed and answered correctly, routed correctly but answered wrongly, missed, or changed although out of "
        "scope, with sampled examples of each."
    )


def make(data: Data[ErrorsSettings], outputs: Sequence[Path]) -> None:
    """Draw the share of every category by kind of input, with examples below."""
    frame = _categorised(data)
    shares = category_shares(frame)
    sampled = sample_examples(frame, data.settings.examples, data.seed)
    heights = [0.17 * len(shares) + 0.45, 0.31 * len(sampled) + 0.1]
    with style.figure(style.PAGE, sum(heights) + 0.55, rows=2, height_ratios=heights) as (drawn, (bars, texts)):
        _bars(bars, shares)
        _examples(texts, sampled)
        patches = [Patch(color=CATEGORIES[name][1], label=CATEGORIES[name][0]) for name in shares.columns]
        drawn.legend(handles=patches, loc="outside upper center", ncols=3, handlelength=1)
        style.save(drawn, outputs)


def categories(frame: pd.DataFrame) -> pd.Series:
    """Category of every row of the outcomes of a routing editor; values of 0.5 or more count as success or change."""
    inside = frame["scope"] == "in"
    right = (frame["value"] >= 0.5) == inside
    well_routed = (frame["hit"] >= 0.5).where(inside, frame["routed"] < 0.5)
    result = pd.Series("changed", index=frame.index)
    result[inside & (frame["routed"] < 0.5)] = "missed"
    result[inside & (frame["routed"] >= 0.5) & ~well_routed] = "confused"
    result[inside & well_routed] = "misread"
    result[right & well_routed] = "right"
    result[right & ~well_routed] = "lucky"
    return result


def category_shares(frame: pd.DataFrame) -> pd.DataFrame:
    """Share of each category that occurs, for each (scope, kind) in printed order; rows sum to 1."""
    shares = pd.crosstab([frame["scope"], frame["kind"]], frame["category"], normalize="index")
    order = [
        (scope, kind) for scope in ("in", "out") for kind in kinds_in_order(frame.loc[frame["scope"] == scope, "kind"])
    ]
    return shares.reindex(index=order, columns=[name for name in CATEGORIES if name in shares.columns])


def sample_examples(frame: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """``count`` different rows, from every category in turn, wrong ones first; the same for the same seed."""
    rng = random.Random(f"errors/{seed}")
    waiting = {}
    for name in (*list(CATEGORIES)[2:], "lucky", "right"):
        rows = list(frame.index[frame["category"] == name])
        if rows:
            waiting[name] = rng.sample(rows, min(count, len(rows)))
    chosen: list[int] = []
    while len(chosen) < count and any(waiting.values()):
        for rows in waiting.values():
            if rows and len(chosen) < count:
                chosen.append(rows.pop())
    picked = frame.loc[chosen]
    return picked.assign(order=picked["category"].map(list(CATEGORIES).index)).sort_values("order", kind="stable")


def _bars(axes: style.Axes, shares: pd.DataFrame) -> None:
    names = [f"{kind_name(str(kind))} ({scope} of scope)".replace("(in of", "(in") for scope, kind in shares.index]
    left = pd.Series(0.0, index=shares.index)
    for name in shares.columns:
        axes.barh(range(len(shares)), shares[name], left=left, color=CATEGORIES[name][1], height=0.75, linewidth=0)
        left += shares[name]
    axes.set_yticks(range(len(shares)), names)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel="share of inputs")
    axes.tick_params(axis="y", length=0)


def _examples(axes: style.Axes, sampled: pd.DataFrame) -> None:
    """Two lines per example, over the whole width of the figure."""
    axes.axis("off")
    axes.set(xlim=(0, 1), ylim=(len(sampled), 0))
    place = blended_transform_factory(axes.figure.transFigure, axes.transData)
    for i, (_, row) in enumerate(sampled.iterrows()):
        look: dict[str, Any] = {
            "color": CATEGORIES[row["category"]][1],
            "transform": place,
            "clip_on": False,
            "in_layout": False,
        }
        axes.plot(0.012, i + 0.5, marker="s", markersize=6, **look)
        text = axes.text(0.028, i + 0.5, example_text(row), va="center", fontsize=6, linespacing=1.3, transform=place)
        text.set(parse_math=False, in_layout=False)


def example_text(row: pd.Series) -> str:
    """Edit, then input, answer and wanted answer; each line at most ``LINE`` characters."""
    wanted = row["label"] if row["scope"] == "in" else row["base_output"]
    edit = f"edit: {row['edit_input']}" + (f" → {row['edit_label']}" if row["edit_label"] else "")
    answer = _cut(f"→ {row['edited_output']} (desired: {wanted})", LINE // 2)
    return f"{_cut(edit, LINE)}\n{_cut('input: ' + row['input'], LINE - len(answer) - 1)} {answer}"


def _cut(text: str, limit: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def shows(data: Data[ErrorsSettings]) -> str:
    """Shares of the categories."""
    shares = _categorised(data)["category"].value_counts(normalize=True)
    words = [f"{name} {shares[key]:.3f}" for key, (name, _) in CATEGORIES.items() if key in shares]
    return f"Share of inputs: {', '.join(words)}."


def _categorised(data: Data[ErrorsSettings]) -> pd.DataFrame:
    frame = read_cells(data.cells)
    return frame.assign(category=categories(frame))


ITEM = Item(
    form="figure",
    title="Right and wrong predictions",
    category="Analysis",
    settings=ErrorsSettings,
    caption=caption,
    cells=cells,
    make=make,
    shows=shows,
)
