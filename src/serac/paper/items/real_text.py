"""Table ``real_text``: what a scope classifier does with real texts, by the number of edits in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pydantic import Field, PositiveInt

from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario, read_cells, run_folder
from serac.paper.tables import NONE, Table, write_table
from serac.problems.paraphrases import PROBLEM

QUESTIONS = "nq"
"""Kind of input that is not about the subject of any edit."""


class RealTextSettings(ItemSettings):
    """Table real_text: routing of real paraphrases, statements and questions, against the number of edits."""

    classifiers: tuple[str, ...] = Field(
        (), description="scope classifiers of the problem `paraphrases`; none: no table"
    )
    sizes: tuple[PositiveInt, ...] = Field((10, 100, 900), min_length=1, description="edits in the memory")
    false_alarms: float = Field(
        0.0, ge=0, lt=1, description="share of validation inputs that may be routed to an entry of another subject"
    )


def cells(settings: RealTextSettings, scenario: Scenario) -> list[Cell] | None:
    """A measurement per classifier and training seed; ``about`` names the classifier."""
    found = [
        Cell(f"{run_folder(scenario)}/routing/{classifier}/seed{seed}.csv", seed=seed, about=classifier)
        for classifier in settings.classifiers
        for seed in scenario.seeds.training
    ]
    return found or None


def caption(settings: RealTextSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        "Routing of real zsRE text of held-out subjects; the threshold is chosen on validation subjects. A router that "
        "does not depend on the generated world should find the right entry, however many edits the memory holds."
    )


def make(data: Data[RealTextSettings], outputs: Sequence[Path]) -> None:
    """One printed row per classifier and number of edits."""
    write_table(real_text_table(read_cells(data.cells), data.note()), outputs)


def real_text_table(measured: pd.DataFrame, note: str = "") -> Table:
    """Means over training seeds of ``right`` and ``false_alarms`` by classifier, number of edits and kind of input."""
    keys = ["about", "k", "kind"]
    means = measured.groupby(keys, sort=False)[["inputs", "right", "false_alarms"]].mean().reset_index()
    kinds = list(means["kind"].unique())
    heads = [f"{PROBLEM.kinds[kind]}: {'' if kind == QUESTIONS else 'right / '}false alarms" for kind in kinds]
    rows = []
    for (classifier, k), part in means.groupby(["about", "k"], sort=False):
        shares = part.set_index("kind")
        right, alarms = shares["right"].to_dict(), shares["false_alarms"].to_dict()
        printed = [f"{'' if kind == QUESTIONS else f'{right[kind]:.3f} / '}{alarms[kind]:.3f}" for kind in kinds]
        net = f"{right['rephrase'] - alarms['rephrase']:.3f}" if "rephrase" in right else NONE
        rows.append([str(classifier), f"{k}", *printed, net])
    text = (
        "Routing of real zsRE text of held-out subjects; the threshold is chosen on validation subjects. Right: the "
        "best entry is about the input's own subject and above the threshold. False alarms: the best entry about any "
        "other subject is above it. If the memory holds more edits than the test split has, edits of the other "
        f"splits fill it up.{note}"
    )
    columns = ["classifier", "edits", *heads, "ES − DD of paraphrases"]
    seeds = measured["training"].nunique()
    numbers = means.rename(columns={"about": "classifier"}).assign(seeds=seeds)
    return Table(numbers, pd.DataFrame(rows, columns=columns), text)


ITEM = Item(
    form="table",
    title="Routing of real text",
    category="Beyond the paper",
    settings=RealTextSettings,
    caption=caption,
    cells=cells,
    make=make,
)
