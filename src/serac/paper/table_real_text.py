"""Table real_text: what a scope classifier does with real texts, by the number of edits in memory."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from serac.problems.paraphrases import PROBLEM

CAPTION = (
    "Routing of real zsRE text of held-out subjects; the threshold is from validation subjects. *right*: the best "
    "entry is about the input's own subject and above the threshold. *false alarms*: the best entry about any other "
    "subject is above it. A memory of more edits than the test split has is filled up with edits of the other splits."
)


def real_text_table(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds of ``right`` and ``false_alarms`` by classifier, number of edits and kind of input."""
    keys = ["classifier", "k", "kind"]
    means = outcomes.groupby(keys, sort=False)[["inputs", "right", "false_alarms"]].mean().reset_index()
    return means.assign(seeds=outcomes["seed"].nunique() if "seed" in outcomes else 1)


def write_real_text(table: pd.DataFrame, csv: Path, markdown: Path) -> None:
    """The table as CSV, and in print with one row a classifier and number of edits."""
    table.to_csv(csv, index=False)
    kinds = list(table["kind"].unique())
    heads = [f"{PROBLEM.kinds[kind]}: " + ("" if kind == "nq" else "right / ") + "false alarms" for kind in kinds]
    lines = [CAPTION, "", "| classifier | edits | " + " | ".join([*heads, "ES - DD of paraphrases"]) + " |"]
    lines.append("|" + "---|" * (len(kinds) + 3))
    for classifier, k in table[["classifier", "k"]].drop_duplicates().itertuples(index=False):
        rows = table[(table["classifier"] == classifier) & (table["k"] == k)].set_index("kind")
        right, alarms = rows["right"].to_dict(), rows["false_alarms"].to_dict()
        cells = [("" if kind == "nq" else f"{right[kind]:.3f} / ") + f"{alarms[kind]:.3f}" for kind in kinds]
        net = right["rephrase"] - alarms["rephrase"]
        lines.append(f"| {classifier} | {k} | " + " | ".join([*cells, f"{net:.3f}"]) + " |")
    markdown.write_text("\n".join(lines) + "\n", encoding="utf-8")
