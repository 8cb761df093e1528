"""Reading what SLURM says of jobs, without a cluster."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from serac.workflow.leftover_jobs import LeftoverJobsError, cancel_leftover_jobs, living_snakemakes, run_ids
from serac.workflow.slurm_records import (
    Grant,
    Usage,
    parse_accounting,
    parse_grant,
    read_grant,
    record_grant,
    record_path,
)

RECORD = (
    "JobId=28 JobName=2d81d919 UserId=root(0) JobState=RUNNING Reason=None Requeue=1 Restarts=0 "
    "SubmitTime=2026-11-23T08:01:10 EligibleTime=2026-11-23T08:01:10 StartTime=2026-11-23T08:03:48 "
    "Partition=gpu NodeList=gpu01 NumNodes=1 NumCPUs=1 TRES=cpu=1,mem=3000M,node=1,billing=1 {gpus} "
    "Comment=rule_train_base_wildcards_smoke_qa_base\n"
)


@pytest.mark.parametrize(
    ("gpus", "count"),
    [
        ("JOB_GRES=(null)", 0),
        ("JOB_GRES=gpu:1", 1),
        ("JOB_GRES=gpu:fake:2 Nodes=gpu01 GRES=gpu:fake:2(IDX:0-1)", 2),
        ("AllocTRES=cpu=4,mem=64G,node=1,gres/gpu=1,gres/gpu:h200=1", 1),
    ],
)
def test_a_grant_is_read_from_the_controllers_record(gpus: str, count: int) -> None:
    assert parse_grant(RECORD.format(gpus=gpus)) == Grant(28, "gpu", "gpu01", 158.0, count)


def test_a_job_keeps_its_grant_beside_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a fake ``scontrol``; outside of a job a record of an earlier run is removed."""
    scontrol = tmp_path / "scontrol"
    scontrol.write_text(f"#!/bin/sh\ncat <<'EOF'\n{RECORD.format(gpus='JOB_GRES=gpu:1')}EOF\n")
    scontrol.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "28")
    log = tmp_path / "results/logs/train_base/qa/base.log"
    kept = tmp_path / "results/slurm/train_base/qa/base.json"
    record_grant(log)
    assert record_path(log) == record_path(tmp_path / "results/benchmarks/train_base/qa/base.tsv") == kept
    assert read_grant(kept) == Grant(28, "gpu", "gpu01", 158.0, 1)
    monkeypatch.delenv("SLURM_JOB_ID")
    record_grant(log)
    assert not kept.exists()


def test_accounting_is_the_largest_step_of_a_job() -> None:
    text = "7|65|\n7.batch|65|1024K\n7.0|60|2.50G\n8|5|\n8.batch|5|300M\n"
    assert parse_accounting(text) == {7: Usage(65.0, 2560.0), 8: Usage(5.0, 300.0)}
    assert parse_accounting("") == {}


def test_the_names_of_jobs_are_in_the_logs_of_snakemake(tmp_path: Path) -> None:
    logs = tmp_path / ".snakemake/log"
    logs.mkdir(parents=True)
    (logs / "1.snakemake.log").write_text("Building DAG of jobs...\nSLURM run ID: 4f2a-1\nUsing shell\n")
    (logs / "2.snakemake.log").write_text("Nothing to be done\n")
    (logs / "3.snakemake.log").write_text("SLURM run ID: 4f2a-3\n")
    assert run_ids(tmp_path) == ["4f2a-1", "4f2a-3"]


def test_without_runs_nothing_is_left_over(tmp_path: Path) -> None:
    assert cancel_leftover_jobs(tmp_path) == []


def test_jobs_of_a_living_snakemake_are_not_left_over(tmp_path: Path) -> None:
    script = tmp_path / "snakemake"
    script.write_text("#!/bin/sh\nread line\n")  # has no children: they bear its name until they exec
    script.chmod(0o755)
    process = psutil.Popen([str(script)], cwd=tmp_path, stdin=subprocess.PIPE)
    try:
        assert living_snakemakes(tmp_path) == [process.pid]
        with pytest.raises(LeftoverJobsError, match=rf"process {process.pid}\) is running in"):
            cancel_leftover_jobs(tmp_path)
        check = subprocess.run(
            [sys.executable, "-m", "serac.workflow.leftover_jobs", "--check", tmp_path], capture_output=True, text=True
        )
        assert (check.returncode, "is running in" in check.stderr) == (1, True)
    finally:
        process.kill()
        process.wait()
    assert living_snakemakes(tmp_path) == []


@pytest.mark.parametrize(("host", "refused"), [("another-host", True), (platform.node(), False)])
def test_a_locked_run_of_another_host_is_left_alone(tmp_path: Path, host: str, *, refused: bool) -> None:
    for folder in ("log", "locks"):
        (tmp_path / ".snakemake" / folder).mkdir(parents=True)
    (tmp_path / ".snakemake/log/1.snakemake.log").write_text(f"SNAKEMAKE\n  Host: {host}\nBuilding DAG of jobs...\n")
    (tmp_path / ".snakemake/locks/0.output.lock").write_text("results/x\n")
    if refused:
        with pytest.raises(LeftoverJobsError, match=r"started on another-host and may still be running .*Hint"):
            cancel_leftover_jobs(tmp_path)
        assert cancel_leftover_jobs(tmp_path, elsewhere=True) == []
    else:
        assert cancel_leftover_jobs(tmp_path) == []
