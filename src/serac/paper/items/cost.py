"""Table ``cost``: wall-clock and memory of one forward pass, base model against SERAC (paper)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field
from scipy.stats import binom

from serac.config.evaluation import CostSettings as Measurement
from serac.config.names import EditorName, Named, ProblemName
from serac.evaluation.bootstrap import Estimate
from serac.paper import reported
from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario, measured, run_problems
from serac.paper.names import PROBLEMS, editor_name, in_order, problem_name
from serac.paper.tables import NONE, Table, write_table
from serac.paper.verdicts import Claim, at_most

SMALL_OVERHEAD = 1.1
ENCODER = "fc"
"""A problem whose base model is an encoder, for which the paper reports a larger overhead."""


class CostSettings(Measurement, ItemSettings):
    """Table cost."""

    editors: Named[ProblemName, EditorName] = Field(
        {},
        description="by problem, the editor whose forward pass is compared with the base model's; null omits a problem",
    )

    def uses(self) -> Iterable[tuple[str, str]]:
        """Each problem with its editor."""
        return self.editors.items()


def cells(settings: CostSettings, scenario: Scenario) -> list[Cell] | None:
    """One measurement per problem, of the first training seed; ``about`` names the checkpoints of SERAC's parts."""
    found = []
    for problem in run_problems(scenario, *settings.editors):
        editor, section = settings.editors[problem], scenario.problems[problem]
        classifier = section.scope[scenario.editors[editor].classifier]
        first = measured(scenario, "cost", "json", problem, [editor])[0]
        about = f"{classifier.checkpoint}, {section.counterfactual.checkpoint}"
        found.append(Cell(first.file, problem, editor, first.k, first.seed, about=about))
    return found or None


def caption(settings: CostSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        f"Time and memory of one forward pass, base model against SERAC with {settings.edits} edits in memory, "
        "measured side by side in one process. The ratio counts; absolute times depend on the machine."
    )


def make(data: Data[CostSettings], outputs: Sequence[Path]) -> None:
    """One row per problem: SERAC's parts, milliseconds, their ratio, megabytes, and the paper's values."""
    rows, printed = [], []
    for cell, cost in _costs(data):
        row = {
            "problem": cell.problem,
            "editor": cell.editor,
            "parts": cell.about,
            "base_ms": 1e3 * cost["base_seconds"],
            "serac_ms": 1e3 * cost["edited_seconds"],
            "ratio": cost["ratio"],
            "base_mb": cost["base_bytes"] / 1e6,
            "serac_mb": cost["edited_bytes"] / 1e6,
            **{name: cost[name] for name in ("edits", "batch", "repeats", "device")},
        }
        rows.append(row)
        paper = reported.COST.get(cell.problem)
        printed.append(
            [
                problem_name(cell.problem),
                f"{editor_name(cell.editor)}: {cell.about}",
                f"{row['base_ms']:.1f} → {row['serac_ms']:.1f}",
                f"{row['ratio']:.2f}",
                f"{row['base_mb']:.1f} → {row['serac_mb']:.1f}",
                f"{paper.base_ms:g} → {paper.serac_ms:g}" if paper else NONE,
                f"{paper.base_gb:.2f} → {paper.serac_gb:.2f}" if paper else NONE,
            ]
        )
    columns = ["problem", "editor", "ms", "ratio", "MB", "reported ms", "reported GB"]
    sizes = sorted({(row["batch"], row["edits"], row["repeats"], row["device"]) for row in rows})
    setting = "; ".join(f"batches of {b}, {e} edits, {r} repeats, {device}" for b, e, r, device in sizes)
    text = (
        "One forward pass, base model → SERAC with the checkpoints of its scope classifier and its counterfactual "
        f"model ({setting}), measured side by side in one process after a warm-up: "
        "median wall-clock, median ratio of neighbouring passes, and memory (weights and the peak that a pass "
        f"allocates). Reported values: {reported.STATUS}, other models and hardware.{data.note()}"
    )
    write_table(Table(pd.DataFrame(rows), pd.DataFrame(printed, columns=columns), text), outputs)


def check(data: Data[CostSettings]) -> list[Claim]:
    """The ratio of neighbouring passes in front of encoder-decoder models."""
    return [
        at_most(
            f"On {problem_name(cell.problem)}, SERAC with {cost['edits']} edits adds little latency.",
            "median ratio of the latencies",
            median_interval(cost["ratios"], data.bootstrap.confidence),
            SMALL_OVERHEAD,
        )
        for cell, cost in _costs(data)
        if cell.problem != ENCODER
    ]


def median_interval(values: Sequence[float], confidence: float) -> Estimate:
    """The median with its distribution-free interval (two order statistics); no interval if there are too few values.

    >>> median_interval([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], 0.95)
    Estimate(value=4.0, low=1.0, high=7.0, n=7)
    """
    ordered = sorted(values)
    below = int(binom.ppf((1 - confidence) / 2, len(ordered), 0.5))
    if below < 1:
        return Estimate(float(np.median(ordered)), math.nan, math.nan, len(ordered))
    return Estimate(float(np.median(ordered)), ordered[below - 1], ordered[-below], len(ordered))


def _costs(data: Data[CostSettings]) -> list[tuple[Cell, dict[str, Any]]]:
    order = in_order(data.distinct("problem"), PROBLEMS)
    found = sorted(data.cells, key=lambda cell: order.index(cell.problem))
    return [(cell, json.loads(Path(cell.file).read_text(encoding="utf-8"))) for cell in found]


ITEM = Item(
    form="table",
    title="Cost of a forward pass",
    category="Main results",
    claim="In front of encoder–decoder models, SERAC with 10 edits adds little latency (at most 10%).",
    settings=CostSettings,
    caption=caption,
    cells=cells,
    make=make,
    check=check,
)
