"""The largest costs of a run by rule and by job, and what of them is start-up.

Reads the files that Snakemake's ``benchmark:`` wrote for every job. Start-up is the processor time that the import
statements at the top of a rule's script take in a fresh process, measured once a rule. Where other programs shared
the machine, ``--by cpu`` tells more than the wall clock. Run, for instance:

    python benchmarks/largest_costs.py results/miniature resources/miniature
"""

from __future__ import annotations

import argparse
import ast
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

SCRIPTS = Path(__file__).parents[1] / "workflow" / "scripts"


def main() -> None:
    """Print the two tables and what all jobs took."""
    options = _options()
    jobs = read_jobs(options.folders)
    table = by_rule(jobs, {} if options.no_start_up else start_up(jobs["rule"].unique()), options.by)
    wall, cpu, imports = jobs["seconds"].sum(), jobs["cpu"].sum(), table["start_up"].sum()
    print(f"{len(jobs)} jobs: {wall:.0f} s, {cpu:.0f} s of processor time, of it {imports:.0f} s of start-up")
    print(
        f"\nby rule\n{_shown(table.head(options.top))}\n\nby job\n{_shown(by_job(jobs, options.by).head(options.top))}"
    )
    if options.out:
        table.to_csv(options.out, index=False)


def read_jobs(folders: Iterable[Path | str]) -> pd.DataFrame:
    """One row a job, from ``{folder}/benchmarks``: ``rule``, ``job``, ``seconds``, ``cpu`` (seconds), ``peak_mb``."""
    rows = []
    for folder in folders:
        benchmarks = Path(folder) / "benchmarks"
        for file in sorted(benchmarks.rglob("*.tsv")):
            path = file.relative_to(benchmarks).with_suffix("")
            measured = pd.read_csv(file, sep="\t", na_values="-").iloc[-1]
            numbers = {"seconds": measured["s"], "cpu": measured["cpu_time"], "peak_mb": measured["max_rss"]}
            rows.append({"rule": path.parts[0], "job": path.as_posix(), **numbers})
    return pd.DataFrame(rows, columns=["rule", "job", "seconds", "cpu", "peak_mb"])


def by_rule(jobs: pd.DataFrame, imports: Mapping[str, float], by: str = "seconds") -> pd.DataFrame:
    """One row a rule, the costliest first, with its share of the column ``by``.

    ``imports`` are the seconds that one job of a rule spends on them; ``start_up`` are those of all its jobs.
    """
    groups = jobs.groupby("rule")
    table = groups.agg(
        jobs=("job", "size"),
        seconds=("seconds", "sum"),
        longest=("seconds", "max"),
        cpu=("cpu", "sum"),
        peak_mb=("peak_mb", "max"),
    )
    table["share"] = table[by] / table[by].sum()
    table["start_up"] = table["jobs"] * pd.Series(imports, dtype=float).reindex(table.index)
    table["start_up_share"] = table["start_up"] / table["cpu"]
    return table.reset_index().sort_values(by, ascending=False, kind="stable", ignore_index=True)


def by_job(jobs: pd.DataFrame, by: str = "seconds") -> pd.DataFrame:
    """The jobs, the costliest first, with their share of the column ``by``."""
    table = jobs.assign(share=jobs[by] / jobs[by].sum()).drop(columns="rule")
    return table.sort_values(by, ascending=False, kind="stable", ignore_index=True)


def start_up(rules: Sequence[str], scripts: Path = SCRIPTS) -> dict[str, float]:
    """Processor seconds of the imports of every rule's script; rules without a script of their name are left out."""
    return {rule: _seconds(imports(scripts / f"{rule}.py")) for rule in rules if (scripts / f"{rule}.py").exists()}


def imports(script: Path) -> str:
    """The import statements at the top level of a script."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    return "\n".join(ast.unparse(node) for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom)))


def _seconds(code: str) -> float:
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    before = _children()
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, **one_thread})
    return _children() - before


def _children() -> float:
    """Processor seconds of all finished child processes."""
    times = os.times()
    return times.children_user + times.children_system


def _shown(table: pd.DataFrame) -> str:
    return table.round(3).to_string(index=False)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", help="results/{run} and resources/{world}")
    parser.add_argument("--by", choices=("seconds", "cpu"), default="seconds", help="what the order and shares are of")
    parser.add_argument("--top", type=int, default=10, help="rows that are printed")
    parser.add_argument("--no-start-up", action="store_true", help="do not measure imports")
    parser.add_argument("--out", help="CSV file of the table by rule")
    return parser.parse_args()


if __name__ == "__main__":
    main()
