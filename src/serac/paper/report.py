"""``claims.csv`` and ``REPORT.md``: what each item claims and what this run shows. Both have the same content."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from serac.paper import reported
from serac.paper.verdicts import COLUMNS, Claim

BEYOND = "Beyond the paper"
INTRODUCTION = f"""# Report of the run `{{name}}`

Generated from the run's numbers. Higher edit success (ES) and lower drawdown (DD) are better. Brackets show
{{confidence:.0%}} bootstrap intervals. A claim *holds* or *does not hold* if the whole interval of its statistic says
so; otherwise it is *undecided*. Claims and values of the paper are **{reported.STATUS}**: they were recalled
from memory, and the values were measured with other models and data than this run's. `claims.csv` has a row for
every statistic.
"""
Record = Mapping[str, Any]


def read_records(paths: Sequence[Path | str]) -> list[Record]:
    """Records of items, in the given order."""
    return [json.loads(Path(path).read_text(encoding="utf-8")) for path in paths]


def claims_table(records: Sequence[Record]) -> pd.DataFrame:
    """One row for each statistic that decides a claim, with the columns ``COLUMNS``."""
    rows = [{"item": record["name"], **claim} for record in records for claim in record["claims"]]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def write_claims(records: Sequence[Record], path: Path | str) -> None:
    """Write ``claims.csv``."""
    claims_table(records).to_csv(path, index=False, float_format="%.6f", lineterminator="\n")


def claims_lines(records: Sequence[Record]) -> list[str]:
    """A Markdown table of every claim: item, claim, what was measured, verdict."""
    lines = ["| item | claim | measured | verdict |", "| --- | --- | --- | --- |"]
    for record in records:
        for row in record["claims"]:
            claim = Claim(**row)
            lines.append(f"| {record['title']} | {claim.claim} | {claim.measured()} | {claim.verdict} |")
    return lines


def write_report(
    records: Sequence[Record],
    files: Sequence[Path | str],
    output: Path | str,
    *,
    name: str,
    confidence: float,
    about: Mapping[str, object],
) -> None:
    """Write the report of a run.

    ``files``: Markdown of tables (``main.md``) and pictures (``overview.png``), named like their items; ``about``:
    facts printed at the top (commit, machine).
    """
    output = Path(output)
    found = {Path(path).stem: Path(path) for path in files}
    facts = "\n".join(f"- {key}: {value}" for key, value in about.items())
    head = [INTRODUCTION.format(name=name, confidence=confidence), facts, "", *claims_lines(records), ""]
    parts = ["\n".join(head), *(_section(record, found[record["name"]], output.parent) for record in records)]
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text("\n".join(parts), encoding="utf-8")


def _section(record: Record, file: Path, folder: Path) -> str:
    lines = [f"## {record['title']}", ""]
    if record["claim"]:
        label = (
            "Our expectation, beyond the paper" if record["category"] == BEYOND else f"The paper ({reported.STATUS})"
        )
        lines += [f"{label}: {record['claim']}" if record["claims"] else record["claim"], ""]
    if record["claims"]:
        lines += [*(f"- {Claim(**claim).sentence()}" for claim in record["claims"]), ""]
    if record["shows"]:
        lines += [record["shows"], ""]
    if file.suffix == ".md":
        lines += [file.read_text(encoding="utf-8").rstrip(), ""]
    else:
        lines += [f"![{record['title']}]({Path(os.path.relpath(file, folder)).as_posix()})", "", record["caption"], ""]
    if record["origin"]:
        lines += [f"Made from {', '.join(f'{key} {value}' for key, value in record['origin'].items())}.", ""]
    return "\n".join(lines)
