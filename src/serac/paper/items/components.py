"""Table ``components``: the scope classifier and the counterfactual model, evaluated separately (paper: QA-hard)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pydantic import Field

from serac.config.names import SeracName
from serac.evaluation.bootstrap import UNIT, Sample, Statistic
from serac.paper.item import Cell, Data, Item, ItemOnProblem, Scenario, measured, read_cells
from serac.paper.names import EDITORS, editor_name, in_order, problem_name
from serac.paper.tables import Table, about_intervals, with_interval, write_table
from serac.paper.verdicts import Claim, above, at_least

ACCURATE = 0.9
SETS = {
    ("in", "all"): "in scope",
    ("in", "hard"): "in scope, hard",
    ("out", "all"): "out of scope",
    ("out", "hard"): "out of scope, hard",
}
COMPONENTS = {"scope_classifier": "scope classifier", "counterfactual": "counterfactual model"}


class ComponentsSettings(ItemOnProblem):
    """Table components: SERAC's parts, evaluated separately."""

    editors: tuple[SeracName, ...] = Field(min_length=1, description="editors to show")


def cells(settings: ComponentsSettings, scenario: Scenario) -> list[Cell] | None:
    """Measurements of the parts of every editor."""
    return measured(scenario, "components", "parquet", settings.problem, settings.editors) or None


def caption(settings: ComponentsSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        f"SERAC's two learned parts, evaluated separately on {problem_name(settings.problem)}: how often the scope "
        "classifier is right about a pair of edit and input, and how often the counterfactual model gives the desired "
        "answer when given the right edit. The weaker part limits the editor."
    )


def make(data: Data[ComponentsSettings], outputs: Sequence[Path]) -> None:
    """One printed row per set of inputs, one column per component."""
    sample = _sample(data)
    rows = []
    for editor in in_order(data.distinct("editor"), EDITORS):
        for component in COMPONENTS:
            for scope, subset in SETS:
                found = _accuracy(sample, editor, component, scope, subset)
                if found.n:
                    estimate = found.interval(data.bootstrap.confidence, UNIT)
                    keys = {"editor": editor, "component": component, "scope": scope, "subset": subset}
                    values = {"accuracy": estimate.value, "low": estimate.low, "high": estimate.high, "n": found.n}
                    rows.append(keys | values)
    numbers = pd.DataFrame(rows)
    display = numbers.assign(
        set=[SETS[key] for key in zip(numbers["scope"], numbers["subset"], strict=True)],
        column=[
            f"{editor_name(editor)}: {COMPONENTS[component]}"
            for editor, component in zip(numbers["editor"], numbers["component"], strict=True)
        ],
        printed=list(map(with_interval, numbers["accuracy"], numbers["low"], numbers["high"])),
    )
    printed = display.pivot(index="set", columns="column", values="printed")
    printed = printed.reindex(index=display["set"].unique(), columns=display["column"].unique())
    text = (
        f"Accuracy of SERAC's components on {problem_name(data.settings.problem)}, each evaluated separately: the "
        "scope classifier at a threshold of 0.5 on pairs of an edit and one of its inputs; the counterfactual model "
        "given the right edit. Out of scope, its answer is compared with the input's original answer, which it is "
        "never trained to give. "
        f"{about_intervals(data.bootstrap, len(data.distinct('seed')))}{data.note()}"
    )
    write_table(Table(numbers, printed.rename_axis(columns=None).reset_index(), text), outputs)


def check(data: Data[ComponentsSettings]) -> list[Claim]:
    """Accuracy in scope, and how much accuracy the classifier loses on hard out-of-scope inputs."""
    sample, claims = _sample(data), []
    for editor in data.distinct("editor"):
        for component, part in COMPONENTS.items():
            inside = _accuracy(sample, editor, component, "in", "all")
            claims.append(
                at_least(
                    f"The {part} of {editor_name(editor)} is right on most in-scope inputs.",
                    "accuracy in scope",
                    inside.interval(data.bootstrap.confidence, UNIT),
                    ACCURATE,
                )
            )
        easy, hard = (_accuracy(sample, editor, "scope_classifier", "out", subset) for subset in ("easy", "hard"))
        if easy.n and hard.n:
            claims.append(
                above(
                    f"The scope classifier of {editor_name(editor)} makes more errors on hard out-of-scope inputs.",
                    "accuracy on easy out-of-scope inputs minus that on hard ones",
                    (easy - hard).interval(data.bootstrap.confidence),
                )
            )
    return claims


def _sample(data: Data[ComponentsSettings]) -> Sample:
    """Inputs are grouped by edit; there are no batches."""
    frame = read_cells(data.cells)
    return Sample(frame.assign(seed=0, batch=frame["edit_id"]), data.bootstrap)


def _accuracy(sample: Sample, editor: str, component: str, scope: str, subset: str) -> Statistic:
    frame = sample.frame
    rows = (frame["editor"] == editor) & (frame["component"] == component) & (frame["scope"] == scope)
    if subset != "all":
        rows &= frame["hard"] == (subset == "hard")
    return sample.mean(rows)


ITEM = Item(
    form="table",
    title="The components, evaluated separately",
    category="Analysis",
    claim="Both components are right on most in-scope inputs; the classifier errs more on hard out-of-scope inputs.",
    settings=ComponentsSettings,
    caption=caption,
    cells=cells,
    make=make,
    check=check,
)
