"""What SLURM knows about the workflow's jobs: how long each waited, what it was granted and what it used.

A running job asks the controller for its own record and saves it next to the rule's log, because without an
accounting database SLURM forgets finished jobs after minutes (``MinJobAge``).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

_GPUS = re.compile(r"\bgres/gpu=(\d+)|\bJOB_GRES=gpu(?::[^:,\s]+)?:(\d+)")


@dataclass(frozen=True, slots=True)
class Grant:
    """One job of the queue when it started: seconds in the queue, GPUs, and where it runs."""

    job: int
    partition: str
    node: str
    queued: float
    gpus: int


@dataclass(frozen=True, slots=True)
class Usage:
    """One finished job of the queue by SLURM's accounting: wall-clock seconds and peak memory in MB."""

    seconds: float
    peak_mb: float


def companion_path(path: Path | str, folder: str, suffix: str) -> Path:
    """The file of the same job in ``logs``, ``benchmarks`` or ``slurm``: ``…/slurm/x.json`` for ``…/logs/x.log``.

    Raises ``ValueError`` for a path that is in none of them.
    """
    parts = Path(path).parts
    position = max(i for i, part in enumerate(parts) if part in ("logs", "benchmarks", "slurm"))
    return Path(*parts[:position], folder, *parts[position + 1 :]).with_suffix(suffix)


def record_path(path: Path | str) -> Path:
    """Where the grant of a job with this log or benchmark is kept."""
    return companion_path(path, "slurm", ".json")


def record_grant(log: Path | str) -> None:
    """Keep SLURM's record of this process's job beside its log; elsewhere remove what an earlier run kept there."""
    path = record_path(log)
    grant = current_grant()
    if grant is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(grant)) + "\n", encoding="utf-8")


def read_grant(path: Path | str) -> Grant:
    """What :func:`record_grant` wrote."""
    return Grant(**json.loads(Path(path).read_text(encoding="utf-8")))


def current_grant() -> Grant | None:
    """The job that Snakemake submitted and that this process is part of; none outside one."""
    job = os.environ.get("SLURM_JOB_ID")
    text = _output("scontrol", "show", "job", "--details", "--oneliner", job) if job else ""
    return parse_grant(text) if "Comment=rule_" in text else None


def parse_grant(text: str) -> Grant:
    """Read one line of ``scontrol show job --details --oneliner``."""
    fields = dict(re.findall(r"(\w+)=(\S*)", text))
    submitted, started = (datetime.fromisoformat(fields[name]) for name in ("SubmitTime", "StartTime"))
    gpus = [int(typed or counted) for typed, counted in _GPUS.findall(text)]
    return Grant(
        job=int(fields["JobId"]),
        partition=fields["Partition"],
        node=fields["NodeList"],
        queued=(started - submitted).total_seconds(),
        gpus=max(gpus, default=0),
    )


def accounted(jobs: Iterable[int]) -> dict[int, Usage]:
    """Usage of finished jobs by SLURM's accounting database; empty where there is none."""
    listed = ",".join(map(str, sorted(set(jobs))))
    if not listed:
        return {}
    columns = "--format=JobIDRaw,ElapsedRaw,MaxRSS"
    return parse_accounting(_output("sacct", "--noheader", "--parsable2", columns, f"--jobs={listed}"))


def parse_accounting(text: str) -> dict[int, Usage]:
    """Read ``JobIDRaw|ElapsedRaw|MaxRSS`` lines; the memory of a job is that of its largest step."""
    usage: dict[int, Usage] = {}
    for line in text.splitlines():
        step, seconds, memory = line.split("|")
        job = int(step.partition(".")[0])
        before = usage.get(job, Usage(0.0, 0.0))
        usage[job] = Usage(max(before.seconds, float(seconds)), max(before.peak_mb, _megabytes(memory)))
    return usage


def _megabytes(memory: str) -> float:
    units = {"": 2**-20, "K": 2**-10, "M": 1.0, "G": 2.0**10, "T": 2.0**20}
    number, unit = re.fullmatch(r"([\d.]*)([KMGT]?)", memory).groups()  # type: ignore[union-attr]
    return float(number) * units[unit] if number else 0.0


def _output(*command: str) -> str:
    """Standard output of a command; empty if it is missing, fails or does not answer within a minute."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
