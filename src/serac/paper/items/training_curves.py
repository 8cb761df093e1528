"""Figure ``training_curves``: validation metrics of everything that was trained."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from serac.paper import style
from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario, histories
from serac.paper.names import PROBLEMS, editor_name, in_order, problem_name

NOT_DRAWN = ("step", "seconds", "loss", "validation_loss")
NAMES = {
    "score": "score",
    "accuracy": "accuracy",
    "probability": "probability per token",
    "recall_in": "right in scope",
    "recall_out": "right out of scope",
    "es": "ES",
    "edit_success": "ES",
    "dd": "DD",
    "drawdown": "DD",
    "locality": "locality",
}
COLOURS = {
    "ES": style.BLUE,
    "DD": style.VERMILION,
    "locality": style.ORANGE,
    "right in scope": style.GREEN,
    "right out of scope": style.PURPLE,
    "accuracy": style.SKY,
    "probability per token": style.BLACK,
    "score": style.GREY,
}


def cells(settings: ItemSettings, scenario: Scenario) -> list[Cell]:
    """Histories of everything that the main table needs."""
    return histories(scenario)


def caption(settings: ItemSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        "Validation metrics during the trainings behind the main table. Most curves should have flattened "
        "before they end."
    )


def make(data: Data[ItemSettings], outputs: Sequence[Path]) -> None:
    """Draw one panel per problem and trained part.

    Drawn are all validation numbers between 0 and 1, or the score where there is none; and the probability of the
    wanted answer per token (geometric mean), which shows progress where whole answers are never matched (dialogue).
    """
    frames = {key: [with_probability(seed) for seed in seeds] for key, seeds in _courses(data).items()}
    problems = in_order((problem for problem, _ in frames), PROBLEMS)
    trained = list(dict.fromkeys(name for _, name in frames))
    shape = {"rows": len(problems), "columns": len(trained)}
    with style.figure(style.PAGE, 1.15 * len(problems) + 0.4, **shape, sharey="row") as (drawn, panels):
        for axes, (problem, name) in zip(panels, product(problems, trained), strict=True):
            if (problem, name) not in frames:
                axes.remove()
                continue
            _panel(axes, frames[problem, name])
            first = next(other for other in trained if (problem, other) in frames)
            axes.set_ylabel(problem_name(problem) if name == first else "")
            axes.tick_params(labelleft=name == first)
            column = [other for other in problems if (other, name) in frames]
            axes.set_title(editor_name(name) if problem == column[0] else "")
            axes.set_xlabel("training step" if problem == column[-1] else "")
        lines = {label: line for axes in panels for line, label in zip(*axes.get_legend_handles_labels(), strict=True)}
        drawn.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=len(lines))
        style.save(drawn, outputs)


def with_probability(history: pd.DataFrame) -> pd.DataFrame:
    """With the column ``probability``: exp(-loss), where the loss is that of wanted answers."""
    if "perplexity" in history:
        return history.assign(probability=1 / history["perplexity"])
    if {"accuracy", "validation_loss"} <= set(history.columns):
        return history.assign(probability=np.exp(-history["validation_loss"]))
    return history


def drawn_columns(history: pd.DataFrame) -> list[str]:
    """Validation columns whose values all lie in [0, 1], or ``score`` alone."""
    candidates = [name for name in history.columns if name not in NOT_DRAWN and history[name].between(0, 1).all()]
    named = [name for name in candidates if name != "score"]
    return named or candidates or ["score"]


def _panel(axes: style.Axes, seeds: Sequence[pd.DataFrame]) -> None:
    columns = drawn_columns(pd.concat(seeds))
    for history in seeds:
        for name in columns:
            label = NAMES.get(name, name.replace("_", " "))
            axes.plot(history["step"], history[name], color=_colour(label), label=label, marker=".", markersize=2)
    axes.locator_params(axis="x", nbins=3)
    axes.grid(axis="y")


def _colour(label: str) -> str:
    return COLOURS.get(label, style.BLACK)


def shows(data: Data[ItemSettings]) -> str:
    """How good the base models are on held-out inputs, and how many trainings still improved at their end."""
    courses = [(key, seed) for key, seeds in _courses(data).items() for seed in seeds if "score" in seed and len(seed)]
    bases = []
    for (problem, part), course in courses:
        if part == "base model":
            kept = course.iloc[int(course["score"].argmax())]
            words = f"{problem_name(problem)} accuracy {kept['accuracy']:.3f}, perplexity {kept['perplexity']:.2f}"
            bases.append(words)
    late = [
        f"{part} of {problem_name(problem)}"
        for (problem, part), course in courses
        if len(course) > 1 and int(course["score"].argmax()) == len(course) - 1
    ]
    text = f"Best at their last validation, so more steps may help: {len(late)} of {len(courses)} trainings"
    named = f" ({', '.join(late)})" if late else ""
    held_out = f"Base models on held-out inputs: {'; '.join(bases)}. " if bases else ""
    return f"{held_out}{text}{named}."


def _courses(data: Data[ItemSettings]) -> dict[tuple[str, str], list[pd.DataFrame]]:
    """Histories of all training seeds by problem and part."""
    found: dict[tuple[str, str], list[pd.DataFrame]] = {}
    for cell in data.cells:
        found.setdefault((cell.problem, cell.about), []).append(pd.read_csv(cell.file))
    return found


ITEM = Item(
    form="figure",
    title="Training",
    category="Beyond the paper",
    caption=caption,
    cells=cells,
    make=make,
    shows=shows,
)
