"""What a table or figure is: its settings, the results that it reads, its claims, its caption and how it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

import pandas as pd
from pydantic import Field

from serac.config.evaluation import BootstrapSettings
from serac.config.names import EditorName, ProblemName
from serac.config.run import RunSettings, SeedSettings
from serac.config.section import Section
from serac.config.sources import WorldSettings
from serac.paper.verdicts import Claim

CATEGORIES = ("Method", "Main results", "Analysis", "Beyond the paper", "Run")
"""Categories of Snakemake's report."""


class Scenario(Protocol):
    """The parts of the configuration that an item may use to name its inputs."""

    run: RunSettings
    world: WorldSettings
    seeds: SeedSettings
    problems: Any
    editors: Mapping[str, Any]
    paper: Any


class ItemSettings(Section):
    """Base of all items' settings; an item without settings uses it as it is."""

    def uses(self) -> Iterable[tuple[str, str]]:
        """Problem and editor of everything that it shows in addition to `problems.<name>.editors`."""
        return ()

    def largest_batch(self) -> tuple[str, str, int] | None:
        """Problem, key of these settings and number of test edits of the largest batch, if a key says how many."""
        return None


class ItemOnProblem(ItemSettings):
    """An item about some editors on one problem."""

    problem: ProblemName = Field(description="problem to show")
    editors: tuple[EditorName, ...] = Field(min_length=1, description="editors to show")

    def uses(self) -> Iterable[tuple[str, str]]:
        """The problem with each of its editors."""
        return [(self.problem, editor) for editor in self.editors]


S = TypeVar("S", bound=ItemSettings)


@dataclass(frozen=True, slots=True)
class Cell:
    """One file of results and what it is about."""

    file: str
    problem: str = ""
    editor: str = ""
    k: int = 0
    seed: int = 0
    """Training seed."""
    base: str = ""
    """Base model, if it is not the problem's own."""
    about: str = ""
    """Anything else that distinguishes it from others."""

    def __str__(self) -> str:
        words = [self.base, self.editor, self.about, f"k = {self.k}" if self.k else ""]
        return f"{self.problem} ({', '.join(filter(None, words))})" if self.problem else self.file


@dataclass(frozen=True)
class Data(Generic[S]):
    """Everything that an item is made of. ``missing``: cells that the run does not have (see `paper.partial`)."""

    settings: S
    cells: Sequence[Cell]
    seed: int
    """Samples the examples that an item prints."""
    bootstrap: BootstrapSettings
    caption: str = ""
    missing: Sequence[Cell] = ()
    rules: Sequence[str] = ()
    """Rules of the workflow, for an item :attr:`Item.about_run`."""

    def where(self, **values: object) -> list[Cell]:
        """Cells whose fields equal the given values."""
        return [cell for cell in self.cells if all(getattr(cell, name) == value for name, value in values.items())]

    def distinct(self, name: str) -> list[Any]:
        """Values of a field of the cells, without repetitions, in the order of the cells."""
        return list(dict.fromkeys(getattr(cell, name) for cell in self.cells))

    def note(self) -> str:
        """A sentence about missing results, or nothing."""
        if not self.missing:
            return ""
        return f" Omitted because their results are missing: {'; '.join(dict.fromkeys(map(str, self.missing)))}."


@dataclass(frozen=True)
class Item(Generic[S]):
    """A table or figure. ``cells(settings, scenario)`` names its inputs; if that is None, the item is omitted."""

    form: Literal["table", "figure"]
    title: str
    category: str
    caption: Callable[[S, Scenario], str]
    """What a reader should see in it; depends only on settings."""
    cells: Callable[[S, Scenario], Sequence[Cell] | None]
    make: Callable[[Data[S], Sequence[Path]], None]
    """Writes every output path by its suffix; the same data give the same bytes."""
    settings: type[S] = ItemSettings  # type: ignore[assignment]
    claim: str = ""
    """What the paper claims, or what we expect beyond it; empty for an illustration."""
    check: Callable[[Data[S]], Sequence[Claim]] = lambda data: ()
    """What the run says about the claim, one row for each statistic."""
    shows: Callable[[Data[S]], str] = lambda data: ""
    """A sentence about what the run shows in addition to its claims."""
    about_run: bool = False
    """Made last, from the records that the other jobs leave behind."""

    suffixes: ClassVar[Mapping[str, tuple[str, ...]]] = {"table": ("csv", "md", "tex"), "figure": ("pdf", "png")}

    def files(self, folder: str, name: str) -> list[str]:
        """Its output files below the folder of a run."""
        return [f"{folder}/{self.form}s/{name}.{suffix}" for suffix in self.suffixes[self.form]]


