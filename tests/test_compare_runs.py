"""Costs of two runs, fabricated and of two commits of a small repository."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import compare_runs

from serac.errors import ConfigError

OWN = "s\tmax_rss\tcpu_time\n9\t{peak}\t{cpu}\n"
SNAKEMAKE = (
    "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
    "9\t0:00:09\t{peak}\t0\t0\t0\t0\t0\t0\t{cpu}\n"
)
WORK = """
from pathlib import Path
from costs import CPU
folder = Path("results/a/benchmarks")
folder.mkdir(parents=True)
(folder / "train.tsv").write_text(f"s\\tmax_rss\\tcpu_time\\n1\\t1\\t{CPU}\\n")
"""


def cost(file: Path, cpu: float, peak: float | str = 100.0, form: str = OWN) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(form.format(peak=peak, cpu=cpu))


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    old, new = tmp_path / "old", tmp_path / "new"
    cost(old / "results/a/benchmarks/train/qa/seed0.tsv", 8.0, form=SNAKEMAKE)
    cost(old / "results/a/benchmarks/train/fc/seed0.tsv", 2.0, 300.0, form=SNAKEMAKE)
    cost(old / "results/a/benchmarks/tabulate.tsv", 6.0, "-", form=SNAKEMAKE)
    cost(new / "results/a/benchmarks/train/qa/seed0.tsv", 5.0)
    cost(new / "resources/w/benchmarks/generate_model/t5.tsv", 4.0)
    return old, new


def test_rules_are_compared_by_processor_seconds(runs: tuple[Path, Path]) -> None:
    table = compare_runs.compare(*map(compare_runs.read_jobs, runs)).set_index("rule")
    assert table.index.tolist() == ["all rules", "train", "tabulate", "generate_model"]
    assert list(table.loc["all rules", ["ratio", "jobs_old", "cpu_old", "cpu_new"]]) == [9 / 16, 3, 16, 9]
    assert list(table.loc["train", ["ratio", "longest_old", "peak_mb_old"]]) == [0.5, 8, 300]
    assert table["ratio"].isna().tolist() == [False, False, True, True]


def test_a_runs_own_folder_counts_alone_and_an_empty_one_is_refused(runs: tuple[Path, Path], tmp_path: Path) -> None:
    assert compare_runs.read_jobs(runs[1] / "results" / "a")["cpu"].tolist() == [5.0]
    with pytest.raises(ConfigError, match=r"holds no costs of jobs\. Hint"):
        compare_runs.read_jobs(tmp_path / "nothing")


def test_finished_runs_get_a_section_of_the_page(
    runs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "docs"
    monkeypatch.setattr(sys, "argv", ["compare_runs", "--existing", *map(str, runs), "--out", str(out)])
    compare_runs.main()
    assert pd.read_csv(out / "benchmarks" / "runs.csv")["ratio"].tolist()[0] == pytest.approx(9 / 16, abs=1e-3)
    page = (out / "benchmarks.md").read_text(encoding="utf-8")
    assert "## Two commits' runs" in page
    assert "| all rules | 0.562 |" in page
    assert "old: a run without provenance" in page


def test_each_commit_runs_its_own_code_and_leaves_nothing_behind(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    (repository / "src").mkdir(parents=True)
    (repository / "work.py").write_text(WORK)

    def git(*arguments: str) -> str:
        known = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        command = ["git", "-C", str(repository), *known, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    git("init", "--quiet")
    for cpu in (4.0, 3.0):
        (repository / "src" / "costs.py").write_text(f"CPU = {cpu}\n")
        git("add", ".")
        git("commit", "--quiet", "-m", f"{cpu}")
    command = [sys.executable, "work.py"]
    found = [compare_runs.run_commit(commit, command, repository)["cpu"].item() for commit in ("HEAD~1", "HEAD")]
    assert found == [4.0, 3.0]
    with pytest.raises(ConfigError, match=r"the run at HEAD failed \(exit status 3\)"):
        compare_runs.run_commit("HEAD", [sys.executable, "-c", "raise SystemExit(3)"], repository)
    with pytest.raises(ConfigError, match="git cannot check out 'unknown'"):
        compare_runs.run_commit("unknown", command, repository)
    assert len(git("worktree", "list").splitlines()) == 1


def test_calibration_takes_processor_seconds() -> None:
    found = compare_runs.calibrate(size=64, repeats=2, steps=20_000)
    assert set(found) == {"matrix_product_s", "python_loop_s"}
    assert found["python_loop_s"] > 0
