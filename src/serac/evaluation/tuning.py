"""The one protocol by which every editor's inference-time hyperparameters are chosen, on validation edits only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from serac.config.evaluation import Choice, EvaluationSettings, TuningSettings
from serac.editors.base import Editor
from serac.errors import ConfigError, DivergenceError
from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.choices import evaluate_choices
from serac.records import EditExample

DIVERGED = {"es": -math.inf, "dd": math.inf, "es_minus_dd": -math.inf}


def tune(
    editor: Editor,
    examples: Sequence[EditExample],
    base_outputs: BaseOutputs,
    settings: TuningSettings,
    *,
    k: int,
    batch_size: int,
) -> dict[str, Any]:
    """Evaluate the editor's candidates in ``settings`` on the same validation batches of ``k`` edits.

    Returns ``{"editor", "k", "candidates": [{"choice", "es", "dd", "es_minus_dd"}, …], "best": choice}``. The largest
    ES - DD wins; among equals the smaller DD, then the earlier candidate. One that diverges has an ES of minus
    infinity; raises ``DivergenceError`` if all do. A single candidate is taken without evaluating it.
    """
    evaluation = EvaluationSettings(edits=settings.edits, asked=settings.asked, batch_size=batch_size)
    candidates = candidates_of(settings, editor.name)
    if len(candidates) == 1:
        return {"editor": editor.name, "k": k, "candidates": [{"choice": dict(candidates[0])}], "best": candidates[0]}
    results = evaluate_choices(editor, candidates, examples, base_outputs, evaluation, (settings.seed,), k=k)
    tried: list[dict[str, Any]] = [
        {"choice": dict(choice), **(DIVERGED if isinstance(result, DivergenceError) else _summary(result))}
        for choice, result in zip(candidates, results, strict=True)
    ]
    if all(row["es_minus_dd"] == -math.inf for row in tried):
        raise DivergenceError(
            f"all {len(tried)} candidates of the editor {editor.name!r} diverge. Hint: give it smaller rates in "
            f"tuning.candidates"
        )
    return {"editor": editor.name, "k": k, "candidates": tried, "best": select(tried)}


def candidates_of(settings: TuningSettings, name: str) -> Sequence[Choice]:
    """The candidates of the editor called ``name``; raises ``ConfigError`` if there are none."""
    if name not in settings.candidates:
        raise ConfigError(f"no tuning candidates for the editor {name!r}. Hint: add them to tuning.candidates")
    return settings.candidates[name]


def select(tried: Sequence[dict[str, Any]]) -> Choice:
    """The choice with the largest ES - DD, then the smallest DD, then the earliest (to 6 decimals)."""
    best: Choice = min(tried, key=lambda row: (-round(row["es_minus_dd"], 6), round(row["dd"], 6)))["choice"]
    return best


def _summary(outcomes: pd.DataFrame) -> dict[str, float]:
    means = outcomes.groupby("scope")["value"].mean()
    es, dd = float(means["in"]), float(means["out"])
    return {"es": es, "dd": dd, "es_minus_dd": es - dd}
