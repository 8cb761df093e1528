"""SERAC's parts, evaluated separately: the scope classifier, and the counterfactual model given the right edit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from serac.evaluation.batches import without_conflicts
from serac.evaluation.parts import Answerer, Router
from serac.records import Edit, EditExample, Query
from serac.tasks.base import Task

CLASSIFIER, COUNTERFACTUAL = "scope_classifier", "counterfactual"

Pair = tuple[Edit, Query]


def component_outcomes(
    classifier: Router,
    counterfactual: Answerer,
    examples: Sequence[EditExample],
    task: Task,
    *,
    batch_size: int,
) -> pd.DataFrame:
    """One row for each component and pair of an edit and one of its inputs: ``component, edit_id, scope, hard, value``.

    ``value`` of ``scope_classifier``: 1 where g(z_e, x') > 0.5 in scope, or is not out of scope. ``value`` of
    ``counterfactual``: 1 where h(z_e, x') is the wanted answer in scope, or the input's original answer out of scope
    (where SERAC relies on the classifier not to ask it). ``task`` is the base model's: both components read
    what its tokenizer keeps, as they do inside SERAC. Paper: component-wise table on QA-hard.
    """
    parts = []
    for scope in ("in", "out"):
        asked = [
            (example, query)
            for (example,) in (without_conflicts([example]) for example in examples)
            for query in (example.in_scope if scope == "in" else example.out_of_scope)
        ]
        edits = task.edits_as_read([example.edit for example, _ in asked])
        texts = task.as_read([query.input for _, query in asked])
        queries = [replace(query, input=text) for (_, query), text in zip(asked, texts, strict=True)]
        pairs = list(zip(edits, queries, strict=True))
        right = {
            CLASSIFIER: _classified(classifier, pairs, inside=scope == "in"),
            COUNTERFACTUAL: counterfactual.correct(edits, queries, batch_size).double().tolist(),
        }
        about = {"edit_id": [example.id for example, _ in asked], "scope": scope, "hard": [q.hard for _, q in asked]}
        for component, values in right.items():
            parts.append(pd.DataFrame({"component": component, **about, "value": values}))
    return pd.concat(parts, ignore_index=True).astype({"edit_id": "str", "hard": "bool", "value": "float64"})


def _classified(classifier: Router, pairs: Sequence[Pair], *, inside: bool) -> list[float]:
    similarity = classifier.score_pairs([(edit, query.input) for edit, query in pairs])
    return ((similarity > math.log(0.5)) == inside).double().tolist()
