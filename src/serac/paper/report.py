"""``REPORT.md``: item by item, what the paper claims and what this run shows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from serac.paper import reported
from serac.paper.claims import ITEMS, Item
from serac.paper.findings_tables import Finding
from serac.paper.run import Run

VERDICTS = {True: "**holds in this run**", False: "**does not hold in this run**", None: "nothing to decide"}
INTRODUCTION = f"""# Report of the run `{{name}}`

Generated from the run's numbers. Edit success (ES) is better if larger, drawdown (DD) if smaller; intervals are 95%.
Claims and values of the paper are **{reported.STATUS}**: they were written down without its text, and the values were
measured with other models and data than this run's. Verdicts are computed from this run alone.
"""


def write_report(
    run: Run,
    output: Path | str,
    *,
    name: str,
    tables: Sequence[Path | str],
    figures: Sequence[Path | str],
    about: Mapping[str, object] | None = None,
    subjects: Mapping[str, str] | None = None,
) -> None:
    """Write the report of ``run`` to ``output``.

    ``tables`` are Markdown files (``main.md``), ``figures`` pictures (``overview.png``), both named like their items;
    items without a file are left out. ``about``: facts printed at the top (commit, machine, duration);
    ``subjects``: by item the problem and editor that it is about.
    """
    output = Path(output)
    found = {Path(path).stem: Path(path) for path in (*tables, *figures)}
    facts = [f"- {key}: {value}" for key, value in (about or {}).items()]
    parts = [INTRODUCTION.format(name=name), *(["\n".join(facts) + "\n"] if facts else []), _overview(run, found)]
    for item in ITEMS:
        if item.name in found:
            parts.append(_section(item, run, found[item.name], output.parent, (subjects or {}).get(item.name)))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text("\n".join(parts), encoding="utf-8")


def finding_of(item: Item, run: Run) -> Finding | None:
    """What a run shows about an item; None for illustrations."""
    return item.check(run) if item.check else None


def _overview(run: Run, found: Mapping[str, Path]) -> str:
    lines = ["| item | claim | verdict |", "| --- | --- | --- |"]
    for item in ITEMS:
        finding = finding_of(item, run) if item.name in found else None
        if finding is not None and finding.holds is not None:
            claim = f"{item.claim} (beyond the paper)" if item.beyond else item.claim
            lines.append(f"| {item.title} | {claim} | {VERDICTS[finding.holds]} |")
    return "\n".join([*lines, ""])


def _section(item: Item, run: Run, file: Path, folder: Path, subject: str | None) -> str:
    label = "Our expectation, beyond the paper" if item.beyond else f"The paper ({reported.STATUS})"
    finding = finding_of(item, run)
    decides = finding is not None and finding.holds is not None
    lines = [f"## {item.title}", "", f"{label}: {item.claim}" if decides else item.claim, ""]
    if finding is not None:
        lines += [f"This run{f' ({subject})' if subject else ''}: {finding.shows}", ""]
        if decides:
            criterion = f" (counted: {item.criterion})" if item.criterion else ""
            lines += [f"The claim {VERDICTS[finding.holds]}{criterion}.", ""]
    if item.form == "table":
        lines += [file.read_text(encoding="utf-8").rstrip(), ""]
    else:
        lines += [f"![{item.title}]({_relative(file, folder)})", ""]
    return "\n".join(lines)


def _relative(file: Path, folder: Path) -> str:
    return Path(os.path.relpath(file, folder)).as_posix()
