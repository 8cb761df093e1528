"""What jobs ask for, by Snakemake's own resource code, on the real graph of every configuration, at every attempt."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from serac.config.run import LONGEST, Needs
from serac.settings import load
from serac.workflow import attempts, cost_document
from serac.workflow.attempts import Attempts
from serac.workflow.cost_estimate import Estimate
from serac.workflow.gpus import lease
from serac.workflow.graph import jobs, plan, submissions
from snakemake_runs import ROOT, files_of

PAPER = ROOT / "config/paper.yaml"
SLURM = ROOT / "workflow/profiles/slurm/config.yaml"
DAY = 24 * 60


def lacking(monkeypatch: pytest.MonkeyPatch, **lacks: int) -> None:
    monkeypatch.setattr(attempts, "_read", lambda file: Attempts(**dict[str, Any](lacks)))


def asked(entry: Any, attempt: int) -> dict[str, Any]:
    entry.attempt = attempt
    return dict(entry.resources.items())


@pytest.mark.parametrize("config", sorted(ROOT.glob("config/*.yaml")), ids=lambda path: path.stem)
def test_no_job_and_no_group_asks_for_more_than_a_day_at_any_attempt(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without groups, single jobs ask for what the settings' limit allows at most."""
    monkeypatch.chdir(tmp_path)
    profiles = [yaml.safe_load(path.read_text()) for path in ROOT.glob("workflow/profiles/*/config.yaml")]
    (grouping,) = [profile for profile in profiles if "groups" in profile]
    graph = plan(files_of(config), profile=grouping)
    entries = submissions(graph)
    assert {"measurements", "problems"} <= {entry.groupid for entry in entries if entry.is_group()}
    tried = max(job.restart_times for job in jobs(graph)) + 1
    assert tried >= grouping["retries"] + 1
    for lacks in range(tried):
        lacking(monkeypatch, time=lacks, memory=lacks)
        for entry in entries:
            assert 0 < asked(entry, lacks + 1).get("runtime", 1) <= DAY, (entry, lacks)


