"""Table ``facts``: a language model's generated answers by kind of input, for growing numbers of edits (ours)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pydantic import Field, PositiveInt

from serac.config.names import EditorName, Named, ProblemName
from serac.evaluation.metrics import DIFFERENCE, NO_EDIT, READ, Outcomes
from serac.paper.grid import bounds
from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario, outcomes, read_cells
from serac.paper.names import EDITORS, editor_name, in_order, kind_name, problem_name
from serac.paper.tables import NONE, Table, write_table
from serac.paper.verdicts import Claim, at_least, at_most

COLUMNS = {
    ("es", "all"): "ES ↑",
    ("es", "main"): "",
    ("es", "rephrase"): "",
    ("es", "true_false"): "",
    ("es", "reverse"): "",
    ("dd", "all"): "DD ↓",
    ("router_hit", "all"): "routed right ↑",
    ("router_false", "all"): "routed wrongly ↓",
    ("portability", "two_hop"): "",
    ("portability", "alias"): "",
}
"""Metric and kind of each column, with a heading if it is not the kind's name."""
WANTED = {"rephrase": 0.9, "true_false": 0.8, "reverse": 0.8}
SMALL, LEAD = 0.03, 0.15


class FactsTableSettings(ItemSettings):
    """Table facts: answers by kind and number of edits."""

    problem: ProblemName = Field("facts", description="problem that the item shows")
    ks: tuple[PositiveInt, ...] = Field((1, 10, 100), min_length=1, description="simultaneous edits")
    largest: Named[EditorName, PositiveInt] = Field(
        {}, description="by editor, the largest number of simultaneous edits; others are evaluated at all of them"
    )
    claimed: PositiveInt = Field(100, description="number of simultaneous edits that the claims are about")

    def largest_batch(self) -> tuple[str, str, int]:
        """The largest of ``ks``."""
        return self.problem, "ks", max(self.ks)


def cells(settings: FactsTableSettings, scenario: Scenario) -> list[Cell] | None:
    """Outcomes of no edit, and of every editor of the problem for every number of edits."""
    if settings.problem not in scenario.run.problems:
        return None
    editors = scenario.problems[settings.problem].editors
    return [
        *outcomes(scenario, settings.problem, [NO_EDIT]),
        *(
            cell
            for k in settings.ks
            for cell in outcomes(
                scenario, settings.problem, [name for name in editors if k <= settings.largest.get(name, k)], k=k
            )
        ),
    ]


def caption(settings: FactsTableSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        f"{problem_name(settings.problem)}: answers of the edited language model by kind of question. An editor that "
        "understood an edit is right on rephrases, statements and reverse questions too. Two hops and aliases "
        "(portability) need more than the edit: the model must connect it with what it knows."
    )


def make(data: Data[FactsTableSettings], outputs: Sequence[Path]) -> None:
    """One row per editor and number of edits."""
    found = _outcomes(data)
    numbers, rows = [], []
    sizes: dict[tuple[str, str], int] = {}
    for editor in in_order(data.distinct("editor"), EDITORS):
        for k in sorted({cell.k for cell in data.where(editor=editor)}):
            printed = []
            for metric, kind in COLUMNS:
                if metric not in found.known(kind, editor=editor, k=k):
                    printed.append(NONE)
                    continue
                estimate = found.estimate(metric, kind, editor=editor, k=k)
                sizes[metric, kind] = max(estimate.n, sizes.get((metric, kind), 0))
                numbers.append(
                    {"editor": editor, "k": k, "metric": metric, "kind": kind}
                    | bounds("value", estimate)
                    | {"inputs": estimate.n}
                )
                printed.append(f"{estimate.value:.3f}")
            rows.append([editor_name(editor), NONE if editor == NO_EDIT else str(k), *printed])
    headings = [
        f"{heading or kind_name(kind)} ({sizes.get((metric, kind), 0)})" for (metric, kind), heading in COLUMNS.items()
    ]
    text = (
        f"{problem_name(data.settings.problem)}: share of freely generated answers that are the wanted ones, by kind "
        "of question; DD is the share of out-of-scope answers that differ from the unedited model's. Numbers of inputs "
        f"in parentheses; the same inputs for every number of edits k. Claims use intervals over edits, given their "
        f"batch.{data.note()}"
    )
    display = pd.DataFrame(rows, columns=["editor", "k", *headings])
    write_table(Table(pd.DataFrame(numbers), display, text), outputs)


def check(data: Data[FactsTableSettings]) -> list[Claim]:
    """What SERAC should reach on unseen relations and wordings, and how far it should be ahead."""
    found, k = _outcomes(data), data.settings.claimed
    editors = [cell.editor for cell in data.where(k=k) if cell.editor != NO_EDIT]
    return [
        claim
        for ours in editors
        if ours.startswith("serac")
        for claim in _claims(found, ours, [name for name in editors if not name.startswith("serac")], k)
    ]


def _outcomes(data: Data[FactsTableSettings]) -> Outcomes:
    """Resampled by edits alone: a large batch is the only one of its size."""
    frame = read_cells(data.cells, READ)
    return Outcomes(data.settings.problem, frame.assign(batch=frame["edit_id"]), data.bootstrap)


def _claims(found: Outcomes, ours: str, others: Sequence[str], k: int) -> list[Claim]:
    name = editor_name(ours)
    claims = [
        at_least(
            f"After {k} edits, {name} answers {kind_name(kind)} inputs as wanted.",
            f"ES on {kind_name(kind)} inputs",
            found.estimate("es", kind, editor=ours, k=k),
            wanted,
        )
        for kind, wanted in WANTED.items()
        if "es" in found.known(kind, editor=ours, k=k)
    ]
    hardly = f"After {k} edits, {name} hardly changes answers out of scope."
    claims.append(at_most(hardly, "DD", found.estimate("dd", editor=ours, k=k), SMALL))
    for other in others:
        lead = found.statistic(DIFFERENCE, editor=ours, k=k) - found.statistic(DIFFERENCE, editor=other, k=k)
        claims.append(
            at_least(
                f"After {k} edits, {name} is far ahead of {editor_name(other)}.",
                f"ES − DD of {name} minus that of {editor_name(other)}",
                found.interval(lead),
                LEAD,
            )
        )
    return claims


ITEM = Item(
    form="table",
    title="A language model's answers by kind and number of edits",
    category="Beyond the paper",
    claim="SERAC edits a pre-trained language model on unseen relations and wordings, far ahead of RP and FT.",
    settings=FactsTableSettings,
    caption=caption,
    cells=cells,
    make=make,
    check=check,
)
