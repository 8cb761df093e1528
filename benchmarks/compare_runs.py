"""Processor seconds per rule of one configuration's run at two commits, on the same machine in one go.

Each commit is checked out into a folder of its own and run with its own code and this Python's packages. A float32
matrix product and a Python loop are timed before, between and after, so that a machine that slows down meanwhile is
noticed. A ratio below 1 says that the new commit needs less. The table goes into docs/benchmarks.md. For instance:

    python benchmarks/compare_runs.py v1.0 HEAD --cores 2
    python benchmarks/compare_runs.py v1.0 HEAD --configfile config/smoke.yaml --cores 2
    python benchmarks/compare_runs.py --existing ../before/results/smoke results/smoke
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import measuring
import pandas as pd
import run_all
import torch

from serac.errors import ConfigError, SeracError
from serac.workflow.provenance import device_of, read_records

ROOT = Path(__file__).parents[1]
TOTAL = "all rules"


def read_jobs(folder: Path | str) -> pd.DataFrame:
    """One row per job: ``rule``, ``cpu`` (processor seconds), ``peak_mb`` (NaN where a job was too short to measure).

    ``folder`` is that of a run, or a checkout whose runs and shared resources count together. Raises ``ConfigError``
    if no job has left its costs there.
    """
    folder = Path(folder)
    runs = [*folder.glob("results/*/"), *folder.glob("resources/*/")] or [folder]
    rows = []
    for place in sorted(run / "benchmarks" for run in runs):
        for file in sorted(place.rglob("*.tsv")):
            measured = pd.read_csv(file, sep="\t", na_values="-").iloc[-1]
            rule = file.relative_to(place).with_suffix("").parts[0]
            rows.append({"rule": rule, "cpu": measured["cpu_time"], "peak_mb": measured["max_rss"]})
    if not rows:
        raise ConfigError(f"{folder} holds no costs of jobs. Hint: give the folder of a run, such as results/miniature")
    return pd.DataFrame(rows)


def compare(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """One row per rule, the costliest first, and one for all together.

    Of both runs the number of jobs, processor seconds, those of the longest job, and the largest peak of memory in MB;
    ``ratio`` is new to old (NaN for a rule that one run lacks).
    """
    sides = [_by_rule(jobs).add_suffix(suffix) for jobs, suffix in ((old, "_old"), (new, "_new"))]
    table = sides[0].join(sides[1], how="outer")
    table.insert(0, "ratio", table["cpu_new"] / table["cpu_old"])
    order = table[["cpu_old", "cpu_new"]].max(axis=1).drop(TOTAL).sort_values(ascending=False, kind="stable").index
    return table.loc[[TOTAL, *order]].rename_axis("rule").reset_index()


def _by_rule(jobs: pd.DataFrame) -> pd.DataFrame:
    both = pd.concat([jobs, jobs.assign(rule=TOTAL)])
    return both.groupby("rule").agg(
        jobs=("cpu", "size"), cpu=("cpu", "sum"), longest=("cpu", "max"), peak_mb=("peak_mb", "max")
    )


def calibrate(size: int = 1024, repeats: int = 10, steps: int = 3_000_000) -> dict[str, float]:
    """Processor seconds on one thread of float32 matrix products [size, size] and of a Python loop."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    matrix = torch.rand(size, size)
    found = {
        "matrix_product_s": _processor_seconds(lambda: [matrix @ matrix for _ in range(repeats)]),
        "python_loop_s": _processor_seconds(lambda: sum(step % 7 for step in range(steps))),
    }
    torch.set_num_threads(threads)
    return found


def _processor_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return round(time.process_time() - started, 4)


