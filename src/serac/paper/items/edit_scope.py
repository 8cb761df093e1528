"""Figure ``edit_scope``: the trained classifier's embedding space around real edits."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from serac.config.names import EmbedName, ProblemName
from serac.paper import style
from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario, measured
from serac.paper.names import editor_name, problem_name

SHADES = (style.BLUE, style.VERMILION, style.GREEN, style.PURPLE, style.ORANGE, style.BLACK)
MARKERS = {
    ("edit", False): ("*", 9, "edit"),
    ("in", False): ("o", 4, "in scope"),
    ("in", True): ("D", 3.5, "in scope, hard"),
    ("out", False): ("s", 3.5, "out of scope"),
    ("out", True): ("^", 4, "out of scope, hard"),
}
Floats = NDArray[np.float64]


class EditScopeSettings(ItemSettings):
    """Figure edit_scope: the embedding space of a trained Embed classifier."""

    problem: ProblemName = Field("qa_hard", description="problem of the edits")
    editor: EmbedName = Field("serac_embed", description="editor whose classifier is shown")
    edits: PositiveInt = Field(4, le=6, description="number of edits")
    inputs: PositiveInt = Field(3, description="inputs per edit drawn from each scope and difficulty")

    def uses(self) -> Iterable[tuple[str, str]]:
        """The problem with the editor."""
        return [(self.problem, self.editor)]


def cells(settings: EditScopeSettings, scenario: Scenario) -> list[Cell] | None:
    """The embedding space of the first training seed."""
    return measured(scenario, "embedding_space", "parquet", settings.problem, [settings.editor])[:1] or None


def caption(settings: EditScopeSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        "Real edits and the inputs around them in the embedding space of the trained classifier "
        f"({problem_name(settings.problem)}, {editor_name(settings.editor)}), drawn so as to preserve distances as far "
        "as two dimensions allow. In-scope inputs, even hard ones, should gather around their edit; hard out-of-scope "
        "ones should not."
    )


def make(data: Data[EditScopeSettings], outputs: Sequence[Path]) -> None:
    """Draw the classifier's distances by multidimensional scaling; colour tells the edit, filled markers are inputs
    that the classifier puts into its scope."""
    frame = pd.read_parquet(data.cells[0].file)
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
    """Squared distances between all pairs of rows [n, n]: the smallest over the classifier's heads."""
    vectors = frame.filter(regex=r"^h\d+_\d+$")
    heads = sorted({int(str(name)[1:].partition("_")[0]) for name in vectors.columns})
    distances = []
    for head in heads:
        states = vectors.filter(regex=rf"^h{head}_").to_numpy(dtype=float)
        squares = (states**2).sum(1)
        distances.append(np.maximum(squares[:, None] + squares[None] - 2 * states @ states.T, 0))
    nearest: Floats = np.min(distances, axis=0)
    return nearest


def classical_scaling(squares: Floats) -> Floats:
    """Coordinates [n, 2] whose distances are closest to ``squares`` [n, n] (classical scaling), with fixed signs."""
    from sklearn.manifold import ClassicalMDS  # takes a second, and the workflow reads this file for every dry run

    top: Floats = ClassicalMDS(n_components=2, metric="precomputed").fit_transform(np.sqrt(squares))
    signs = np.sign(top[np.abs(top).argmax(0), [0, 1]])
    fixed: Floats = top * np.where(signs == 0, 1, signs)
    return fixed


def _point(axes: style.Axes, row: pd.Series, place: Floats) -> None:
    shape, size, _ = MARKERS[row["role"], bool(row["hard"])]
    shade = SHADES[int(row["edit"]) % len(SHADES)]
    fill = shade if row["role"] == "edit" or row["similarity"] > 0.5 else "none"
    axes.plot(*place, marker=shape, markersize=size, markerfacecolor=fill, markeredgecolor=shade, markeredgewidth=0.7)


def _legend(axes: style.Axes, frame: pd.DataFrame) -> None:
    """The meaning of the markers, then the edits in their colours."""
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


def shows(data: Data[EditScopeSettings]) -> str:
    """Shares of the drawn inputs that the classifier puts into scope."""
    frame = pd.read_parquet(data.cells[0].file)
    inputs = frame[frame["role"] != "edit"]
    names = {"in": "inputs in scope", "out": "inputs out of scope"}
    sorts = inputs["hard"].map({True: "hard ", False: "easy "}) + inputs["role"].map(names)
    shares = (inputs["similarity"] > 0.5).groupby(sorts).agg(["sum", "size"])
    words = [f"{row['sum']} of {row['size']} {sort}" for sort, row in shares.iterrows()]
    return f"Of the inputs drawn around {data.settings.edits} edits, classified as in scope: {', '.join(words)}."


ITEM = Item(
    form="figure",
    title="The learned scope",
    category="Analysis",
    settings=EditScopeSettings,
    caption=caption,
    cells=cells,
    make=make,
    shows=shows,
)
