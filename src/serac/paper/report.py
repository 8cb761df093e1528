"""``REPORT.md``: item by item, what the paper claims and what this run shows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from serac.paper import reported
from serac.paper.claims import ITEMS, Item
from serac.paper.findings_tables import Finding
from serac.paper.names import editor_name, problem_name
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
) -> None:
    """Write the report of ``run`` to ``output``.

    ``tables`` are Markdown files (``main.md``), ``figures`` pictures (``overview.png``), both named like their items;
    items without a file are left out. ``about``: facts printed at the top (commit, machine, duration).
    """
    output = Path(output)
    found = {Path(path).stem: Path(path) for path in (*tables, *figures)}
    facts = [f"- {key}: {value}" for key, value in (about or {}).items()]
    parts = [INTRODUCTION.format(name=name), *(["\n".join(facts) + "\n"] if facts else []), _overview(run, found)]
    parts += [_section(item, run, found[item.name], output.parent) for item in ITEMS if item.name in found]
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


def _section(item: Item, run: Run, file: Path, folder: Path) -> str:
    label = "Our expectation, beyond the paper" if item.beyond else f"The paper ({reported.STATUS})"
    lines = [f"## {item.title}", "", f"{label}: {item.claim}", ""]
    finding = finding_of(item, run)
    if finding is not None:
        lines += [f"This run: {finding.shows}", ""]
        if finding.holds is not None:
            lines += [f"The claim {VERDICTS[finding.holds]}.", ""]
    if item.form == "table":
        lines += [file.read_text(encoding="utf-8").rstrip(), ""]
    else:
        lines += [f"![{item.title}]({_relative(file, folder)})", ""]
    if item.name == "main":
        lines += [_reported_main(run), ""]
    return "\n".join(lines)


def _reported_main(run: Run) -> str:
    problems = set(run.tables["main"]["problem"])
    cells = [
        f"{problem_name(problem)} {editor_name(editor)} {value.es:.3f} / {value.dd:.3f}"
        for (problem, editor), value in reported.MAIN.items()
        if problem in problems
    ]
    return f"Reported ES / DD ({reported.STATUS}): {'; '.join(cells)}."


def _relative(file: Path, folder: Path) -> str:
    return Path(os.path.relpath(file, folder)).as_posix()
