"""Figure ``edit_scope`` (F2): the trained classifier's embedding space around real edits."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from serac.paper import style

SHADES = (style.BLUE, style.VERMILION, style.GREEN, style.PURPLE, style.ORANGE, style.BLACK)
MARKERS = {
    ("edit", False): ("*", 9, "edit"),
    ("in", False): ("o", 4, "in scope"),
    ("in", True): ("D", 3.5, "in scope, hard"),
    ("out", False): ("s", 3.5, "out of scope"),
    ("out", True): ("^", 4, "out of scope, hard"),
}
Floats = NDArray[np.float64]


def plot_edit_scope(space_parquet: Path | str, outputs: Sequence[Path | str]) -> None:
    """``space_parquet``: the frame of ``embedding_space``, at most 6 edits.

    Classical multidimensional scaling of the classifier's distances; colour tells the edit, filled markers are
    inputs that the classifier puts into its scope.
    """
    frame = pd.read_parquet(space_parquet)
    places = classical_scaling(squared_distances(frame))
    with style.figure(style.PAGE, 3.1, columns=2, width_ratios=[1.55, 1]) as (drawn, (space, texts)):
        for (_, row), place in zip(frame.iterrows(), places, strict=True):
            _point(space, row, place)
        space.set(xticks=[], yticks=[], xlabel="first axis of the scaling", ylabel="second axis of the scaling")
        space.set_aspect("equal", adjustable="datalim")
        space.margins(0.06)
        _legend(texts, frame)
        style.save(drawn, outputs)


def squared_distances(frame: pd.DataFrame) -> Floats:
    """Squared distance of all pairs of rows [n, n]: the smallest over the classifier's heads."""
    vectors = frame.filter(regex=r"^h\d+_\d+$")
    heads = sorted({int(str(name)[1:].partition("_")[0]) for name in vectors.columns})
    distances = []
    for head in heads:
        states = vectors.filter(regex=rf"^h{head}_").to_numpy(dtype=float)
        squares = (states**2).sum(1)
        distances.append(np.maximum(squares[:, None] + squares[None] - 2 * states @ states.T, 0))
    return np.min(distances, axis=0)


def classical_scaling(squares: Floats) -> Floats:
    """Coordinates [n, 2] whose distances come nearest to ``squares`` [n, n] (classical scaling), with fixed signs."""
    n = len(squares)
    centre = np.eye(n) - 1 / n
    values, axes = np.linalg.eigh(-0.5 * centre @ squares @ centre)
    top = axes[:, ::-1][:, :2] * np.sqrt(np.maximum(values[::-1][:2], 0))
    signs = np.sign(top[np.abs(top).argmax(0), [0, 1]])
    return top * np.where(signs == 0, 1, signs)


def _point(axes: Axes, row: pd.Series, place: Floats) -> None:
    shape, size, _ = MARKERS[row["role"], bool(row["hard"])]
    shade = SHADES[int(row["edit"]) % len(SHADES)]
    fill = shade if row["role"] == "edit" or row["similarity"] > 0.5 else "none"
    axes.plot(*place, marker=shape, markersize=size, markerfacecolor=fill, markeredgecolor=shade, markeredgewidth=0.7)


def _legend(axes: Axes, frame: pd.DataFrame) -> None:
    """What markers mean, then the edits in their colours."""
    axes.axis("off")
    roles = set(zip(frame["role"], frame["hard"], strict=True))
    handles = [
        Line2D(
            [], [], linestyle="", marker=shape, markersize=size, markerfacecolor="none", color=style.BLACK, label=name
        )
        for role, (shape, size, name) in MARKERS.items()
        if role in roles
    ]
    handles.append(
        Line2D(
            [], [], linestyle="", marker="o", markersize=4, color=style.BLACK, label="filled: classified as in scope"
        )
    )
    first = axes.legend(handles=handles, loc="upper left", borderaxespad=0)
    axes.add_artist(first)
    edits = frame[frame["role"] == "edit"]
    names = [
        Line2D(
            [], [], linestyle="", marker="*", markersize=9, color=SHADES[int(number) % len(SHADES)], label=_short(text)
        )
        for number, text in zip(edits["edit"], edits["text"], strict=True)
    ]
    axes.legend(handles=names, loc="lower left", borderaxespad=0, labelspacing=0.6)


def _short(text: str) -> str:
    """An edit in at most two lines; separator tokens become arrows."""
    readable = re.sub(r"\[SEP\]|</s>", " → ", text).strip(" →")
    readable = readable.replace("$", "\\$")
    return "\n".join(textwrap.wrap(readable, 42, max_lines=2, placeholder=" …"))
