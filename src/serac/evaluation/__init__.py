"""Evaluation of edited models: success inside the scope of an edit, drawdown outside of it.

These names are public; the modules that hold them may change. Each is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serac._exports import exported

if TYPE_CHECKING:
    from serac.evaluation.base_outputs import BaseOutputs as BaseOutputs
    from serac.evaluation.batches import EditBatch as EditBatch
    from serac.evaluation.batches import make_batches as make_batches
    from serac.evaluation.bootstrap import Estimate as Estimate
    from serac.evaluation.bootstrap import Sample as Sample
    from serac.evaluation.cost import measure_cost as measure_cost
    from serac.evaluation.evaluate import evaluate_at_thresholds as evaluate_at_thresholds
    from serac.evaluation.evaluate import evaluate_unedited as evaluate_unedited
    from serac.evaluation.evaluate import score_batch as score_batch
    from serac.evaluation.sequential import evaluate_sequence as evaluate_sequence

__all__ = [
    "BaseOutputs",
    "EditBatch",
    "Estimate",
    "Sample",
    "evaluate_at_thresholds",
    "evaluate_sequence",
    "evaluate_unedited",
    "make_batches",
    "measure_cost",
    "score_batch",
]
__getattr__, __dir__ = exported(
    __name__,
    {
        "base_outputs": ("BaseOutputs",),
        "batches": (
            "EditBatch",
            "make_batches",
        ),
        "bootstrap": (
            "Estimate",
            "Sample",
        ),
        "cost": ("measure_cost",),
        "evaluate": (
            "evaluate_at_thresholds",
            "evaluate_unedited",
            "score_batch",
        ),
        "sequential": ("evaluate_sequence",),
    },
)
