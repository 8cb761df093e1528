"""Talking to the cluster of the tests, and running Snakemake on it with the project's profile."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("cluster.sh")
FAULTS = Path(__file__).with_name("faults.smk")
PATIENCE = 1800
"""Seconds after which a Snakemake is taken to hang."""


@dataclass(frozen=True)
class Cluster:
    """A running cluster: its folder, the environment of its users, and the Snakemakes that were started."""

    folder: Path
    env: dict[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def run(self, *command: str) -> str:
        """Standard output of a command of a user of the cluster."""
        return subprocess.run(command, env=self.env, capture_output=True, text=True, check=True).stdout

    def jobs(self, folder: Path) -> list[dict[str, str]]:
        """The controller's records of all jobs that were submitted from a folder, oldest first."""
        lines = self.run("scontrol", "show", "job", "--details", "--oneliner").splitlines()
        records = [dict(re.findall(r"(\w+)=(\S*)", line)) for line in lines]
        mine = [record for record in records if record.get("WorkDir") == str(folder)]
        return sorted(mine, key=lambda record: int(record["JobId"]))

    def completions(self, folder: Path) -> list[dict[str, str]]:
        """The job completion log of a folder's jobs: one line each time that a job ended or was requeued."""
        lines = (self.folder / "log/jobs.txt").read_text().splitlines()
        records = [dict(re.findall(r"(\w+)=(\S*)", line)) for line in lines]
        return [record for record in records if record["WorkDir"] == str(folder)]

    def snakemake(self, folder: Path, *arguments: str | Path, snakefile: Path = FAULTS) -> subprocess.Popen[str]:
        """Start ``snakemake --profile slurm`` in a folder; its output goes to ``output.txt`` there.

        The profile is found as users find it, by the link ``slurm``. Jobs are asked after often, for these are short.
        """
        folder.mkdir(exist_ok=True)
        link = folder / "slurm"
        if not link.exists():
            link.symlink_to(ROOT / "slurm")
        profile = ("--profile", "slurm", "--slurm-init-seconds-before-status-checks", "3")
        command = [sys.executable, "-m", "snakemake", "--snakefile", snakefile, *profile, *arguments]
        with (folder / "output.txt").open("a") as output:
            run = subprocess.Popen(
                list(map(str, command)), cwd=folder, env=self.env, stdout=output, stderr=subprocess.STDOUT, text=True
            )
        self.started.append(run)
        return run

    def finish(self, run: subprocess.Popen[str], folder: Path) -> None:
        """Wait for a Snakemake that is to succeed."""
        assert run.wait(timeout=PATIENCE) == 0, (folder / "output.txt").read_text()[-6000:]

    def clean(self, folder: Path) -> str:
        """Cancel orphans and unlock, as ``make cancel-leftover-jobs`` does."""
        cancelled = self.run(sys.executable, "-m", "serac.workflow.leftover_jobs", str(folder))
        self.finish(self.snakemake(folder, "--unlock"), folder)
        return cancelled


@dataclass(frozen=True)
class Event:
    """A line of ``events.txt``: what a fit noted."""

    name: str
    kind: str
    job: int
    time: float
    step: int


def events(folder: Path, name: str) -> list[Event]:
    """What the fits of a name noted, in the order of time."""
    path = folder / "events.txt"
    lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    found = [Event(who, kind, int(job), float(when), int(step)) for who, kind, job, when, step in lines]
    return [event for event in found if event.name == name]


def wait_for(condition: Callable[[], object], seconds: float = 300) -> None:
    """Wait until a condition holds; fails the test if it never does (a busy machine may take long)."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what the test waits for did not happen"
        time.sleep(0.2)


def wait_for_event(folder: Path, name: str, kind: str) -> Event:
    """Wait until a fit notes something."""
    wait_for(lambda: any(event.kind == kind for event in events(folder, name)))
    return next(event for event in events(folder, name) if event.kind == kind)
