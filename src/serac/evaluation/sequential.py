"""Edits that arrive one after another: are the early ones still there after the late ones?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

import pandas as pd

from serac.config.evaluation import SequentialSettings
from serac.editors.base import Editor
from serac.evaluation.base_outputs import BaseOutputs
from serac.evaluation.batches import EditBatch, NotEnoughEditsError, make_batches
from serac.evaluation.scoring import score_batch
from serac.records import EditExample

COLUMNS = ["seed", "edits", "es", "dd", "n_in", "n_out"]


def evaluate_sequence(
    editor: Editor,
    examples: Sequence[EditExample],
    base_outputs: BaseOutputs,
    settings: SequentialSettings,
    seeds: Sequence[int],
) -> pd.DataFrame:
    """ES on all edits so far, and DD, after each number of edits in ``settings.checkpoints``; columns ``COLUMNS``.

    ES is NaN as long as no edit has an input in scope (fact checking has such edits). DD is measured at every
    checkpoint on the same inputs: those out of scope of any edit of the whole sequence. Raises
    :class:`NotEnoughEditsError` if there are too few examples of distinct groups, or no such input.
    """
    rows = []
    for seed in seeds:
        (sequence,) = make_batches(examples, max(settings.checkpoints), 1, seed, settings.asked)
        if not any(example.out_of_scope for example in sequence.examples):
            raise NotEnoughEditsError(
                f"all out-of-scope inputs are about one of the {len(sequence.examples)} edits. Hint: lower the last of "
                "the sequential checkpoints"
            )
        models = editor.edit_in_sequence(sequence.edits, settings.checkpoints)
        for count, edited in zip(settings.checkpoints, models, strict=True):
            scored = score_batch(edited, editor.task, _first(sequence, count), base_outputs, settings.batch_size)
            values = {scope: [row["value"] for row in scored if row["scope"] == scope] for scope in ("in", "out")}
            es, dd = fmean(values["in"] or [math.nan]), fmean(values["out"])
            rows.append((seed, count, es, dd, len(values["in"]), len(values["out"])))
            print(f"{editor.name}: seed {seed}, {count} edits in sequence, ES {es:.3f}, DD {dd:.3f}", flush=True)
    return pd.DataFrame(rows, columns=COLUMNS)


def _first(sequence: EditBatch, count: int) -> EditBatch:
    """In-scope inputs of the first ``count`` edits, out-of-scope inputs of all."""
    examples = [
        example if number < count else replace(example, in_scope=()) for number, example in enumerate(sequence.examples)
    ]
    return replace(sequence, examples=tuple(examples))
