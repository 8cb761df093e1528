"""What a run cost: sums by rule, the longest chain of jobs, SLURM's records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import paper_fakes as fakes
from serac.paper.tables import write_table
from serac.workflow.provenance import Record
from serac.workflow.run_cost import Costs, busy_seconds, critical_path, rules_table
from serac.workflow.slurm_records import Grant, Usage

RULES_COLUMNS = [
    "rule", "jobs", "seconds, all jobs", "seconds, longest job", "seconds in queue, mean", "peak MB", "GPU time",
    "seconds, critical path",
]  # fmt: skip


def check(table: Any, folder: Path, name: str, rows: int, columns: list[str]) -> pd.DataFrame:
    """Write twice, compare, and return the csv; ``rows`` and ``columns`` are those printed in Markdown."""
    names = [f"{name}.{suffix}" for suffix in ("csv", "md", "tex")]
    csv, md, tex = fakes.assert_same_bytes(lambda paths: write_table(table, paths), folder, names)
    lines = [line for line in md.read_text().splitlines() if line.startswith("|")]
    assert [cell.strip() for cell in lines[0].strip("|").split("|")] == columns
    assert len(lines) == rows + 2
    assert "nan" not in md.read_text().lower() + tex.read_text().lower()
    return pd.read_csv(csv)


HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def benchmark(path: Path, seconds: float, memory: str) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEADER}{seconds}\t0:00:01\t{memory}\t1\t1\t1\t0\t0\t99\t1\n")
    return path


def record(output: str, rule: str, start: float, end: float, inputs: Sequence[str] = ()) -> Record:
    return Record(rule, "", {}, {}, {}, dict.fromkeys(inputs, ""), {output: ""}, {}, start, end - start)


def test_rules_are_summed_and_the_critical_path_is_found(tmp_path: Path) -> None:
    files = {
        "train": [benchmark(tmp_path / "a.tsv", 100, "500"), benchmark(tmp_path / "b.tsv", 20, "900")],
        "draw": [benchmark(tmp_path / "c.tsv", 2, "-")],  # too short to be measured
    }
    jobs = [
        record("model", "train", 0, 100, ["data"]),
        record("other", "tune", 0, 60),
        record("figure", "draw", 100, 102, ["model", "other"]),
    ]
    local = [column for column in RULES_COLUMNS if column not in ("seconds in queue, mean", "GPU time")]
    data = check(rules_table(files, jobs, Costs()), tmp_path, "rules", 2, local)
    assert data["rule"].tolist() == ["train", "draw"]
    assert data["seconds"].tolist() == [120, 2]
    assert data["peak_mb"].tolist() == [900, 0]
    assert data["critical_seconds"].tolist() == [100, 2]
    assert data["gpu_share"].isna().all()
    assert "train (100 s), then draw (2 s)" in (tmp_path / "0" / "rules.md").read_text()


def test_costs_are_slurms_where_it_has_records_of_one_rule_alone(tmp_path: Path) -> None:
    """One of two trainings was accounted for; a group of two rules shares job 3; one rule ran outside SLURM."""
    trained = [benchmark(tmp_path / f"{name}.tsv", 100, "500") for name in "ab"]
    grouped = [benchmark(tmp_path / f"{name}.tsv", 50, "400") for name in "cd"]
    drawn = [benchmark(tmp_path / "e.tsv", 1, "9")]
    files = {"train": trained, "tune": grouped[:1], "evaluate": grouped[1:], "draw": drawn}
    grants = {
        trained[0]: Grant(1, "gpu", "n1", queued=30.0, gpus=1),
        trained[1]: Grant(2, "gpu", "n1", queued=10.0, gpus=1),
        **{file: Grant(3, "gpu", "n1", queued=5.0, gpus=2) for file in grouped},
    }
    costs = Costs(grants, usage={1: Usage(110.0, 800.0), 3: Usage(120.0, 700.0)})
    data = check(rules_table(files, [], costs), tmp_path, "rules", 4, RULES_COLUMNS)
    data = data.set_index("rule")
    assert data["seconds"].to_dict() == {"train": 210, "tune": 50, "evaluate": 50, "draw": 1}
    assert data["peak_mb"].to_dict() == {"train": 800, "tune": 400, "evaluate": 400, "draw": 9}
    assert data["queued"].dropna().to_dict() == {"train": 20, "tune": 5, "evaluate": 5}
    assert data["gpu_share"].dropna().round(6).to_dict() == {
        "train": round(210 / 410, 6), "tune": round(100 / 410, 6), "evaluate": round(100 / 410, 6),
    }  # fmt: skip
    assert "according to SLURM's records" in (tmp_path / "0" / "rules.tex").read_text()


def test_a_run_took_the_time_in_which_its_jobs_ran(tmp_path: Path) -> None:
    """Jobs side by side count once, the pause before a restart does not count."""
    jobs = [record("a", "train", 10, 110), record("b", "tune", 50, 130), record("c", "draw", 1000, 1007, ["a"])]
    assert busy_seconds(jobs) == 127
    assert busy_seconds([]) == 0


def test_the_critical_path_is_the_longest_in_seconds_not_in_jobs() -> None:
    jobs = [
        record("a", "a", 0, 5),
        record("b", "b", 5, 6, ["a"]),
        record("c", "c", 6, 7, ["b"]),
        record("d", "d", 0, 9),
        record("e", "e", 9, 10, ["d", "c"]),
    ]
    assert [job.rule for job in critical_path(jobs)] == ["d", "e"]
    assert critical_path([]) == []
