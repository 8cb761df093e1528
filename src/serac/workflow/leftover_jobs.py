"""Cancel the jobs that a killed Snakemake left in SLURM's queue: ``python -m serac.workflow.leftover_jobs [FOLDER]``.

A Snakemake that dies by SIGKILL cannot cancel its jobs, and the next one does not know them: it would submit the same
jobs again. Every Snakemake logs its *SLURM run ID*, which is the name of all its jobs.
"""

from __future__ import annotations

import argparse
import getpass
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil

from serac.errors import SeracError

_ALIVE = "PENDING,CONFIGURING,RUNNING,SUSPENDED,COMPLETING"


class LeftoverJobsError(SeracError):
    """Leftover jobs cannot be distinguished from those of a running Snakemake, or do not end."""


def cancel_leftover_jobs(folder: Path | str, *, patience: float = 300.0, elsewhere: bool = False) -> list[int]:
    """Cancel and await all jobs that earlier Snakemakes submitted from ``folder``; returns their ids.

    ``elsewhere``: a run that started on another host is known to have ended. Raises :class:`LeftoverJobsError` if a
    Snakemake is still running there or may be on another host, or if a job outlives ``patience`` seconds.
    """
    folder = Path(folder).resolve()
    require_none_alive(folder, elsewhere=elsewhere)
    names = run_ids(folder)
    jobs = jobs_named(names)
    if jobs:
        _run("scancel", "--quiet", *map(str, jobs))
    deadline = time.monotonic() + patience
    while left := jobs_named(names):
        if time.monotonic() > deadline:
            raise LeftoverJobsError(f"jobs {left} do not end. Hint: `squeue` shows why; try again when they are gone")
        time.sleep(1)
    return jobs


def require_none_alive(folder: Path, *, elsewhere: bool = False) -> None:
    """Raises :class:`LeftoverJobsError` if a Snakemake is running in ``folder`` or, unless ``elsewhere``, may be.

    Processes of another host cannot be seen: a folder that is locked by a run that started there counts as in use.
    """
    if alive := living_snakemakes(folder):
        raise LeftoverJobsError(
            f"Snakemake (process {alive[0]}) is running in {folder}, so its jobs are not left over. "
            "Hint: wait for it, or stop it with SIGINT, which cancels its jobs"
        )
    host = last_host(folder)
    locked = any((folder / ".snakemake/locks").glob("*"))
    if locked and host not in (None, platform.node()) and not elsewhere:
        raise LeftoverJobsError(
            f"the last Snakemake in {folder} started on {host} and may still be running there. Hint: run this on "
            f"{host}; if that run has ended, use `python -m serac.workflow.leftover_jobs --dead-elsewhere`"
        )


def last_host(folder: Path) -> str | None:
    """The host of the Snakemake that started last in ``folder``, by its log; ``None`` if there was none."""
    logs = sorted((folder / ".snakemake/log").glob("*.snakemake.log"))
    hosts = [found[1] for log in logs if (found := re.search(r"(?mi)^ *host: (\S+)", log.read_text(errors="replace")))]
    return hosts[-1] if hosts else None


def run_ids(folder: Path) -> list[str]:
    """SLURM run IDs of all Snakemakes that ran in ``folder``, by their logs."""
    logs = sorted((folder / ".snakemake/log").glob("*.snakemake.log"))
    return [name for log in logs for name in re.findall(r"SLURM run ID: (\S+)", log.read_text(errors="replace"))]


def jobs_named(names: list[str]) -> list[int]:
    """Ids of this user's jobs with one of these names that have not ended."""
    if not names:
        return []
    listed = _run(
        "squeue", "--noheader", "--format=%A", f"--user={getpass.getuser()}", f"--states={_ALIVE}",
        f"--name={','.join(names)}",
    )  # fmt: skip
    return sorted({int(job) for job in listed.split()})


def living_snakemakes(folder: Path) -> list[int]:
    """Processes of this host that run Snakemake in ``folder``, without those that it starts for single jobs."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            is_snakemake = "snakemake" in [Path(word).name for word in words[:3]] and "--target-jobs" not in words
            if is_snakemake and Path(process.cwd()) == folder:
                found.append(process.pid)
        except psutil.Error:  # it ended meanwhile, or is another user's
            continue
    return found


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise LeftoverJobsError(
            f"the command {command[0]} was not found. Hint: run this where you submit jobs"
        ) from error
    if done.returncode != 0:
        raise LeftoverJobsError(f"{command[0]} failed: {done.stderr.strip()}")
    return done.stdout


def main() -> None:
    """Command line of :func:`cancel_leftover_jobs`."""
    parser = argparse.ArgumentParser(prog="python -m serac.workflow.leftover_jobs", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default=".", help="where Snakemake ran (default: here)")
    parser.add_argument("--check", action="store_true", help="cancel nothing; fail if a Snakemake is running there")
    parser.add_argument(
        "--dead-elsewhere", action="store_true", help="the run that started on another host is known to have ended"
    )
    options = parser.parse_args()
    try:
        if options.check:
            require_none_alive(Path(options.folder).resolve(), elsewhere=options.dead_elsewhere)
            return
        jobs = cancel_leftover_jobs(options.folder, elsewhere=options.dead_elsewhere)
    except SeracError as error:
        sys.exit(f"{type(error).__name__}: {error}")
    print(f"cancelled {len(jobs)} job(s){': ' if jobs else ''}{', '.join(map(str, jobs))}")


if __name__ == "__main__":
    main()
