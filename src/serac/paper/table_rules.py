"""Table ``rules``: what each rule of the workflow cost, and the chain of jobs that a run cannot be faster than."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from serac.paper.tables import Table, write_table


@dataclass(frozen=True, slots=True)
class Job:
    """One finished job: its rule, wall-clock seconds, and the jobs (by key) whose outputs it reads."""

    rule: str
    seconds: float
    needs: tuple[str, ...] = ()


def tabulate_rules(
    benchmarks: Mapping[str, Sequence[Path | str]],
    outputs: Sequence[Path | str],
    *,
    metadata: Path | str | None = None,
) -> None:
    """``benchmarks``: Snakemake's ``benchmark:`` files by rule; ``metadata``: the folder ``.snakemake/metadata``.

    The critical path needs ``metadata``; without it only the costs are written.
    """
    jobs = read_jobs(Path(metadata)) if metadata else {}
    write_table(rules_table(benchmarks, critical_path(jobs)), outputs)


def rules_table(benchmarks: Mapping[str, Sequence[Path | str]], path: Sequence[Job] = ()) -> Table:
    """One row a rule, the costliest first: jobs, seconds (sum, longest), peak memory, seconds on the critical path."""
    rows = [_rule_row(rule, files, path) for rule, files in benchmarks.items() if files]
    data = pd.DataFrame(rows).sort_values(["seconds", "rule"], ascending=[False, True]).reset_index(drop=True)
    display = pd.DataFrame(
        {
            "rule": data["rule"],
            "jobs": data["jobs"].astype(str),
            "seconds, all jobs": data["seconds"].map("{:.0f}".format),
            "longest job": data["longest"].map("{:.0f}".format),
            "peak MB": data["peak_mb"].map("{:.0f}".format),
            "critical path": data["critical_seconds"].map("{:.0f}".format),
        }
    )
    caption = f"Wall-clock seconds and peak memory by rule, {data['seconds'].sum() / 60:.1f} minutes of work in all."
    if path:
        chain = ", then ".join(f"{job.rule} ({job.seconds:.0f} s)" for job in path)
        caption += (
            f" The longest chain of dependent jobs takes {sum(j.seconds for j in path) / 60:.1f} minutes: {chain}."
        )
    return Table(data, display, caption)


def critical_path(jobs: Mapping[str, Job]) -> list[Job]:
    """The chain of dependent jobs with the largest sum of seconds, first job first; empty without jobs."""

    @cache
    def longest(key: str) -> tuple[float, tuple[str, ...]]:
        best = max((longest(need) for need in jobs[key].needs if need in jobs), default=(0.0, ()))
        return best[0] + jobs[key].seconds, (*best[1], key)

    total = max((longest(key) for key in jobs), default=(0.0, ()))
    return [jobs[key] for key in total[1]]


def read_jobs(folder: Path) -> dict[str, Job]:
    """Jobs by (their first) output file, from Snakemake's records of output files."""
    records: dict[str, dict] = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = "".join(part.lstrip("@") for part in file.relative_to(folder).parts)
        records[base64.urlsafe_b64decode(name).decode()] = json.loads(file.read_text(encoding="utf-8"))
    timed = {out: r for out, r in records.items() if None not in (r.get("starttime"), r.get("endtime"))}
    owners: dict[tuple, str] = {}
    owner_of = {out: owners.setdefault(_same_job(r), out) for out, r in sorted(timed.items())}
    return {
        out: Job(r["rule"], r["endtime"] - r["starttime"], _needs(r["input"], owner_of, out))
        for out, r in timed.items()
        if owner_of[out] == out
    }


def _same_job(record: Mapping) -> tuple:
    """Output files of one job share their rule, start and log."""
    return record["rule"], record["starttime"], tuple(record.get("log") or ())


def _needs(inputs: Iterable[str] | None, owner_of: Mapping[str, str], own: str) -> tuple[str, ...]:
    found = dict.fromkeys(owner_of[file] for file in inputs or () if file in owner_of)
    return tuple(key for key in found if key != own)


def _rule_row(rule: str, files: Sequence[Path | str], path: Sequence[Job]) -> dict[str, object]:
    measured = pd.concat([pd.read_csv(file, sep="\t", na_values="-") for file in files])
    return {
        "rule": rule,
        "jobs": len(measured),
        "seconds": measured["s"].sum(),
        "longest": measured["s"].max(),
        "peak_mb": measured["max_rss"].fillna(0.0).max(),
        "critical_seconds": sum(job.seconds for job in path if job.rule == rule),
    }
