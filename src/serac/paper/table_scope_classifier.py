"""Table ``scope_classifier`` (T4): Embed and Cross classifiers on two encoder sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from serac.paper.grid import es_dd_grid
from serac.paper.summary import over_seeds, read_results, select
from serac.paper.tables import Table, write_table

CLASSIFIERS = {
    "serac_embed": "Embed, small encoder",
    "serac_cross": "Cross, small encoder",
    "serac_embed_large": "Embed, large encoder",
    "serac_cross_large": "Cross, large encoder",
}


def tabulate_scope_classifier(
    results_csv: Path | str,
    outputs: Sequence[Path | str],
    *,
    k: int = 10,
    problems: Sequence[str] = ("qa_hard", "fc"),
    classifiers: Mapping[str, str] = CLASSIFIERS,
) -> None:
    """Read results of the editors that ``classifiers`` names (as printed) and write csv, md and tex."""
    table = scope_classifier_table(read_results(results_csv), k=k, problems=problems, classifiers=classifiers)
    write_table(table, outputs)


def scope_classifier_table(
    results: pd.DataFrame,
    *,
    k: int = 10,
    problems: Sequence[str] = ("qa_hard", "fc"),
    classifiers: Mapping[str, str] = CLASSIFIERS,
) -> Table:
    """One row a classifier, ES and DD of each problem."""
    where = {"k": k, "subset": "all", "metric": ["es", "dd"], "problem": list(problems), "editor": list(classifiers)}
    cells = select(over_seeds(results), **where)
    caption = (
        f"SERAC with different scope classifiers, {k} simultaneous edits: mean over {cells['seeds'].max()} seeds of "
        "evaluation and 95% interval."
    )
    data = cells[["problem", "editor", "k", "metric", "value", "half_width", "seeds", "n"]]
    return Table(data, es_dd_grid(cells, "editor", dict(classifiers), "classifier"), caption)
