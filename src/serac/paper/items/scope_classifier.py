"""Table ``scope_classifier``: Embed and Cross classifiers on two encoder sizes (paper)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import Field

from serac.config.names import EditorName, Named, ProblemName
from serac.evaluation.metrics import DIFFERENCE
from serac.paper.grid import es_dd_grid, es_dd_numbers, outcomes_by_problem, simultaneous_edits
from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario, outcomes, run_problems
from serac.paper.names import problem_name
from serac.paper.tables import Table, about_intervals, write_table
from serac.paper.verdicts import Claim, above

CLAIMED = "fc"


class ScopeClassifierSettings(ItemSettings):
    """Table scope_classifier: Embed and Cross on two sizes of encoder."""

    problems: tuple[ProblemName, ...] = Field(("qa_hard", "fc"), min_length=1, description="problems (paper)")
    editors: Named[EditorName, str] = Field(
        min_length=1,
        description="name in the table of each editor, one per kind and size; null omits one",
    )

    def uses(self) -> Iterable[tuple[str, str]]:
        """All editors on all problems."""
        return [(problem, editor) for problem in self.problems for editor in self.editors]


def cells(settings: ScopeClassifierSettings, scenario: Scenario) -> list[Cell] | None:
    """Outcomes of the compared editors."""
    problems = run_problems(scenario, *settings.problems)
    found = [cell for problem in problems for cell in outcomes(scenario, problem, list(settings.editors))]
    return found or None


def caption(settings: ScopeClassifierSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        "Edit success and drawdown of SERAC with Embed and Cross scope classifiers. Cross reads edit and input "
        "together and should do better where wording is misleading; Embed is cheaper because edits are encoded once."
    )


def make(data: Data[ScopeClassifierSettings], outputs: Sequence[Path]) -> None:
    """One row per classifier, ES and DD of each problem."""
    numbers = es_dd_numbers(outcomes_by_problem(data), "editor", list(data.settings.editors))
    text = (
        f"SERAC with different scope classifiers, {simultaneous_edits(data.cells)}. "
        f"{about_intervals(data.bootstrap, len(data.distinct('seed')))}{data.note()}"
    )
    display = es_dd_grid(numbers, "editor", data.settings.editors, "classifier")
    numbers["k"] = numbers["problem"].map({cell.problem: cell.k for cell in data.cells})
    write_table(Table(numbers, display, text), outputs)


def check(data: Data[ScopeClassifierSettings]) -> list[Claim]:
    """On fact checking, each Cross against each Embed."""
    measured = outcomes_by_problem(data).get(CLAIMED)
    if measured is None:
        return []
    names = data.settings.editors
    cross, embed = ([e for e in names if kind in e and measured.has(editor=e)] for kind in ("cross", "embed"))
    scores = {editor: measured.statistic(DIFFERENCE, editor=editor) for editor in (*cross, *embed)}
    return [
        above(
            f"On {problem_name(CLAIMED)}, {names[one]} beats {names[other]}.",
            f"ES − DD with {names[one]} minus that with {names[other]}",
            measured.interval(scores[one] - scores[other]),
        )
        for one, other in ((one, other) for one in cross for other in embed)
    ]


ITEM = Item(
    form="table",
    title="Architectures of the scope classifier",
    category="Analysis",
    claim="Reading edit and input together (Cross) beats comparing their embeddings (Embed) on fact checking.",
    settings=ScopeClassifierSettings,
    caption=caption,
    cells=cells,
    make=make,
    check=check,
)