@pytest.fixture(scope="module")
def paper_jobs(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    here = os.getcwd()
    os.chdir(tmp_path_factory.mktemp("paper"))
    found = jobs(plan([PAPER], profile=yaml.safe_load(SLURM.read_text())))
    os.chdir(here)
    return found


@pytest.fixture(autouse=True)
def _first_attempt(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    for job in request.node.funcargs.get("paper_jobs", []):
        job.attempt = 1


def test_a_timeout_raises_time_alone_and_lack_of_memory_memory_alone(
    paper_jobs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for job in paper_jobs:
        if job.is_local or "mem_mb" not in job.resources.keys():  # noqa: SIM118
            continue
        first: dict[str, Any] = {}
        late: dict[str, Any] = {}
        large: dict[str, Any] = {}
        for result, lacks in ((first, {}), (late, {"time": 1}), (large, {"memory": 1})):
            lacking(monkeypatch, **lacks)
            result.update(asked(job, 1 + sum(lacks.values())))
        assert (late["mem_mb"], large["runtime"]) == (first["mem_mb"], first["runtime"]), job
        assert late["runtime"] > first["runtime"] or first["runtime"] == LONGEST, job
        assert large["mem_mb"] == 2 * first["mem_mb"], job


def test_jobs_that_compute_hold_one_gpu_with_stated_memory_and_copies_hold_none(paper_jobs: list[Any]) -> None:
    for job in paper_jobs:
        computes = job.rule.name.startswith(("train_", "evaluate_", "embed_", "predict_")) or job.rule.name in (
            "measure_cost",
            "measure_large_memory",
        )
        asked_for = job.resources.get("gpu", 0), job.resources.get("gpu_mem_mb", 0) > 0
        assert asked_for == ((1, True) if computes else (0, False)), job
        if job.rule.name in ("copy_source_file", "extract_source_file", "retrieve_model"):
            assert job.resources["mem_mb"] <= 4000, job


def test_large_models_are_converted_in_a_job_with_room_for_them(paper_jobs: list[Any]) -> None:
    conversions = {job.wildcards.model: job for job in paper_jobs if job.rule.name == "convert_model"}
    assert "t5-large-ssm-nq" in conversions
    sizes = Estimate(load(ROOT / "config/config.yaml", PAPER)).size
    for name, job in conversions.items():
        assert not job.is_local
        assert job.resources["mem_mb"] >= 2 * sizes(name).bytes / 1e6, name


def test_the_longest_training_has_retries_enough(paper_jobs: list[Any]) -> None:
    settings = load(ROOT / "config/config.yaml", PAPER)
    hours = max(
        cost_document.hours(job)[1] for job in Estimate(settings).of_jobs(paper_jobs) if job.rule.startswith("train_")
    )
    trainings = [job for job in paper_jobs if job.rule.name.startswith("train_")]
    for job in trainings:
        assert (job.restart_times + 1) * job.resources["runtime"] / 60 >= 1.2 * hours


def test_a_need_doubles_with_every_lack_up_to_its_limit() -> None:
    endless, limited = Needs(mem_mb=100, runtime=100), Needs(mem_mb=100, runtime=100, max_mem_mb=250, max_runtime=250)
    for grown in ("mem_mb_after", "runtime_after"):
        assert [getattr(endless, grown)(lacks) for lacks in (0, 1, 3)] == [100, 200, 800]
        assert [getattr(limited, grown)(lacks) for lacks in (0, 1, 3)] == [100, 200, 250]


# --- how an attempt ended ------------------------------------------------------------------------------
JOB = f"""
import sys, time
sys.path.insert(0, {str(ROOT / "src")!r})
from types import SimpleNamespace
from serac.workflow.job import start
from serac.workflow.single_job import Named
none = Named([], {{}})
start(SimpleNamespace(rule="train", wildcards=none, input=none, params=none, resources=none,
                      output=Named(["out"], {{}}), log=Named(["logs/train.log"], {{}}), config={{}}))
print("begun", flush=True)
"""


def attempt(folder: Path, rest: str, send: signal.Signals | None = None, **variables: str) -> Attempts:
    """Run a job to its end; returns what the next attempt will know."""
    (folder / "logs").mkdir(exist_ok=True)
    log = folder / "logs/train.log"
    log.unlink(missing_ok=True)
    process = subprocess.Popen([sys.executable, "-c", JOB + rest], cwd=folder, env={**os.environ, **variables})
    while send and "begun" not in (
        (folder / "logs/train.log").read_text() if (folder / "logs/train.log").exists() else ""
    ):
        time.sleep(0.02)
    if send:
        process.send_signal(send)
    process.wait(30)
    here = os.getcwd()
    os.chdir(folder)
    try:
        return attempts.before("train", {})
    finally:
        os.chdir(here)


def test_an_attempt_that_failed_leaves_what_it_lacked_until_one_succeeds(tmp_path: Path) -> None:
    assert attempt(tmp_path, "time.sleep(30)", signal.SIGTERM) == Attempts(time=1)
    assert attempt(tmp_path, "time.sleep(30)", signal.SIGKILL) == Attempts(time=1, memory=1)
    assert attempt(tmp_path, "raise MemoryError") == Attempts(time=1, memory=2)
    assert attempt(tmp_path, "raise ValueError") == Attempts(time=1, memory=2)
    assert attempt(tmp_path, "open('out', 'w').write('done')") == Attempts()
    assert json.loads((tmp_path / "provenance/train.json").read_text())["rule"] == "train"


def test_a_requeued_job_is_the_same_attempt(tmp_path: Path) -> None:
    attempt(tmp_path, "time.sleep(30)", signal.SIGKILL, SLURM_JOB_ID="7")
    assert attempt(tmp_path, "raise ValueError", SLURM_JOB_ID="7") == Attempts()
    attempt(tmp_path, "time.sleep(30)", signal.SIGKILL, SLURM_JOB_ID="8")
    assert attempt(tmp_path, "raise ValueError", SLURM_JOB_ID="9") == Attempts(memory=1)


# --- GPUs of one machine -------------------------------------------------------------------------------
def test_jobs_of_one_machine_get_different_gpus_and_give_them_back(tmp_path: Path) -> None:
    holder = (
        "import sys; from pathlib import Path; from serac.workflow.gpus import lease;"
        "print(lease(['0', '1'], Path(sys.argv[1]), 0.01), flush=True); sys.stdin.readline()"
    )
    command = [sys.executable, "-c", holder, str(tmp_path)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    first, second = subprocess.Popen(command, **pipes), subprocess.Popen(command, **pipes)
    try:
        assert {process.stdout.readline().strip() for process in (first, second) if process.stdout} == {"0", "1"}
        third = subprocess.Popen(command, **pipes)
        first.kill()  # a lease ends with its process, however that ends
        first.wait()
        freed = third.stdout.readline().strip() if third.stdout else ""
        third.communicate("\n")
        assert freed in ("0", "1")
        assert lease([freed], tmp_path, 0.01) == freed
    finally:
        for process in (first, second):
            process.kill()
            process.wait()
