"""The smoke scenario through ``snakemake --profile slurm``, from the generated world to the last table and figure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from serac.paper.registry import ITEMS
from slurm_cluster import ROOT, Cluster
from snakemake_runs import SMOKE

TRAINING = {"train_base", "train_scope_classifier", "train_counterfactual", "train_editor"}
MEASURED = {"rules", "cost", "training_time"}
"""Tables of seconds and bytes, which no two runs share."""
BUNDLES = ("checkpoints=7", "problems=4", "measurements=7")
"""So many jobs in one job of the queue: what the smoke scenario does is shorter than starting a job."""


@dataclass(frozen=True)
class Run:
    """A finished run: its folder and SLURM's records of its jobs."""

    folder: Path
    jobs: list[dict[str, str]]

    @property
    def results(self) -> Path:
        return self.folder / "results/smoke"

    def grants(self) -> dict[str, list[dict[str, Any]]]:
        """What the jobs noted about themselves, by rule."""
        found: dict[str, list[dict[str, Any]]] = {}
        for folder in (self.results / "slurm", self.folder / "resources/smoke/slurm"):
            for path in folder.rglob("*.json"):
                rule = path.relative_to(folder).parts[0].removesuffix(".json")
                found.setdefault(rule, []).append(json.loads(path.read_text()))
        return found


@pytest.fixture(scope="module")
def run(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The smoke scenario on the cluster, run once."""
    folder = tmp_path_factory.mktemp("smoke_on_slurm")
    arguments = ("--configfile", SMOKE, "--group-components", *BUNDLES)
    cluster.finish(cluster.snakemake(folder, *arguments, snakefile=ROOT / "Snakefile"), folder)
    return Run(folder, cluster.jobs(folder))


def test_training_ran_on_a_gpu_and_the_rest_did_not(run: Run) -> None:
    """By the controller's records: partition, node and GPUs of every job of the queue."""
    trained = {str(job["job"]) for rule, jobs in run.grants().items() if rule in TRAINING for job in jobs}
    on_gpu = {job["JobId"] for job in run.jobs if job["Partition"] == "gpu"}
    assert trained == on_gpu
    for job in run.jobs:
        granted = (job["JobState"], job["NodeList"], job["JOB_GRES"])
        expected = ("gpu01", "gpu:fake:1") if job["JobId"] in trained else ("cpu01", "(null)")
        assert granted == ("COMPLETED", *expected), job


def test_every_heavy_rule_ran_in_the_queue_and_tables_and_figures_did_not(run: Run) -> None:
    text = "\n".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    local = set(re.findall(r"rule (\w+):(?:(?!\n *rule\b).)*?localrule: True", text, flags=re.S))
    local |= {f"make_{name}" for name in ITEMS}
    logs = (run.results / "logs", run.folder / "resources/smoke/logs")
    ran = {path.name.removesuffix(".log") for folder in logs for path in folder.iterdir()}
    assert set(run.grants()) == ran - local
    assert {"write_report", "make_main", "make_overview"} <= ran & local


def test_short_jobs_share_jobs_of_the_queue_and_none_is_retried(run: Run) -> None:
    assert len(run.jobs) < 0.9 * sum(len(jobs) for jobs in run.grants().values())
    assert {job["Restarts"] for job in run.jobs} == {"0"}
    chains = run.grants()["evaluate_components"] + run.grants()["measure_cost"]
    assert {job["partition"] for job in chains} == {"cpu"}
    assert len({job["job"] for job in chains}) < len(chains)


def test_tables_equal_those_of_a_local_run(run: Run, smoke: Path) -> None:
    files = [path.relative_to(smoke) for path in sorted((smoke / "tables").iterdir()) if path.stem not in MEASURED]
    assert len(files) >= 15
    for file in [Path("results.csv"), *files]:
        assert (run.results / file).read_bytes() == (smoke / file).read_bytes(), file


def test_every_figure_and_the_report_are_there(run: Run, smoke: Path) -> None:
    assert {path.name for path in (run.results / "figures").iterdir()} == {
        path.name for path in (smoke / "figures").iterdir()
    }
    assert (run.results / "REPORT.md").stat().st_size > 1000


def test_costs_by_rule_are_from_the_records_of_slurm(run: Run) -> None:
    costs = pd.read_csv(run.results / "tables/rules.csv").set_index("rule")
    in_queue = costs.loc[costs["queued"].notna()]
    assert set(in_queue.index) >= TRAINING
    assert (in_queue["queued"] >= 0).all()
    assert in_queue["gpu_share"].sum() == pytest.approx(1, abs=1e-5)  # written with 6 decimals
    assert set(in_queue.index[in_queue["gpu_share"] > 0]) == TRAINING
    assert (costs.loc[sorted(TRAINING), "peak_mb"] > 100).all()
