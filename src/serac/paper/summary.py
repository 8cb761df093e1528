"""``results.csv`` to one number and interval a cell."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from serac.errors import SeracError

_NORMAL_95 = 1.96


class MissingResultError(SeracError):
    """A table or figure needs rows that the results do not hold."""


def read_results(path: Path | str) -> pd.DataFrame:
    """The tidy results; text columns stay text (``subset`` may look like a number)."""
    return pd.read_csv(path, dtype={"run": str, "problem": str, "editor": str, "metric": str, "subset": str})


def over_seeds(results: pd.DataFrame, by: tuple[str, ...] = ("problem", "editor", "k")) -> pd.DataFrame:
    """Mean over seeds with columns ``*by, metric, subset, value, half_width, seeds, n``.

    ``half_width`` belongs to a 95% interval: the mean half-width of the seeds' bootstrap intervals over edit batches
    and 1.96 standard errors over seeds, added in quadrature. (Seeds re-batch the same test edits, so that averaging
    over them does not shrink the first part.) ``n`` is the mean number of rows a seed.
    """
    keys = [*by, "metric", "subset"]
    half = (results["ci_high"] - results["ci_low"]) / 2
    groups = results.assign(half=half).groupby(keys, sort=True)
    table = groups.agg(
        value=("value", "mean"), half=("half", "mean"), sd=("value", "std"), seeds=("value", "size"), n=("n", "mean")
    )
    spread = _NORMAL_95 * table["sd"].fillna(0.0) / table["seeds"] ** 0.5
    table["half_width"] = (table["half"] ** 2 + spread**2) ** 0.5
    table["n"] = table["n"].round().astype(int)
    return table[["value", "half_width", "seeds", "n"]].reset_index()


def select(table: pd.DataFrame, **where: object) -> pd.DataFrame:
    """Rows whose columns equal the given values; raises :class:`MissingResultError` if there are none."""
    mask = pd.Series(True, index=table.index)
    for column, value in where.items():
        mask &= table[column].isin(value) if isinstance(value, (list, tuple)) else table[column] == value
    if not mask.any():
        wanted = ", ".join(f"{column} {value!r}" for column, value in where.items())
        raise MissingResultError(f"the results hold no rows with {wanted}; is it part of this run's configuration?")
    return table[mask]
