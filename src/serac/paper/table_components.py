"""Table ``components`` (T3): the scope classifier and the counterfactual model alone, on QA-hard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from serac.paper.names import EDITORS, editor_name, in_order
from serac.paper.tables import Table, write_table

SETS = {("in", "all"): "in scope", ("in", "hard"): "in scope, hard", ("out", "all"): "out of scope"}
SETS[("out", "hard")] = "out of scope, hard"
COMPONENTS = {"scope_classifier": "scope classifier", "counterfactual": "counterfactual model"}


def tabulate_components(
    components: Mapping[str, Sequence[Path | str]], outputs: Sequence[Path | str], *, problem: str = "QA-hard"
) -> None:
    """``components``: parquet files of ``component_outcomes`` (one a training seed) by editor (``serac_embed``)."""
    frames = {editor: pd.concat([pd.read_parquet(path) for path in paths]) for editor, paths in components.items()}
    write_table(components_table(frames, problem=problem), outputs)


def components_table(outcomes: Mapping[str, pd.DataFrame], *, problem: str = "QA-hard") -> Table:
    """Accuracy of each component on each set of inputs; one printed row a set, one column a component."""
    rows = [
        {
            "editor": editor,
            "component": component,
            "scope": scope,
            "subset": subset,
            "accuracy": part.mean(),
            "n": len(part),
        }
        for editor in in_order(outcomes, EDITORS)
        for component in COMPONENTS
        for scope, subset in SETS
        if len(part := _part(outcomes[editor], component, scope, subset))
    ]
    data = pd.DataFrame(rows)
    display = data.assign(
        set=[SETS[key] for key in zip(data["scope"], data["subset"], strict=True)],
        column=[
            f"{editor_name(editor)}: {COMPONENTS[component]}"
            for editor, component in zip(data["editor"], data["component"], strict=True)
        ],
        accuracy=data["accuracy"].map("{:.3f}".format),
    )
    printed = display.pivot(index="set", columns="column", values="accuracy")
    printed = printed.reindex(index=display["set"].unique(), columns=display["column"].unique())
    caption = (
        f"Accuracy of SERAC's components on {problem}, each alone: the scope classifier at probability 0.5 on pairs of "
        "an edit and one of its inputs; the counterfactual model given the gold edit, out of scope against the input's "
        "original answer, which it is never trained to give."
    )
    return Table(data, printed.rename_axis(columns=None).reset_index(), caption)


def _part(outcomes: pd.DataFrame, component: str, scope: str, subset: str) -> pd.Series:
    mask = (outcomes["component"] == component) & (outcomes["scope"] == scope)
    if subset == "hard":
        mask &= outcomes["hard"]
    return outcomes.loc[mask, "value"]
