"""Figure: the share of in-scope inputs that each editor fails to route to an edit."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from serac.config.names import ProblemName
from serac.paper import style
from serac.paper.grid import outcomes_by_problem
from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario, outcomes


class MissesSettings(ItemSettings):
    """Figure of missed inputs."""

    problem: ProblemName = Field("qa", description="problem that the figure shows")


def cells(settings: MissesSettings, scenario: Scenario) -> Sequence[Cell] | None:
    """The files of results that the figure reads; None leaves it out."""
    if settings.problem not in scenario.run.problems:
        return None
    return outcomes(scenario, settings.problem, scenario.problems[settings.problem].editors)


def make(data: Data[MissesSettings], outputs: Sequence[Path]) -> None:
    """Draw the figure and write it to every output path."""
    grid = outcomes_by_problem(data)[data.settings.problem]
    routing = [editor for editor in data.distinct("editor") if "router_hit" in grid.known(editor=editor)]
    with style.figure() as (figure, (axes,)):
        axes.bar(routing, [1 - grid.estimate("router_hit", editor=editor).value for editor in routing])
        style.save(figure, outputs)


def caption(settings: MissesSettings, scenario: Scenario) -> str:
    """What a reader should see."""
    return f"Share of in-scope inputs that no edit answers, {scenario.paper.k} edits at once."


ITEM = Item("figure", "Missed inputs", "Analysis", caption, cells, make, settings=MissesSettings)
