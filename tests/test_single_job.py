"""Jobs as plain programs give what Snakemake gives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from serac.errors import ConfigError, MissingSourceError
from serac.workflow import device
from serac.workflow.single_job import Named, _read, run
from snakemake_runs import ROOT, SMOKE, snakemake

COLUMNS = "results/smoke/problems/qa/report.json"


def plain(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "serac.workflow.single_job", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_written_jobs_give_the_bytes_of_snakemake(tmp_path: Path) -> None:
    with_snakemake, without = tmp_path / "with", tmp_path / "without"
    for folder in (with_snakemake, without):
        folder.mkdir()
    written = plain(without, "--write", "jobs", "--configfile", SMOKE, "--", COLUMNS)
    assert written.returncode == 0, written.stderr[-2000:]
    assert written.stdout.split() == ["jobs/generate_world.json", "jobs/prepare_problem-smoke-qa.json"]
    done = plain(without, *written.stdout.split())
    assert done.returncode == 0, done.stderr[-2000:]
    assert snakemake(with_snakemake, COLUMNS, "--cores", "1", "--configfile", SMOKE).returncode == 0
    for name in ("report.json", "train.jsonl", "base_train.jsonl"):
        file = Path(COLUMNS).with_name(name)
        assert (without / file).read_bytes() == (with_snakemake / file).read_bytes()
    assert (without / "results/smoke/logs/prepare_problem/qa.log").exists()


def test_every_job_of_the_paper_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    written = plain(tmp_path, "--write", "jobs", "--configfile", ROOT / "config/paper.yaml")
    assert written.returncode == 0, written.stderr[-2000:]
    job = json.loads((tmp_path / "jobs/train_counterfactual-paper-qa-seed0.json").read_text())
    assert job["script"] == "train_counterfactual.py"
    assert Named(**job["resources"]).get("gpu") == 1
    with pytest.raises(ConfigError, match=r"run\.device is 'cuda', but .*Hint"):
        device(_read(tmp_path / "jobs/train_counterfactual-paper-qa-seed0.json"))
    assert device(_read(tmp_path / "jobs/prepare_problem-paper-qa.json")) == "cpu"
    assert Named(**job["params"]).counterfactual["train"]["precision"] == "bfloat16"
    assert Named(**job["input"]).data == [
        f"results/paper/problems/qa/{split}.jsonl" for split in ("train", "validation")
    ]


def test_values_are_found_by_place_and_name() -> None:
    values = Named(["a", "b", "c"], {"first": "a", "others": ["b", "c"]})
    assert values[0] == values.first == values["first"] == "a"
    assert values.others == ["b", "c"]
    assert dict(values.items()) == {"first": "a", "others": ["b", "c"]}
    assert values.get("none", 7) == 7
    assert "first" in values.keys()  # noqa: SIM118
    with pytest.raises(AttributeError, match="'thrid' is not one of first, others"):
        _ = values.thrid


def test_a_job_whose_inputs_are_missing_says_so(tmp_path: Path) -> None:
    nothing: dict[str, Any] = {"values": [], "named": {}}
    job: dict[str, Any] = dict.fromkeys(("output", "params", "wildcards", "log", "resources"), nothing)
    job |= {"rule": "r", "config": {}}
    file = tmp_path / "job.json"
    inputs = {"values": ["a.txt", "b"], "named": {}}
    file.write_text(json.dumps({**job, "input": inputs, "script": "prepare_problem.py"}))
    with pytest.raises(MissingSourceError, match=r"needs a\.txt and 1 more files\. Hint"):
        run(file)
    for script in ("../../tests/test_single_job.py", "/etc/passwd", "none.py"):
        file.write_text(json.dumps({**job, "input": nothing, "script": script}))
        with pytest.raises(ConfigError, match=r"names the script .* not one of the workflow's\. Hint"):
            run(file)
    file.write_text("{}")
    with pytest.raises(ConfigError, match=r"does not describe a job .*Hint: write one"):
        run(file)
