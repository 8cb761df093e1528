"""Table ``rules``: what each rule of the workflow cost, and the longest chain of dependent jobs."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario, run_folder
from serac.paper.tables import NONE, Table, write_table
from serac.workflow.slurm_records import Grant, Usage, accounted, companion_path, read_grant, record_path


@dataclass(frozen=True, slots=True)
class Job:
    """One finished job: its rule, wall-clock seconds, the jobs (by key) whose outputs it reads, and when it started."""

    rule: str
    seconds: float
    needs: tuple[str, ...] = ()
    start: float = 0.0


@dataclass(frozen=True, slots=True)
class Costs:
    """What is known of finished jobs by their ``benchmark:`` file.

    ``grants``: what SLURM granted them; ``usage``: what SLURM accounted for, by the id of the job in its queue. One job
    of the queue may hold several of the workflow's (a group): its usage is that of none of them alone.
    """

    grants: Mapping[Path | str, Grant] = field(default_factory=dict)
    usage: Mapping[int, Usage] = field(default_factory=dict)

    def of(self, file: Path | str) -> dict[str, float]:
        """One job: seconds and peak MB (SLURM's where there are any), seconds in the queue, GPU seconds."""
        measured = pd.read_csv(file, sep="\t", na_values="-").iloc[0]
        seconds, peak_mb = measured["s"], measured["max_rss"]
        grant = self.grants.get(file)
        if grant is None:
            return {"seconds": seconds, "peak_mb": peak_mb, "queued": math.nan, "gpu_seconds": math.nan}
        if grant.job in self.usage and self._alone(grant):
            seconds, peak_mb = self.usage[grant.job].seconds, self.usage[grant.job].peak_mb or peak_mb
        return {
            "seconds": seconds,
            "peak_mb": peak_mb,
            "queued": grant.queued,
            "gpu_seconds": grant.gpus * seconds,
        }

    def _alone(self, grant: Grant) -> bool:
        return sum(other.job == grant.job for other in self.grants.values()) == 1


def cells(settings: ItemSettings, scenario: Scenario) -> list[Cell]:
    """The folders of the run and of its world, where every rule leaves what it cost."""
    return [Cell(f"{folder}/benchmarks") for folder in (f"resources/{scenario.world.name}", run_folder(scenario))]


def caption(settings: ItemSettings, scenario: Scenario) -> str:
    """What to see in it."""
    return (
        "Time and peak memory by rule, and the longest chain of dependent jobs: no number of cores makes a run faster "
        "than that."
    )


def make(data: Data[ItemSettings], outputs: Sequence[Path]) -> None:
    """Add up what every rule took; a folder may hold records of rules that no longer exist."""
    folders = [Path(cell.file) for cell in data.cells]
    entries = sorted(entry for folder in folders for entry in folder.glob("*"))
    rules = [entry for entry in entries if entry.stem in data.rules]
    files = {rule.stem: [rule] if rule.is_file() else sorted(rule.rglob("*.tsv")) for rule in rules}
    kept = {file: record_path(file) for group in files.values() for file in group}
    grants: dict[Path | str, Grant] = {file: read_grant(path) for file, path in kept.items() if path.is_file()}
    costs = Costs(grants, accounted(grant.job for grant in grants.values()))
    places = [str(folder.parent) for folder in folders]
    jobs = {key: job for key, job in read_jobs(Path(".snakemake/metadata"), places).items() if job.rule in data.rules}
    write_table(rules_table(files, jobs, costs), outputs)


def rules_table(benchmarks: Mapping[str, Sequence[Path | str]], known: Mapping[str, Job], costs: Costs) -> Table:
    """One row per rule, the costliest first.

    Columns: jobs, seconds (sum, longest), mean seconds in the queue, peak memory, share of the run's GPU time, seconds
    on the critical path; NaN where SLURM did not run the rule.
    """
    path = critical_path(known)
    rows = [_rule_row(rule, files, path, costs) for rule, files in benchmarks.items() if files]
    data = pd.DataFrame(rows).sort_values(["seconds", "rule"], ascending=[False, True]).reset_index(drop=True)
    data["gpu_share"] = data["gpu_seconds"] / data["gpu_seconds"].sum()
    display = pd.DataFrame(
        {
            "rule": data["rule"],
            "jobs": data["jobs"].astype(str),
            "seconds, all jobs": data["seconds"].map("{:.0f}".format),
            "seconds, longest job": data["longest"].map("{:.0f}".format),
            "seconds in queue, mean": data["queued"].map(_printed("{:.0f}")),
            "peak MB": data["peak_mb"].map("{:.0f}".format),
            "GPU time": data["gpu_share"].map(_printed("{:.0%}")),
            "seconds, critical path": data["critical_seconds"].map("{:.0f}".format),
        }
    )
    if not costs.grants:
        display = display.drop(columns=["seconds in queue, mean", "GPU time"])
    caption = f"Wall-clock seconds and peak memory by rule, {data['seconds'].sum() / 60:.1f} minutes of work in total."
    if path:
        caption += f" They ran within {busy_seconds(known) / 60:.1f} minutes."
        chain = ", then ".join(f"{job.rule} ({job.seconds:.0f} s)" for job in path)
        caption += (
            f" The longest chain of dependent jobs takes {sum(j.seconds for j in path) / 60:.1f} minutes: {chain}."
        )
    if costs.grants:
        caption += " Time in the queue and share of the GPU time according to SLURM's records"
        caption += ", as are seconds and memory of jobs outside groups." if costs.usage else "."
    return Table(data, display, caption)


def _printed(form: str) -> Callable[[float], str]:
    return lambda value: NONE if math.isnan(value) else form.format(value)


def critical_path(jobs: Mapping[str, Job]) -> list[Job]:
    """The chain of dependent jobs with the largest sum of seconds, first job first; empty without jobs."""

    @cache
    def longest(key: str) -> tuple[float, tuple[str, ...]]:
        best = max((longest(need) for need in jobs[key].needs if need in jobs), default=(0.0, ()))
        return best[0] + jobs[key].seconds, (*best[1], key)

    total = max((longest(key) for key in jobs), default=(0.0, ()))
    return [jobs[key] for key in total[1]]


def busy_seconds(jobs: Mapping[str, Job]) -> float:
    """Seconds in which at least one job ran: what a run took, without pauses between its parts."""
    seconds = until = 0.0
    for start, stop in sorted((job.start, job.start + job.seconds) for job in jobs.values()):
        seconds += max(0.0, stop - max(start, until))
        until = max(until, stop)
    return seconds


def read_jobs(folder: Path, places: Sequence[str] = ()) -> dict[str, Job]:
    """Jobs by (their first) output file, from Snakemake's records (``.snakemake/metadata``) of output files.

    With ``places``, only jobs whose outputs lie in one of these folders.
    """
    records: dict[str, dict[str, Any]] = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = "".join(part.lstrip("@") for part in file.relative_to(folder).parts)
        output = base64.urlsafe_b64decode(name).decode()
        if not places or any(Path(output).is_relative_to(place) for place in places):
            records[output] = json.loads(file.read_text(encoding="utf-8"))
    timed = {out: r for out, r in records.items() if None not in (r.get("starttime"), r.get("endtime"))}
    owners: dict[tuple[Any, ...], str] = {}
    owner_of = {out: owners.setdefault(_same_job(r), out) for out, r in sorted(timed.items())}
    return {
        out: Job(r["rule"], _seconds(r), _needs(r["input"], owner_of, out), r["starttime"])
        for out, r in timed.items()
        if owner_of[out] == out
    }


def _seconds(record: Mapping[str, Any]) -> float:
    """By the job's benchmark, where it has one: Snakemake only records when it heard of the end of a cluster's job."""
    logs = [log for log in record.get("log") or () if "logs" in Path(log).parts]
    benchmarks = [file for log in logs if (file := companion_path(log, "benchmarks", ".tsv")).is_file()]
    if benchmarks:
        return float(pd.read_csv(benchmarks[0], sep="\t", na_values="-")["s"].iloc[0])
    return max(0.0, float(record["endtime"]) - float(record["starttime"]))


def _same_job(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """Output files of one job share their rule, start and log."""
    return record["rule"], record["starttime"], tuple(record.get("log") or ())


def _needs(inputs: Iterable[str] | None, owner_of: Mapping[str, str], own: str) -> tuple[str, ...]:
    found = dict.fromkeys(owner_of[file] for file in inputs or () if file in owner_of)
    return tuple(key for key in found if key != own)


def _rule_row(rule: str, files: Sequence[Path | str], path: Sequence[Job], costs: Costs) -> dict[str, object]:
    jobs = pd.DataFrame([costs.of(file) for file in files])
    return {
        "rule": rule,
        "jobs": len(jobs),
        "seconds": jobs["seconds"].sum(),
        "longest": jobs["seconds"].max(),
        "queued": jobs["queued"].mean(),
        "peak_mb": jobs["peak_mb"].fillna(0.0).max(),
        "gpu_seconds": jobs["gpu_seconds"].sum(min_count=1),
        "critical_seconds": sum(job.seconds for job in path if job.rule == rule),
    }


ITEM = Item(
    form="table",
    title="What the run cost",
    category="Run",
    caption=caption,
    cells=cells,
    make=make,
    about_run=True,
)
