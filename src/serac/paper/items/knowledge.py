"""Table ``knowledge``: what the model knows besides the edits, and how likely it finds English, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field

from serac.config.names import ProblemName
from serac.evaluation.metrics import NO_EDIT, PROSE
from serac.paper.grid import simultaneous_edits
from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario, outcomes, read_cells, run_problems
from serac.paper.names import EDITORS, editor_name, in_order, problem_name
from serac.paper.tables import Table, write_table
from serac.records import same_text

ALL = "all"
PERPLEXITY, UNCHANGED = "English text, perplexity", "English text, unchanged"
_COLUMNS = ("scope", "kind", "input", "label", "edited_output", "value")


class KnowledgeSettings(ItemSettings):
    """Table knowledge: right answers to inputs out of scope."""

    problem: ProblemName = Field("facts", description="problem whose inputs out of scope have known right answers")


def cells(settings: KnowledgeSettings, scenario: Scenario) -> list[Cell] | None:
    """Outcomes of no edit and of every editor of the main table."""
    found = [
        cell
        for problem in run_problems(scenario, settings.problem)
        for cell in outcomes(scenario, problem, [NO_EDIT, *scenario.problems[problem].editors])
    ]
    return found or None


def caption(settings: KnowledgeSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        f"{problem_name(settings.problem)}: how often the usual answer to an input that no edit concerns is given, "
        f"before any edit and after {simultaneous_edits(cells(settings, scenario) or [])}, and the perplexity "
        "of a fixed English text, with the share of its windows whose likelihood stays the same to the last bit. "
        "Editing should change none."
    )


def make(data: Data[KnowledgeSettings], outputs: Sequence[Path]) -> None:
    """One row per kind of input, one column per editor."""
    outcomes = read_cells(data.cells, _COLUMNS)
    numbers = pd.concat([known(outcomes).rename(columns={"right": "value"}), reading(outcomes)], ignore_index=True)
    shares = numbers.pivot(index="kind", columns="editor", values="value")
    counts = numbers[numbers["editor"] == NO_EDIT].set_index("kind")["inputs"]
    editors = in_order(shares.columns, EDITORS)
    rows = [
        [kind, str(counts[kind]), *(f"{share:.3f}" for share in shares.loc[kind, editors])]
        for kind in dict.fromkeys(numbers["kind"])
    ]
    text = (
        f"Share of inputs out of scope whose usual answer the model gives ({problem_name(data.settings.problem)}, "
        f"{simultaneous_edits(data.cells)}); other names of the answer do not count. Last rows, if the run "
        "measures them: perplexity of an English text, and the share of its windows whose loss equals the unedited "
        f"model's bit by bit.{data.note()}"
    )
    display = pd.DataFrame(rows, columns=["kind of input", "inputs", *map(editor_name, editors)])
    write_table(Table(numbers, display, text), outputs)


def known(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Columns ``editor``, ``kind`` (the last is ``all``), ``inputs`` and ``right``, the share of right answers.

    An input that several edits are tested with counts once.
    """
    asked = outcomes[outcomes["scope"] == "out"].drop_duplicates(["editor", "training", "input", "label"])
    texts = zip(asked["edited_output"], asked["label"], strict=True)
    asked = asked.assign(right=[float(same_text(said, label)) for said, label in texts])
    parts = pd.concat([asked, asked.assign(kind=ALL)])
    found = parts.groupby(["editor", "kind"], sort=False)["right"].agg(inputs="size", right="mean").reset_index()
    return found.sort_values("kind", key=lambda kinds: kinds == ALL, kind="stable", ignore_index=True)


def reading(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Perplexity and share of unchanged windows: columns ``editor``, ``kind``, ``inputs`` (windows) and ``value``."""
    text = outcomes[outcomes["scope"] == PROSE]
    losses = text.pivot_table(index=["training", "input"], columns="editor", values="value", sort=False)
    rows = []
    for editor in losses.columns:
        same = (losses[editor] == losses[NO_EDIT]).mean()
        rows.append((editor, PERPLEXITY, len(losses), float(np.exp(losses[editor].mean()))))
        rows.append((editor, UNCHANGED, len(losses), float(same)))
    return pd.DataFrame(rows, columns=["editor", "kind", "inputs", "value"])


ITEM = Item(
    form="table",
    title="What the model knows besides the edits",
    category="Beyond the paper",
    settings=KnowledgeSettings,
    caption=caption,
    cells=cells,
    make=make,
)
