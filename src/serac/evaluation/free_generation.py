"""Edit success and drawdown by free generation only: comparable across base models of any architecture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import torch

from serac.config.evaluation import EvaluationSettings
from serac.editors.base import Editor
from serac.evaluation.base_outputs import unique_queries
from serac.evaluation.batches import EditBatch, make_batches
from serac.evaluation.scoring import as_frame
from serac.records import EditExample, Query, same_text

Texts = dict[tuple[str, str], str]


def evaluate_by_generation(
    editor: Editor, examples: Sequence[EditExample], settings: EvaluationSettings, seeds: Sequence[int], *, k: int
) -> pd.DataFrame:
    """Outcomes of ``editor`` with ``k`` simultaneous edits whose ``value`` compares generated answers.

    In scope 1 where the edited model's greedy answer is the wanted one, out of scope 1 where it differs from the base
    model's. Columns as of :func:`serac.evaluation.scoring.evaluate`; routing columns are NaN. Used where logits
    cannot be compared: another vocabulary or a decoder-only base model.
    """
    batches = [
        batch for seed in seeds for batch in make_batches(examples, k, settings.batches(k), seed, settings.asked)
    ]
    every = unique_queries(query for batch in batches for query in _queries(batch))
    base = _generated(editor, editor.base, every, settings.batch_size)
    rows: list[dict[str, Any]] = []
    for number, batch in enumerate(batches, start=1):
        asked = unique_queries(_queries(batch))
        edited = _generated(editor, editor.edit(batch.edits), asked, settings.batch_size)
        rows += _rows(batch, edited, base)
        print(f"{editor.name}: batch {number} of {len(batches)}", flush=True)
    return as_frame(rows)


def _queries(batch: EditBatch) -> list[Query]:
    return [query for example in batch.examples for query in (*example.in_scope, *example.out_of_scope)]


def _generated(editor: Editor, model: Any, queries: Sequence[Query], batch_size: int) -> Texts:
    with torch.no_grad():
        texts = editor.task.generate(model, queries, batch_size)
    return {(query.input, query.label): text for query, text in zip(queries, texts, strict=True)}


def _rows(batch: EditBatch, edited: Texts, base: Texts) -> list[dict[str, Any]]:
    rows = []
    for example in batch.examples:
        for scope, queries in (("in", example.in_scope), ("out", example.out_of_scope)):
            for query in queries:
                said, before = edited[query.input, query.label], base[query.input, query.label]
                right = same_text(said, query.label) if scope == "in" else not same_text(said, before)
                rows.append(
                    {
                        "batch": batch.number,
                        "seed": batch.seed,
                        "edit_id": example.id,
                        "scope": scope,
                        "kind": query.kind,
                        "hard": query.hard,
                        "value": float(right),
                        "generated": float(right),
                        "input": query.input,
                        "label": query.label,
                        "edit_input": example.edit.input,
                        "edit_label": example.edit.label,
                        "base_output": before,
                        "edited_output": said,
                    }
                )
    return rows
