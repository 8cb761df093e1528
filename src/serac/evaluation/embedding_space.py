"""Where the trained Embed classifier puts real edits and the inputs around them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from serac.evaluation.batches import without_conflicts
from serac.evaluation.parts import VectorRouter
from serac.records import Edit, EditExample
from serac.tasks.base import Task


def embedding_space(
    classifier: VectorRouter, examples: Sequence[EditExample], task: Task, *, edits: int, inputs: int, seed: int
) -> pd.DataFrame:
    """Vectors of sampled edits and of at most ``inputs`` easy and hard inputs of each scope around each.

    Columns: ``edit`` int (which edit the row belongs to), ``role`` (``edit``, ``in``, ``out``), ``hard`` bool,
    ``kind``, ``text``, ``similarity`` (g with its own edit, 1 for edits), and ``h{head}_{dimension}`` float32, the
    embedding head by head; the classifier's distance is the smallest over heads. ``task`` is the base model's, whose
    tokenizer the router reads through.
    """
    rng = random.Random(f"embedding_space/{seed}")
    chosen = without_conflicts(rng.sample(list(examples), min(edits, len(examples))))
    known = task.edits_as_read([example.edit for example in chosen])
    rows = [
        row for number, example in enumerate(chosen) for row in _around(number, known[number], example, inputs, rng)
    ]
    frame = pd.DataFrame(rows, columns=["edit", "role", "hard", "kind", "text"])
    is_edit = frame["role"] == "edit"
    frame.loc[~is_edit, "text"] = task.as_read(list(frame.loc[~is_edit, "text"]))
    frame.loc[is_edit, "text"] = [classifier.entry(edit) for edit in known]
    pairs = [(known[number], text) for number, text in zip(frame["edit"], frame["text"], strict=True)]
    similarity = classifier.score_pairs(pairs).double().exp().cpu().numpy()
    frame["similarity"] = np.where(is_edit, 1.0, similarity)
    heads, width = classifier.vector_shape
    names = [f"h{head}_{dimension}" for head in range(heads) for dimension in range(width)]
    vectors = classifier.vectors(list(frame["text"])).float().cpu().numpy()
    return pd.concat([frame, pd.DataFrame(vectors, columns=names)], axis=1)


def _around(
    number: int, edit: Edit, example: EditExample, inputs: int, rng: random.Random
) -> Iterator[tuple[int, str, bool, str, str]]:
    """The edit and sampled inputs: number, role, hard, kind, text."""
    yield number, "edit", False, "edit", edit.input
    for role, queries in (("in", example.in_scope), ("out", example.out_of_scope)):
        for hard in (False, True):
            group = [query for query in queries if query.hard == hard]
            for query in rng.sample(group, min(inputs, len(group))):
                yield number, role, hard, query.kind, query.input
