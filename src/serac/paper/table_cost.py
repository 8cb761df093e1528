"""Table ``cost`` (T5): wall-clock and memory of one forward pass, base model against SERAC."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from serac.paper import reported
from serac.paper.names import PROBLEMS, editor_name, in_order, problem_name
from serac.paper.tables import NONE, Table, write_table


def tabulate_cost(
    costs: Mapping[str, Path | str], outputs: Sequence[Path | str], *, parts: Mapping[str, Sequence[str]]
) -> None:
    """``costs``: the JSON of ``measure_cost`` by problem; ``parts``: the measured editor and the checkpoints of its
    scope classifier and its counterfactual model; writes csv, md and tex."""
    read = {problem: json.loads(Path(path).read_text(encoding="utf-8")) for problem, path in costs.items()}
    write_table(cost_table(read, parts), outputs)


def cost_table(costs: Mapping[str, Mapping[str, Any]], parts: Mapping[str, Sequence[str]]) -> Table:
    """One row a problem: SERAC's parts, milliseconds, their ratio, megabytes, and the paper's values."""
    rows, printed = [], []
    for problem in in_order(costs, PROBLEMS):
        cost, (editor, classifier, counterfactual) = costs[problem], parts[problem]
        row = {
            "problem": problem,
            "editor": editor,
            "classifier": classifier,
            "counterfactual": counterfactual,
            "base_ms": 1e3 * cost["base_seconds"],
            "serac_ms": 1e3 * cost["edited_seconds"],
            "ratio": cost["ratio"],
            "base_mb": cost["base_bytes"] / 1e6,
            "serac_mb": cost["edited_bytes"] / 1e6,
            **{name: cost[name] for name in ("edits", "batch", "repeats", "device")},
        }
        rows.append(row)
        paper = reported.COST.get(problem)
        printed.append(
            [
                problem_name(problem),
                f"{editor_name(editor)}: {classifier}, {counterfactual}",
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
    caption = (
        "One forward pass, base model → SERAC with the checkpoints of its scope classifier and its counterfactual "
        f"model ({setting}), measured side by side in one process after a warm-up: "
        "median wall-clock, median ratio of neighbouring passes, and memory (weights and the peak that a pass "
        f"allocates). Reported values: {reported.STATUS}, other models and hardware."
    )
    return Table(pd.DataFrame(rows), pd.DataFrame(printed, columns=columns), caption)
