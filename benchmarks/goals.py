"""What the measurements should reach, and whether they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

REAL = {"base": "t5-base", "encoder": "distilbert"}
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Goal:
    """A bound on one column of the rows of one step that match ``where``; the worst of them counts."""

    text: str
    step: str
    column: str
    where: Mapping[str, Any]
    at_least: float | None = None
    at_most: float | None = None

    def row(self, tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
        """The goal, what was wanted and measured, and whether it was met."""
        found = self._matching(tables.get(self.step))
        wanted = f"at least {self.at_least:g}" if self.at_least is not None else f"at most {self.at_most:g}"
        if found.empty:
            return {"goal": self.text, "wanted": wanted, "measured": NOT_MEASURED, "met": NOT_MEASURED}
        worst = float(found.min() if self.at_least is not None else found.max())
        met = worst >= self.at_least if self.at_least is not None else worst <= (self.at_most or 0)
        return {"goal": self.text, "wanted": wanted, "measured": f"{worst:.4g}", "met": "yes" if met else "no"}

    def _matching(self, table: pd.DataFrame | None) -> pd.Series:
        if table is None or self.column not in table:
            return pd.Series(dtype=float)
        for column, value in self.where.items():
            table = table[table[column] == value]
        return table[self.column].astype(float).dropna()


GOALS = (
    Goal(
        "Forward pass at batch 32 with 100,000 Embed edits, over the base model's plus one encoder pass",
        "large",
        "serac_to_base_and_encoder",
        {**REAL, "kind": "embed", "edits": 100_000, "batch": 32},
        at_most=1.25,
    ),
    Goal(
        "Overhead over the base model at batch 10 with 1,000 Embed edits: the reference's way over ours",
        "embed_reference",
        "overhead_ratio",
        {**REAL, "kind": "embed", "edits": 1000, "batch": 10},
        at_least=50,
    ),
    Goal(
        "The same with 100 Cross edits, in two stages",
        "cross_reference",
        "overhead_ratio",
        {**REAL, "kind": "cross", "edits": 100, "batch": 10},
        at_least=20,
    ),
    Goal(
        "Peak memory with 100,000 edits above that with 10, in MB",
        "peak",
        "above_mb",
        {**REAL, "edits": 100_000},
        at_most=1000,
    ),
    Goal("Loading 100,000 edits, in seconds", "large", "load_s", {**REAL, "edits": 100_000}, at_most=1),
    Goal(
        "Share of whole evaluations with every outcome that of a plain loop",
        "evaluation",
        "equal",
        REAL,
        at_least=1,
    ),
)


def judged(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a goal: ``goal``, ``wanted``, ``measured``, ``met``."""
    return pd.DataFrame([goal.row(tables) for goal in GOALS])
