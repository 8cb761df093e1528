"""Decoder-only models: the counterfactual model reads a row of tokens unchanged, with the edit in front of it.

Its last tokens are those of the row, so that its logits take the places of the base model's.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.mixing import fit
from serac.editors.serac.routed_rows import Rows
from serac.tasks.base import Batch, Task


def merged(
    base: nn.Module,
    task: Task,
    counterfactual: CounterfactualModel,
    rows: Rows,
    input_ids: Tensor,
    batch: dict[str, Any],
) -> Tensor:
    """Logits [B, L, V], or of the positions that ``logits_to_keep`` requests; ``task`` is the base model's.

    The base model reads the whole batch whoever answers, so that a row that is not routed gets exactly the bits that it
    gets without any edit. In a routed row, logits at places before the end of the question mean nothing.
    """
    keep = batch.get("logits_to_keep", 0)
    read = _behind_edits(task, counterfactual, rows, input_ids, batch.get("attention_mask"))
    positions = (read["attention_mask"].cumsum(1) - 1).clamp(min=0)
    several = isinstance(keep, int)
    said = counterfactual.model(**read, position_ids=positions, logits_to_keep=keep if several else 0).logits
    answered = _last(said, keep if several and keep else input_ids.shape[1])
    if not several:
        answered = answered[:, keep]
    if rows.routed.all():
        return answered
    logits: Tensor = base(input_ids=input_ids, **{**batch, "labels": None}).logits
    logits[rows.routed] = fit(answered, logits.shape[-1], logits.dtype)
    return logits


def answers(
    task: Task,
    counterfactual: CounterfactualModel,
    rows: Rows,
    input_ids: Tensor,
    mask: Tensor | None,
    options: dict[str, Any],
) -> tuple[Tensor, int]:
    """The rows in scope, each followed by the counterfactual model's answer, and the number of sequences per row."""
    read = _behind_edits(task, counterfactual, rows, input_ids, mask)
    with torch.no_grad():
        said = counterfactual.model.generate(**read, **options)[:, read["input_ids"].shape[1] :]
    own = input_ids[rows.routed]
    sequences = len(said) // len(own)
    return torch.cat([own.repeat_interleave(sequences, dim=0), said], dim=1), sequences


def _behind_edits(
    task: Task, counterfactual: CounterfactualModel, rows: Rows, input_ids: Tensor, mask: Tensor | None
) -> Batch:
    edits, _ = rows.within()
    routed = rows.routed
    reader: Any = counterfactual.task
    read: Batch = reader.behind_edits(edits, input_ids[routed], None if mask is None else mask[routed], task)
    return read


def _last(logits: Tensor, places: int) -> Tensor:
    """The last ``places`` of logits [B, L, V]; zeros in front where there are fewer."""
    missing = places - logits.shape[1]
    return pad(logits, (0, 0, missing, 0)) if missing > 0 else logits[:, -places:]
