"""Table ``rules``: what each rule of the workflow cost, and the longest chain of dependent jobs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pandas as pd

from serac.paper.item import Cell, Data, Item, ItemSettings, Scenario, run_folder
from serac.paper.tables import NONE, Table, write_table
from serac.workflow.provenance import Record, read_records
from serac.workflow.slurm_records import Grant, Usage, accounted, read_grant, record_path


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
    jobs = [record for record in read_records(folder.parent for folder in folders) if record.rule in data.rules]
    write_table(rules_table(files, jobs, costs), outputs)


def rules_table(benchmarks: Mapping[str, Sequence[Path | str]], known: Sequence[Record], costs: Costs) -> Table:
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


def critical_path(jobs: Sequence[Record]) -> list[Record]:
    """The chain of dependent jobs with the largest sum of seconds, first job first; empty without jobs."""
    maker = {path: number for number, job in enumerate(jobs) for path in job.outputs}

    @cache
    def longest(number: int) -> tuple[float, tuple[int, ...]]:
        needed = {maker[path] for path in jobs[number].inputs if path in maker}
        before = max(map(longest, needed), default=(0.0, ()))
        return before[0] + jobs[number].seconds, (*before[1], number)

    _, path = max(map(longest, range(len(jobs))), default=(0.0, ()))
    return [jobs[number] for number in path]


def busy_seconds(jobs: Sequence[Record]) -> float:
    """Seconds in which at least one job ran: what a run took, without pauses between its parts."""
    seconds = until = 0.0
    for start, stop in sorted((job.started, job.started + job.seconds) for job in jobs):
        seconds += max(0.0, stop - max(start, until))
        until = max(until, stop)
    return seconds


def _rule_row(rule: str, files: Sequence[Path | str], path: Sequence[Record], costs: Costs) -> dict[str, object]:
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