def record_file(folder: str, name: str) -> str:
    """The file that records what an item shows, for the report and the claims."""
    return f"{folder}/items/{name}.json"


# --- results that several items read -------------------------------------------------------------------
def run_folder(scenario: Scenario) -> str:
    """Folder of the run's results."""
    return f"results/{scenario.run.name}"


def run_problems(scenario: Scenario, *names: str) -> list[str]:
    """Those of the named problems that are part of the run."""
    return [name for name in names if name in scenario.run.problems]


def training_seeds(scenario: Scenario) -> list[int]:
    """Training seeds whose models are evaluated."""
    return [seed for seed in scenario.seeds.training if scenario.seeds.evaluated_with(seed)]


def measured(
    scenario: Scenario, what: str, suffix: str, problem: str, editors: Sequence[str], *, k: int = 0, base: str = ""
) -> list[Cell]:
    """Cells of a measurement of single editors, one for every training seed; none if the problem is not run."""
    folder, k = f"{run_folder(scenario)}/{what}", k or scenario.paper.k_on(problem)
    return [
        Cell(f"{folder}/{problem}/{editor}/k{k}/seed{seed}.{suffix}", problem, editor, k, seed, base)
        for editor in editors
        for seed in training_seeds(scenario)
        if problem in scenario.run.problems
    ]


def outcomes(scenario: Scenario, problem: str, editors: Sequence[str], *, k: int = 0) -> list[Cell]:
    """Outcomes of editors on the test split, ``k`` edits at once (by default the problem's own number)."""
    return measured(scenario, "outcomes", "parquet", problem, editors, k=k)


def main_outcomes(scenario: Scenario) -> list[Cell]:
    """Outcomes of every editor of every problem with the problem's own number of edits."""
    return [
        cell
        for problem in scenario.run.problems
        for cell in outcomes(scenario, problem, scenario.problems[problem].editors)
    ]


def training_parts(scenario: Scenario, problem: str, editor: str) -> dict[str, str]:
    """What an editor of the main table trains, with its folder by training seed."""
    section, folder = scenario.editors[editor], run_folder(scenario)
    parts = {}
    if classifier := getattr(section, "classifier", None):
        parts[f"{classifier} classifier"] = f"{folder}/scope/{problem}/{classifier}"
    if section.counterfactual:
        parts["counterfactual"] = f"{folder}/counterfactual/{problem}"
    if section.trained:
        parts[editor] = f"{folder}/editors/{problem}/{editor}/k{scenario.paper.k_on(problem)}"
    return parts


def histories(scenario: Scenario) -> list[Cell]:
    """Training histories of the base models and of all parts of the main table's editors.

    ``about`` tells what was trained (``base model``, ``embed classifier``, ``counterfactual``, ``mend``).
    """
    cells = []
    for problem in scenario.run.problems:
        section = scenario.problems[problem]
        if section.base and section.base.train:
            cells.append(Cell(f"{run_folder(scenario)}/models/{problem}/base/history.csv", problem, about="base model"))
        parts: dict[str, str] = {}
        for editor in section.editors:
            parts |= training_parts(scenario, problem, editor)
        for part, place in parts.items():
            for seed in training_seeds(scenario):
                cells.append(Cell(f"{place}/seed{seed}/history.csv", problem, seed=seed, about=part))
    return cells


def read_cells(cells: Sequence[Cell], columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Rows of all cells (``.parquet`` or ``.csv``) below one another, with those fields of the cells as columns that
    the files do not have.

    The training seed is the column ``training``; ``seed`` of an outcomes file is the evaluation seed.
    """
    names = [field.name for field in fields(Cell) if field.name not in ("file", "seed")]
    frames = []
    for cell in cells:
        path = Path(cell.file)
        if path.suffix == ".csv":
            frame = pd.read_csv(path, usecols=list(columns) if columns else None)
        else:
            frame = pd.read_parquet(path, columns=list(columns) if columns else None)
        about = {name: getattr(cell, name) for name in names if name not in frame}
        frames.append(frame.assign(training=cell.seed, **about))
    return pd.concat(frames, ignore_index=True)
