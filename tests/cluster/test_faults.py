"""What goes wrong on clusters: every case ends with the results of an undisturbed run, and nothing is done twice."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file

from fit_line import HALF_WAY, STEPS, fit
from slurm_cluster import PATIENCE, Cluster, events, wait_for, wait_for_event


@dataclass(frozen=True)
class Run:
    """A finished run of Snakemake: where, and what SLURM knows of its jobs."""

    cluster: Cluster
    folder: Path

    def states(self, job: int) -> list[str]:
        """States in which a job ended, by the job completion log."""
        return [record["JobState"] for record in self.cluster.completions(self.folder) if int(record["JobId"]) == job]


FAULTED = {
    "over_time": "cpu/stalling_over_time.safetensors",
    "cancelled": "cpu/stalling_cancelled.safetensors",
    "preempted": "gpu/stalling_preempted.safetensors",
}


@pytest.fixture(scope="module")
def faulted(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One Snakemake whose jobs meet one fault each: a time limit, a cancellation, a preemption, too little memory."""
    folder = tmp_path_factory.mktemp("faulted")
    run = cluster.snakemake(folder, *FAULTED.values(), "memory.txt")
    preempted = stalled(folder, "preempted")
    cluster.run("sbatch", "--partition=urgent", "--gpus=1", "--output=/dev/null", "--wrap=true")
    cluster.run("scontrol", "update", f"JobId={stalled(folder, 'over_time')}", "EndTime=now+1")
    cluster.run("scancel", str(stalled(folder, "cancelled")))
    restart_without_delay(cluster, folder, preempted)
    cluster.finish(run, folder)
    return Run(cluster, folder)


def stalled(folder: Path, name: str) -> int:
    """The job of a fit, once it waits for its fault."""
    return wait_for_event(folder, f"stalling_{name}", "stalled").job


def restart_without_delay(cluster: Cluster, folder: Path, job: int) -> None:
    """SLURM lets a requeued job wait for two minutes; a test has not so much time."""

    def waits() -> bool:
        record = next(record for record in cluster.jobs(folder) if int(record["JobId"]) == job)
        return (record["JobState"], record["Reason"], record["Restarts"]) == ("PENDING", "BeginTime", "1")

    wait_for(waits)
    cluster.run("scontrol", "update", f"JobId={job}", "StartTime=now")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    """The weights of a fit that nothing interrupts."""
    return fit(tmp_path_factory.mktemp("undisturbed"))


def assert_resumed(folder: Path, name: str, weights: Path, undisturbed: dict[str, torch.Tensor]) -> None:
    """A fit was stopped half-way, saved a checkpoint in time, resumed from it and ended as if nothing had happened."""
    kinds = [(event.kind, event.step) for event in events(folder, name)]
    saved = kinds[2][1]
    assert saved > HALF_WAY
    assert kinds == [("start", 0), ("stalled", HALF_WAY), ("saved", saved), ("start", saved), ("end", STEPS)]
    fitted = load_file(weights)
    assert set(fitted) == set(undisturbed)
    assert all(torch.equal(fitted[key], undisturbed[key]) for key in undisturbed)


@pytest.mark.parametrize("name", FAULTED)
def test_a_stopped_training_resumes_to_the_same_weights(
    faulted: Run, name: str, undisturbed: dict[str, torch.Tensor]
) -> None:
    assert_resumed(faulted.folder, f"stalling_{name}", faulted.folder / FAULTED[name], undisturbed)


@pytest.mark.parametrize(("name", "state"), [("over_time", "TIMEOUT"), ("cancelled", "CANCELLED")])
def test_snakemake_resubmits_a_job_that_failed(faulted: Run, name: str, state: str) -> None:
    first, second = (event.job for event in events(faulted.folder, f"stalling_{name}") if event.kind == "start")
    assert first != second
    assert faulted.states(first) == [state]
    assert faulted.states(second) == ["COMPLETED"]
    limits = {int(record["JobId"]): record["TimeLimit"] for record in faulted.cluster.jobs(faulted.folder)}
    assert limits[second] == "00:10:00"  # twice the first attempt's


