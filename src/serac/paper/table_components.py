"""Table ``components`` (T3): the scope classifier and the counterfactual model alone, on QA-hard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from serac.paper.names import EDITORS, editor_name, in_order
from serac.paper.summary import over_seeds
from serac.paper.tables import Table, with_interval, write_table

SETS = {("in", "all"): "in scope", ("in", "hard"): "in scope, hard", ("out", "all"): "out of scope"}
SETS[("out", "hard")] = "out of scope, hard"
COMPONENTS = {"scope_classifier": "scope classifier", "counterfactual": "counterfactual model"}


def tabulate_components(
    components: Mapping[str, Sequence[Path | str]], outputs: Sequence[Path | str], *, problem: str = "QA-hard"
) -> None:
    """``components``: parquet files of ``component_outcomes`` (one a training seed) by editor (``serac_embed``)."""
    frames = {editor: [pd.read_parquet(path) for path in paths] for editor, paths in components.items()}
    write_table(components_table(frames, problem=problem), outputs)


def components_table(outcomes: Mapping[str, Sequence[pd.DataFrame]], *, problem: str = "QA-hard") -> Table:
    """Accuracy of each component on each set of inputs, with a 95% interval; one printed row a set, one column a
    component. The interval joins 1.96 standard errors over inputs with those over training seeds."""
    rows = [
        _accuracy(part) | {"editor": editor, "component": component, "scope": scope, "subset": subset}
        for editor, seeds in outcomes.items()
        for component in COMPONENTS
        for scope, subset in SETS
        for seed in seeds
        if len(part := _part(seed, component, scope, subset))
    ]
    data = over_seeds(pd.DataFrame(rows), by=("editor", "component", "scope"))
    order = {"editor": in_order(outcomes, EDITORS), "component": list(COMPONENTS), "scope": ["in", "out"]}
    data = data.astype({name: pd.CategoricalDtype(values) for name, values in order.items()})
    data = data.sort_values([*order, "subset"]).astype(dict.fromkeys(order, "str"))
    data = data.rename(columns={"value": "accuracy"}).drop(columns="metric").reset_index(drop=True)
    display = data.assign(
        set=[SETS[key] for key in zip(data["scope"], data["subset"], strict=True)],
        column=[
            f"{editor_name(editor)}: {COMPONENTS[component]}"
            for editor, component in zip(data["editor"], data["component"], strict=True)
        ],
        accuracy=[with_interval(*cell) for cell in zip(data["accuracy"], data["half_width"], strict=True)],
    )
    printed = display.pivot(index="set", columns="column", values="accuracy")
    printed = printed.reindex(index=display["set"].unique(), columns=display["column"].unique())
    caption = (
        f"Accuracy of SERAC's components on {problem}, each alone, with 95% intervals: the scope classifier at "
        "probability 0.5 on pairs of an edit and one of its inputs; the counterfactual model given the gold edit, out "
        "of scope against the input's original answer, which it is never trained to give."
    )
    return Table(data, printed.rename_axis(columns=None).reset_index(), caption)


def _accuracy(values: pd.Series) -> dict[str, object]:
    mean, half = values.mean(), 1.96 * (values.var(ddof=0) / len(values)) ** 0.5
    return {"metric": "accuracy", "value": mean, "ci_low": mean - half, "ci_high": mean + half, "n": len(values)}


def _part(outcomes: pd.DataFrame, component: str, scope: str, subset: str) -> pd.Series:
    mask = (outcomes["component"] == component) & (outcomes["scope"] == scope)
    if subset == "hard":
        mask &= outcomes["hard"]
    return outcomes.loc[mask, "value"]
