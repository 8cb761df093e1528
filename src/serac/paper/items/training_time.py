"""Table ``training_time``: training time of each method, in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario, histories, training_parts
from serac.paper.names import EDITORS, editor_name, in_order, problem_name
from serac.paper.tables import NONE, Table, write_table

BASE = "base model"


def cells(settings: ItemSettings, scenario: Scenario) -> list[Cell]:
    """A cell per training and method that needs it; those of the base models have no editor."""
    found = []
    for cell in histories(scenario):
        users = [
            name
            for name in scenario.problems[cell.problem].editors
            if cell.about in training_parts(scenario, cell.problem, name)
        ]
        found += [Cell(cell.file, cell.problem, name, 0, cell.seed, about=cell.about) for name in users or [""]]
    return found


def caption(settings: ItemSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return "Training time of each method in seconds, and that of the base model, which all methods share."


def make(data: Data[ItemSettings], outputs: Sequence[Path]) -> None:
    """One row per problem, one column per method: mean over training seeds of the sum over its parts."""
    rows = [
        {"problem": c.problem, "editor": c.editor, "part": c.about, "training_seed": c.seed, **_trained(c.file)}
        for c in data.cells
    ]
    numbers = pd.DataFrame(rows)
    sums = numbers.groupby(["problem", "editor", "training_seed"])["seconds"].sum()
    means = sums.groupby(["problem", "editor"]).mean().unstack("editor")
    editors = in_order(means.columns, {"": BASE, **EDITORS})
    printed = [
        [
            problem_name(str(problem)),
            *(NONE if pd.isna(value) else f"{value:.0f}" for value in means.loc[problem, editors]),
        ]
        for problem in data.distinct("problem")
    ]
    display = pd.DataFrame(printed, columns=["problem", *(editor_name(name) or BASE for name in editors)])
    text = (
        "Training time in seconds (mean over training seeds, validation included): the base model and, for each "
        "method, all parts that it needs. SERAC's parts are its scope classifier and its counterfactual model; RP's "
        "part is a scope classifier. A part that methods share counts for each of them. A dash: nothing is "
        f"trained.{data.note()}"
    )
    write_table(Table(numbers, display, text), outputs)


def _trained(file: str) -> dict[str, float]:
    history = pd.read_csv(file)
    return {"steps": int(history["step"].max()), "seconds": float(history["seconds"].max())}


ITEM = Item(
    form="table",
    title="Time of training",
    category="Main results",
    caption=caption,
    cells=cells,
    make=make,
)
