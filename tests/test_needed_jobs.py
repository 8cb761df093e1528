"""An item needs what it shows, no more: jobs that each target alone requires, from the real graph."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from snakemake_runs import ROOT, snakemake

NEEDS = {  # scenario, target: trainings of learned editors, evaluations of editors
    ("miniature", "tables/main.md"): (8, 24),
    ("miniature", "tables/components.md"): (0, 2),
    ("miniature", "tables/cost.md"): (0, 4),
    ("miniature", "figures/overview.png"): (0, 0),
    ("paper", "tables/main.md"): (24, 78),
    ("paper", "tables/cost.md"): (0, 4),
}


@pytest.mark.parametrize(("scenario", "target"), NEEDS)
def test_a_target_needs_only_its_own_cells(scenario: str, target: str, tmp_path: Path) -> None:
    config = ROOT / ("config/config.yaml" if scenario == "miniature" else f"config/{scenario}.yaml")
    arguments = ("--dry-run", "--quiet", "all", "--configfile", config, "--", f"results/{scenario}/{target}")
    run = snakemake(tmp_path, *arguments)
    assert run.returncode == 0, run.stdout[-2000:]
    jobs = {rule: int(count) for rule, count in re.findall(r"^(\w+)\s+(\d+)$", run.stdout, flags=re.M)}
    assert (jobs.get("train_editor", 0), jobs.get("evaluate_editor", 0)) == NEEDS[scenario, target]
    assert {rule for rule in jobs if rule.startswith("make_")} == {f"make_{Path(target).stem}"}
    assert not {"evaluate_sequence", "evaluate_threshold", "evaluate_base_model"} & set(jobs)