def run_commit(commit: str, command: Sequence[str], repository: Path = ROOT) -> pd.DataFrame:
    """The jobs of ``command`` at ``commit``, run in a checkout that is deleted afterwards.

    Raises ``ConfigError`` if the run fails.
    """
    with _checkout(commit, repository) as folder:
        print(f"--- {commit}: {shlex.join(command)}", flush=True)
        search = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        own = {**os.environ, "PYTHONPATH": str(folder / "src"), "PATH": search}
        done = subprocess.run(command, cwd=folder, env=own, check=False)
        if done.returncode:
            raise ConfigError(f"the run at {commit} failed (exit status {done.returncode}); its messages stand above")
        return read_jobs(folder)


@contextmanager
def _checkout(commit: str, repository: Path) -> Iterator[Path]:
    git = ["git", "-C", str(repository)]
    with TemporaryDirectory(prefix="compare_runs-") as parent:
        folder = Path(parent) / "checkout"
        added = subprocess.run([*git, "worktree", "add", "--quiet", "--detach", str(folder), commit], check=False)
        if added.returncode:
            raise ConfigError(f"git cannot check out {commit!r}; its message stands above")
        try:
            yield folder
        finally:
            subprocess.run([*git, "worktree", "remove", "--force", str(folder)], check=True)


def commit_hash(commit: str) -> str:
    """The first twelve digits of a commit's hash; raises ``ConfigError`` if there is no such commit."""
    command = ["git", "-C", str(ROOT), "rev-parse", "--quiet", "--verify", "--short=12", f"{commit}^{{commit}}"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        raise ConfigError(f"{commit!r} is no commit of this repository. Hint: --existing compares folders of runs")
    return found.stdout.strip()


def described(folder: Path) -> str:
    """Commits and machines that a finished run's provenance states."""
    made = [record.made for record in read_records([folder])]
    known = dict.fromkeys(f"{one['commit']} on {device_of(one)}" for one in made)
    return ", ".join(known) or "a run without provenance"


def main() -> None:
    """Compare as the command line says; print the table and write it."""
    options = _options()
    started = time.perf_counter()
    table, record = (_finished if options.existing else _measured)(options)
    command = f"python benchmarks/compare_runs.py {shlex.join(sys.argv[1:])}"
    write(table, {"command": command, "seconds": round(time.perf_counter() - started), **record}, Path(options.out))


def _finished(options: argparse.Namespace) -> tuple[pd.DataFrame, dict[str, str]]:
    old, new = map(Path, options.runs)
    return compare(read_jobs(old), read_jobs(new)), {"old": f"old: {described(old)}", "new": f"new: {described(new)}"}


def _measured(options: argparse.Namespace) -> tuple[pd.DataFrame, dict[str, str]]:
    command = [sys.executable, "-m", "snakemake", "--cores", str(options.cores)]
    command += ["--configfile", options.configfile] if options.configfile else []
    commits = [commit_hash(commit) for commit in options.runs]
    jobs, calibrations = [], [calibrate()]
    for commit in commits:
        jobs.append(run_commit(commit, command))
        calibrations.append(calibrate())
    record = {"commits": " against ".join(commits), **measuring.machine()}
    for name in calibrations[0]:
        record[name] = f"{name} " + ", ".join(f"{one[name]:.3f}" for one in calibrations) + " s before, between, after"
    return compare(*jobs), record


def write(table: pd.DataFrame, record: dict[str, str | int], folder: Path) -> None:
    """Print table and record; write ``benchmarks/runs.csv``, ``runs.json`` and ``benchmarks.md`` in ``folder``."""
    print(*record.values(), sep="\n")
    file = folder / "benchmarks" / "runs.csv"
    measuring.report(table.round(3), file)
    file.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    run_all.write_page(folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs=2, metavar=("OLD", "NEW"), help="commits; with --existing folders of runs")
    parser.add_argument("--existing", action="store_true", help="compare finished runs")
    parser.add_argument("--configfile", help="scenario on top of the default, as the commits know it")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="jobs at the same time")
    parser.add_argument("--out", default=str(ROOT / "docs"), help="folder of benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except SeracError as error:
        sys.exit(f"compare_runs: {error}")
