"""Table ``base_models``: one trained SERAC in front of base models that it never saw (paper)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from serac.config.models import BaseModelSettings
from serac.config.names import Named, ProblemName, SeracName
from serac.evaluation.metrics import DIFFERENCE
from serac.paper.grid import es_dd_grid, es_dd_numbers, outcomes_by_problem, simultaneous_edits
from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario, measured, run_problems
from serac.paper.names import problem_name
from serac.paper.tables import Table, about_intervals, write_table
from serac.paper.verdicts import Claim, within

NEAR = 0.03
OWN = "base"


class OtherBaseModel(BaseModelSettings):
    """A base model that SERAC never saw."""

    title: str = Field(description="name in the table")
    task: Literal["seq2seq", "causal"] | None = Field(None, description="its task, if different from the problem's")


class BaseModelsSettings(ItemSettings):
    """Table base_models: one trained SERAC in front of other base models."""

    problems: tuple[ProblemName, ...] = Field(("qa", "qa_hard"), min_length=1, description="problems (paper)")
    editor: SeracName = Field("serac_embed", description="the trained SERAC")
    title: str = Field("own base model", description="name in the table of the base model that SERAC was tuned with")
    models: Named[str, OtherBaseModel] = Field(
        {}, description="other base models by name, trained on the same data; null omits one"
    )

    def uses(self) -> Iterable[tuple[str, str]]:
        """The problems with the editor."""
        return [(problem, self.editor) for problem in self.problems]


def cells(settings: BaseModelsSettings, scenario: Scenario) -> list[Cell] | None:
    """Outcomes of one SERAC in front of every base model, its own first; nothing without other base models."""
    if not settings.models:
        return None
    found = [
        cell
        for problem in run_problems(scenario, *settings.problems)
        for base in (OWN, *settings.models)
        for cell in measured(scenario, f"base_models/{base}", "parquet", problem, [settings.editor], base=base)
    ]
    return found or None


def caption(settings: BaseModelsSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        "One trained SERAC, unchanged, in front of base models of other sizes and architectures. Its numbers should "
        "barely depend on the base model, because SERAC was trained without one."
    )


def make(data: Data[BaseModelsSettings], outputs: Sequence[Path]) -> None:
    """One row per base model, ES and DD of each problem."""
    names = {OWN: data.settings.title} | {name: model.title for name, model in data.settings.models.items()}
    numbers = es_dd_numbers(outcomes_by_problem(data), "base", list(names))
    text = (
        "One trained SERAC, unchanged, in front of base models of other sizes and architectures; "
        f"{simultaneous_edits(data.cells)}, compared by generated answers. "
        f"{about_intervals(data.bootstrap, len(data.distinct('seed')))}{data.note()}"
    )
    write_table(Table(numbers, es_dd_grid(numbers, "base", names, "base model"), text), outputs)


def check(data: Data[BaseModelsSettings]) -> list[Claim]:
    """ES - DD in front of each other base model, compared with that in front of its own one."""
    claims = []
    for problem, found in outcomes_by_problem(data).items():
        for base, model in data.settings.models.items():
            if found.has(base=base) and found.has(base=OWN):
                difference = found.statistic(DIFFERENCE, base=base) - found.statistic(DIFFERENCE, base=OWN)
                claims.append(
                    within(
                        f"On {problem_name(problem)}, SERAC serves {model.title} as well as it serves its own base "
                        "model.",
                        f"ES − DD with {model.title} minus that with {data.settings.title}",
                        found.interval(difference),
                        NEAR,
                    )
                )
    return claims


ITEM = Item(
    form="table",
    title="Other base models",
    category="Main results",
    claim="SERAC is trained without the base model, so one trained SERAC works with other base models too.",
    settings=BaseModelsSettings,
    caption=caption,
    cells=cells,
    make=make,
    check=check,
)
