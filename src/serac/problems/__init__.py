"""Editing problems: raw data in, edits with inputs in and out of their scope out.

These names are public; the modules that hold them may change. Each is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serac._exports import exported

if TYPE_CHECKING:
    from serac.problems.base_pairs import BaseData as BaseData
    from serac.problems.base_pairs import BasePair as BasePair
    from serac.problems.base_pairs import read_pairs as read_pairs
    from serac.problems.base_pairs import write_pairs as write_pairs
    from serac.problems.neighbours import hard_negatives as hard_negatives
    from serac.problems.problem import Problem as Problem
    from serac.problems.registry import PROBLEMS as PROBLEMS
    from serac.problems.splits import Splits as Splits
    from serac.problems.splits import SplitSettings as SplitSettings
    from serac.problems.splits import load_splits as load_splits

__all__ = [
    "PROBLEMS",
    "BaseData",
    "BasePair",
    "Problem",
    "SplitSettings",
    "Splits",
    "hard_negatives",
    "load_splits",
    "read_pairs",
    "write_pairs",
]
__getattr__, __dir__ = exported(
    __name__,
    {
        "base_pairs": (
            "BasePair",
            "BaseData",
            "read_pairs",
            "write_pairs",
        ),
        "neighbours": ("hard_negatives",),
        "problem": ("Problem",),
        "registry": ("PROBLEMS",),
        "splits": (
            "SplitSettings",
            "Splits",
            "load_splits",
        ),
    },
)
