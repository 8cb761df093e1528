"""Run every program and write what it measured: one csv a step, and one page with the goals and whether they are met.

Steps can be run one by one (``--only``) at different times; the page always shows all that lie in the folder.

    python benchmarks/run_all.py --quick --out /tmp/benchmarks        # tiny models and sizes: do the programs run?
    python benchmarks/run_all.py --threads 2 --out docs               # the goals' sizes
"""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import goals
import index_recall
import measuring
import memory_peak
import memory_scaling
import pandas as pd
import random_models
import whole_evaluation


@dataclass(frozen=True)
class Step:
    """A program with its arguments; words in braces are filled from the sizes."""

    title: str
    program: ModuleType
    arguments: str


MODELS = "--base {base} --counterfactual {counterfactual} --encoder {encoder}"
EVERY_SHARE = "--shares 0 0.5 1 --repeats {repeats}"
STEPS = {
    "scaling": Step(
        "Memories of growing size",
        memory_scaling,
        MODELS + " --sizes {sizes} --batch-sizes 1 32 --repeats {repeats} --reference-limit {pairs}",
    ),
    "miniature": Step(
        "The same with the miniature models",
        memory_scaling,
        "--base miniature --counterfactual miniature --encoder miniature --sizes {sizes} --batch-sizes 1 32 "
        "--repeats {repeats} --reference-limit {pairs}",
    ),
    "large": Step(
        "The largest memory, by the share of inputs in scope",
        memory_scaling,
        MODELS + " --kinds embed --sizes {largest} --batch-sizes 32 --reference-limit 0 " + EVERY_SHARE,
    ),
    "embed_reference": Step(
        "Embed against the reference's way, by the share of inputs in scope",
        memory_scaling,
        MODELS + " --kinds embed --sizes {embed} --batch-sizes 10 --reference-limit {embed} " + EVERY_SHARE,
    ),
    "cross_reference": Step(
        "Cross against the reference's way, by the share of inputs in scope",
        memory_scaling,
        MODELS + " --kinds cross --sizes {cross} --batch-sizes 10 --reference-limit {pairs} " + EVERY_SHARE,
    ),
    "peak": Step("Peak memory", memory_peak, MODELS + " --kinds {kinds} --sizes {smallest} {largest} --batch-size 32"),
    "recall": Step(
        "The approximate index against exact search",
        index_recall,
        "--sizes {largest} --width {width} --probes 8 32 128 --queries {queries} --repeats {searches}",
    ),
    "evaluation": Step(
        "Whole evaluation of one problem against a plain loop",
        whole_evaluation,
        MODELS + " --examples {examples} --k {k} --generated 1",
    ),
}
TITLES = {name: step.title for name, step in STEPS.items()} | {
    "runs": "Two commits' runs: processor seconds, longest job and peak memory (MB) per rule"
}
"""Of the page's sections; the last is written by ``compare_runs.py``."""
GOAL_SIZES: dict[str, Any] = {
    "base": "t5-base", "counterfactual": "t5-small", "encoder": "distilbert", "sizes": "1 10 100 1000 10000 100000",
    "smallest": 10, "largest": 100_000, "embed": 1000, "cross": 100, "pairs": 1000, "repeats": 5, "width": 768,
    "queries": 1000, "searches": 20, "examples": 20, "k": 10, "kinds": "embed cross",
}  # fmt: skip
QUICK_SIZES: dict[str, Any] = {
    "base": "miniature", "counterfactual": "miniature", "encoder": "miniature", "sizes": "1 12", "smallest": 2,
    "largest": 1200, "embed": 8, "cross": 2, "pairs": 20, "repeats": 1, "width": 16, "queries": 50, "searches": 1,
    "examples": 4, "k": 2, "kinds": "embed",
}  # fmt: skip


def main() -> None:
    """Run the chosen steps and write the page."""
    options = _options()
    sizes = (QUICK_SIZES if options.quick else GOAL_SIZES) | _given(options)
    folder = Path(options.out)
    for name in options.only or STEPS:
        run_step(name, sizes, options.threads, folder / "benchmarks")
    write_page(folder)


def run_step(name: str, sizes: Mapping[str, Any], threads: int, folder: Path) -> None:
    """Measure one step; write ``{name}.csv`` and, with its command and machine, ``{name}.json``."""
    step = STEPS[name]
    arguments = f"{step.arguments.format(**sizes)} --threads {threads}"
    print(f"--- {name}: {step.program.__name__}.py {arguments}", flush=True)
    tables: list[pd.DataFrame] = []
    options = step.program.parser().parse_args(shlex.split(arguments))
    elapsed = measuring.seconds(lambda: tables.append(step.program.measure(options)))
    measuring.report(tables[0], folder / f"{name}.csv")
    command = f"python benchmarks/{step.program.__name__}.py {arguments}"
    record = {"command": command, "seconds": round(elapsed), **measuring.machine()}
    (folder / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def write_page(folder: Path) -> None:
    """Write ``benchmarks.md`` and ``benchmarks/goals.csv`` from the csv files of all steps measured so far."""
    parts = folder / "benchmarks"
    tables = {name: pd.read_csv(parts / f"{name}.csv") for name in TITLES if (parts / f"{name}.csv").exists()}
    judged = goals.judged(tables)
    judged.to_csv(parts / "goals.csv", index=False)
    sections = [_section(name, table, parts) for name, table in tables.items()]
    head = [
        "# Benchmarks",
        "Generated by `python benchmarks/run_all.py`; do not edit. Models have the named sizes and random weights. "
        "Times in milliseconds (`_ms`) are medians of passes that alternate between the compared ways in one process; "
        "other units are seconds (`_s`) and megabytes (`_mb`). `share` is the intended share of inputs in scope, "
        "`routed` the actual one; `overhead_ratio` is `inf` where SERAC took no longer than the base model. Where "
        "several rows match a goal, the worst one counts.",
        "## Goals",
        _markdown(judged),
    ]
    (folder / "benchmarks.md").write_text("\n\n".join([*head, *sections]) + "\n", encoding="utf-8")


def _section(name: str, table: pd.DataFrame, folder: Path) -> str:
    record = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    command, elapsed = record.pop("command"), record.pop("seconds")
    about = f"{'; '.join(record.values())}. It took {elapsed / 60:.1f} minutes."
    return "\n\n".join([f"## {TITLES[name]}", about, f"    {command}", _markdown(table)])


def _markdown(table: pd.DataFrame) -> str:
    rows = [list(table.columns), ["---"] * table.shape[1], *([_cell(v) for v in row] for row in table.to_numpy())]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value)


def _given(options: argparse.Namespace) -> dict[str, Any]:
    names = ("base", "counterfactual", "encoder", "largest", "repeats")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    return given | ({"sizes": " ".join(map(str, options.sizes))} if options.sizes else {})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="tiny models and sizes, in seconds")
    parser.add_argument("--only", nargs="+", choices=tuple(STEPS), help="steps to run (all)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", default="docs", help="folder of benchmarks.md and benchmarks/*.csv")
    parser.add_argument("--base", choices=random_models.T5_SIZES)
    parser.add_argument("--counterfactual", choices=random_models.T5_SIZES)
    parser.add_argument("--encoder", choices=random_models.ENCODER_SIZES)
    parser.add_argument("--sizes", type=int, nargs="+", help="edits of the growing memories")
    parser.add_argument("--largest", type=int, help="edits of the large memory, rows of the index")
    parser.add_argument("--repeats", type=int, help="timed passes; the median counts")
    return parser.parse_args()


if __name__ == "__main__":
    main()
