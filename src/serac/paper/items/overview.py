"""Figure ``overview``: SERAC's parts and the path of an input through them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from serac.paper import style
from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario

BOXES = {  # centre, size, colour, text; in inches
    "input": ((0.62, 1.15), (1.0, 0.5), style.PALE, "input $x'$"),
    "memory": ((2.1, 2.1), (1.5, 0.62), "#FBE6C2", "edit memory\n$z_1, z_2, …, z_k$"),
    "classifier": ((2.1, 1.15), (1.5, 0.66), "#CFE5F5", "scope classifier\n$\\beta=\\max_i\\ g_\\phi(z_i, x')$"),
    "counterfactual": ((4.55, 1.9), (1.6, 0.66), "#CDEBDF", "counterfactual model\n$h_\\psi(z_{i^*}, x')$"),
    "base": ((4.55, 0.4), (1.6, 0.66), style.PALE, "base model, unchanged\n$f_{base}(x')$"),
    "output": ((6.15, 1.15), (0.9, 0.5), style.PALE, "output"),
}
ARROWS = [  # from (box, side, shift along it) to (box, side, shift)
    ("input", "right", 0, "classifier", "left", 0, "arc3"),
    ("memory", "bottom", 0, "classifier", "top", 0, "arc3"),
    ("memory", "right", 0, "counterfactual", "left", 0.2, "arc3"),
    ("classifier", "right", 0.1, "counterfactual", "left", -0.12, "arc3"),
    ("classifier", "right", -0.1, "base", "left", 0, "arc3"),
    ("counterfactual", "right", 0, "output", "top", 0, "angle3,angleA=0,angleB=90"),
    ("base", "right", 0, "output", "bottom", 0, "angle3,angleA=0,angleB=90"),
]
LABELS = [  # left end and middle, text
    ((3.05, 2.22), "edit $z_{i^*}$", style.VERMILION),
    ((3.42, 1.28), "in scope: $\\beta > 0.5$", style.GREEN),
    ((3.42, 0.98), "out of scope: $\\beta \\leq 0.5$", style.GREY),
]


def cells(settings: ItemSettings, scenario: Scenario) -> list[Cell]:
    """Nothing: it depends on no results."""
    return []


def caption(settings: ItemSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        "The method: a memory of edits; a scope classifier that retrieves the edit, if any, that an input concerns; a "
        "counterfactual model that answers given the retrieved edit; and a base model that answers everything else "
        "and is never changed."
    )


def make(data: Data[ItemSettings], outputs: Sequence[Path]) -> None:
    """Draw the diagram."""
    with style.figure(style.PAGE, 2.7) as (drawn, (axes,)):
        axes.set(xlim=(0, style.PAGE), ylim=(0, 2.7), aspect="equal")
        axes.axis("off")
        for name in BOXES:
            _box(axes, name)
        for start, side, shift, end, other, other_shift, way in ARROWS:
            ends: dict[str, Any] = {"posA": _edge(start, side, shift), "posB": _edge(end, other, other_shift)}
            look: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 8, "linewidth": 0.9, "color": style.BLACK}
            axes.add_patch(FancyArrowPatch(**ends, connectionstyle=way, shrinkA=0, shrinkB=1, **look))
        for place, text, shade in LABELS:
            axes.text(*place, text, va="center", color=shade)
        style.save(drawn, outputs)


def _box(axes: Axes, name: str) -> None:
    (x, y), (width, height), shade, text = BOXES[name]
    corner = (x - width / 2, y - height / 2)
    axes.add_patch(FancyBboxPatch(corner, width, height, boxstyle="round,pad=0,rounding_size=0.08", fc=shade, lw=0.8))
    axes.text(x, y, text, ha="center", va="center", linespacing=1.5)


def _edge(name: str, side: str, shift: float) -> tuple[float, float]:
    """Middle of a box's side, shifted upwards or to the right by ``shift``."""
    (x, y), (width, height), _, _ = BOXES[name]
    across, up = {"left": (-1, 0), "right": (1, 0), "top": (0, 1), "bottom": (0, -1)}[side]
    return x + across * width / 2 + shift * abs(up), y + up * height / 2 + shift * abs(across)


ITEM = Item(
    form="figure",
    title="The method",
    category="Method",
    caption=caption,
    cells=cells,
    make=make,
)