def test_slurm_restarts_a_preempted_job_under_its_id(faulted: Run) -> None:
    first, second = (event.job for event in events(faulted.folder, "stalling_preempted") if event.kind == "start")
    assert first == second
    assert faulted.states(first)[-1] == "COMPLETED"
    record = next(record for record in faulted.cluster.jobs(faulted.folder) if int(record["JobId"]) == first)
    assert (record["Partition"], record["Restarts"]) == ("gpu", "1")


def test_a_job_over_its_memory_is_retried_with_more(faulted: Run) -> None:
    assert (faulted.folder / "memory.txt").read_text().strip() == "700000000"
    attempts = [record for record in faulted.cluster.jobs(faulted.folder) if record["Comment"] == "rule_use_memory"]
    assert [record["MinMemoryNode"] for record in attempts] == ["600M", "1200M"]
    assert attempts[0]["JobState"] in ("FAILED", "OUT_OF_MEMORY")
    assert attempts[1]["JobState"] == "COMPLETED"


def test_a_job_survives_the_loss_of_its_node(
    cluster: Cluster, tmp_path: Path, undisturbed: dict[str, torch.Tensor]
) -> None:
    target = "gpu/stalling_lost.safetensors"
    run = cluster.snakemake(tmp_path, target)
    job = stalled(tmp_path, "lost")
    cluster.run("scontrol", "update", "NodeName=gpu01", "State=DOWN", "Reason=test")
    try:
        wait_for_event(tmp_path, "stalling_lost", "saved")
        wait_for(lambda: not any(f"slurmstepd: [{job}." in title for title in titles_of_processes()))
    finally:
        cluster.run("scontrol", "update", "NodeName=gpu01", "State=RESUME")
    restart_without_delay(cluster, tmp_path, job)
    cluster.finish(run, tmp_path)
    assert_resumed(tmp_path, "stalling_lost", tmp_path / target, undisturbed)
    assert "NODE_FAIL" in Run(cluster, tmp_path).states(job)
    assert len(cluster.jobs(tmp_path)) == 1


def titles_of_processes() -> list[str]:
    """Command lines of this host's processes; SLURM names those that watch over a step after it."""
    return [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]


def test_nothing_is_done_twice_after_sigkill(
    cluster: Cluster, tmp_path: Path, undisturbed: dict[str, torch.Tensor]
) -> None:
    run = cluster.snakemake(tmp_path, "used.txt")
    wait_for(lambda: "Finished" in finished_jobs(tmp_path, "fit_on_cpu"))
    orphan = wait_for_event(tmp_path, "stalling", "stalled").job
    run.kill()
    run.wait()
    assert cluster.snakemake(tmp_path, "used.txt").wait(timeout=PATIENCE) != 0
    assert "Directory cannot be locked" in (tmp_path / "output.txt").read_text()
    assert f"cancelled 1 job(s): {orphan}" in cluster.clean(tmp_path)
    cluster.finish(cluster.snakemake(tmp_path, "used.txt"), tmp_path)
    assert [event.kind for event in events(tmp_path, "first")] == ["start", "end"]
    assert_resumed(tmp_path, "stalling", tmp_path / "cpu/stalling.safetensors", undisturbed)
    assert len(cluster.jobs(tmp_path)) == 3


def finished_jobs(folder: Path, rule: str) -> str:
    """The line in which Snakemake says that a job of a rule has finished; empty before."""
    lines = (folder / "output.txt").read_text().splitlines()
    return next((line for line in lines if "Finished jobid" in line and rule in line), "")


def test_nothing_is_done_twice_after_sigterm(cluster: Cluster, tmp_path: Path) -> None:
    """Snakemake waits for what it has submitted and submits no more; its successor does the rest."""
    names = ("one", "two")
    targets = [f"cpu/{name}.safetensors" for name in names]
    run = cluster.snakemake(tmp_path, *targets, "--jobs", "1")
    wait_for(lambda: any(events(tmp_path, name) for name in names))
    run.send_signal(signal.SIGTERM)
    run.wait(timeout=PATIENCE)
    assert [len(events(tmp_path, name)) for name in names] in ([2, 0], [0, 2])
    assert cluster.clean(tmp_path) == "cancelled 0 job(s)\n"
    cluster.finish(cluster.snakemake(tmp_path, *targets), tmp_path)
    assert [[event.kind for event in events(tmp_path, name)] for name in names] == [["start", "end"]] * 2
    assert len(cluster.jobs(tmp_path)) == 2
