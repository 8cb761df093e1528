"""Every table: expected rows and columns, no gaps, equal bytes for equal input."""

from __future__ import annotations

import base64
import json

import numpy as np
import pandas as pd
import pytest

import paper_fakes as fakes
from serac.paper.table_base_models import tabulate_base_models
from serac.paper.table_components import tabulate_components
from serac.paper.table_cost import tabulate_cost
from serac.paper.table_examples import tabulate_examples
from serac.paper.table_rules import Costs, Job, busy_seconds, critical_path, read_jobs, tabulate_rules
from serac.paper.table_scope_classifier import tabulate_scope_classifier
from serac.paper.tables import Table, with_interval, write_table
from serac.records import Edit, EditExample, Query, write_examples
from serac.workflow.slurm_records import Grant, Usage
from tiny_models import claims, opinions, qa

CLASSIFIERS = ("serac_embed", "serac_cross", "serac_embed_large", "serac_cross_large")

RULES_COLUMNS = [
    "rule", "jobs", "seconds, all jobs", "seconds, longest job", "seconds in queue, mean", "peak MB", "GPU time",
    "seconds, critical path",
]  # fmt: skip


def check(write, folder, name: str, rows: int, columns: list[str]) -> pd.DataFrame:
    """Write twice, compare, and return the csv; ``rows`` and ``columns`` are those printed in Markdown."""
    csv, md, tex = fakes.assert_same_bytes(write, folder, [f"{name}.csv", f"{name}.md", f"{name}.tex"])
    lines = [line for line in md.read_text().splitlines() if line.startswith("|")]
    assert [cell.strip() for cell in lines[0].strip("|").split("|")] == columns
    assert len(lines) == rows + 2
    assert all(line.count("|") == lines[0].count("|") for line in lines)
    assert "\\bottomrule" in tex.read_text()
    assert not set("↑↓→−±–“”") & set(tex.read_text()), "plain pdflatex does not read it"
    data = pd.read_csv(csv)
    assert len(data)
    assert "nan" not in md.read_text().lower() + tex.read_text().lower()
    return data


def test_examples_show_all_sorts_of_inputs(tmp_path):
    files = {"qa_hard": tmp_path / "qa.jsonl", "fc": tmp_path / "fc.jsonl", "convsent": tmp_path / "convsent.jsonl"}
    for path, examples in zip(files.values(), (qa(), claims(), opinions()), strict=True):
        write_examples(path, examples)
    columns = ["problem", "edit", "in scope", "in scope, hard", "out of scope", "out of scope, hard"]
    data = check(lambda paths: tabulate_examples(files, paths, seed=1), tmp_path, "examples", 3, columns)
    assert data["problem"].tolist() == ["qa_hard", "fc", "convsent"]
    assert data[["in_scope", "in_scope_hard", "out_of_scope", "out_of_scope_hard"]].iloc[:2].notna().all().all()


def test_the_most_complete_examples_are_chosen(tmp_path):
    poor = EditExample("poor", "p", Edit("a", "b"), (Query("a", "b", "main"),), ())
    write_examples(tmp_path / "qa.jsonl", [poor] * 50 + qa()[:1])
    for seed in range(5):
        tabulate_examples({"qa": tmp_path / "qa.jsonl"}, [tmp_path / "t.csv"], seed=seed)
        assert pd.read_csv(tmp_path / "t.csv")["id"].tolist() == ["qa0"]


def test_components_are_averaged_over_all_and_over_hard_inputs(tmp_path):
    rng = np.random.default_rng(0)
    parts = [("scope_classifier", 0.95), ("counterfactual", 0.9)]
    frame = pd.DataFrame(
        [
            (component, scope, hard, float(rng.random() < level - 0.1 * hard))
            for component, level in parts
            for scope in ("in", "out")
            for hard in (False, True)
            for _ in range(40)
        ],
        columns=["component", "scope", "hard", "value"],
    )
    frame.to_parquet(tmp_path / "c.parquet")
    files = {"serac_embed": [tmp_path / "c.parquet"] * 2, "serac_cross": [tmp_path / "c.parquet"]}
    names = [
        f"SERAC ({c}): {part}" for c in ("Embed", "Cross") for part in ("scope classifier", "counterfactual model")
    ]
    data = check(lambda paths: tabulate_components(files, paths), tmp_path, "components", 4, ["set", *names])
    cell = data.query("editor == 'serac_cross' and component == 'counterfactual' and scope == 'out'").set_index(
        "subset"
    )
    expected = frame.query("component == 'counterfactual' and scope == 'out'")
    assert cell.loc["all", "accuracy"] == pytest.approx(expected["value"].mean())
    assert cell.loc["hard", "accuracy"] == pytest.approx(expected.loc[expected["hard"], "value"].mean())
    assert cell["n"].to_dict() == {"all": 80, "hard": 40}
    accuracy = expected["value"].mean()
    assert cell.loc["all", "half_width"] == pytest.approx(1.96 * (accuracy * (1 - accuracy) / 80) ** 0.5)
    assert data.query("editor == 'serac_embed'")["seeds"].eq(2).all()


def test_scope_classifiers_are_compared_on_two_problems(tmp_path):
    fakes.results(editors=(*CLASSIFIERS, "ft")).to_csv(tmp_path / "results.csv", index=False)
    columns = ["classifier", "QA-hard ES ↑", "QA-hard DD ↓", "FC ES ↑", "FC DD ↓"]
    data = check(
        lambda paths: tabulate_scope_classifier(tmp_path / "results.csv", paths), tmp_path, "scope", 4, columns
    )
    assert set(data["editor"]) == set(CLASSIFIERS)
    assert len(data) == 4 * 2 * 2


def test_base_models_are_rows(tmp_path):
    bases = ("t5-small", "t5-base", "bart", "gpt")
    frames = [fakes.results(editors=("serac_embed",), problems=("qa", "qa_hard")).assign(base=base) for base in bases]
    pd.concat(frames).to_csv(tmp_path / "results.csv", index=False)
    names = {"t5-base": "T5 base", "t5-small": "T5 small", "bart": "BART", "gpt": "GPT-2 (decoder only)"}
    columns = ["base model", "QA ES ↑", "QA DD ↓", "QA-hard ES ↑", "QA-hard DD ↓"]
    data = check(
        lambda paths: tabulate_base_models(tmp_path / "results.csv", paths, names=names), tmp_path, "bases", 4, columns
    )
    assert set(data["base"]) == set(bases)


COST_PARTS = {problem: ["serac_embed", "small", "t5"] for problem in ("qa", "qa_hard", "fc")}


def cost(factor: float) -> dict:
    return {
        "base_seconds": 0.01, "edited_seconds": 0.01 * factor, "base_bytes": 10**7, "edited_bytes": 3 * 10**7,
        "ratio": factor, "edits": 10, "batch": 10, "repeats": 20, "device": "cpu",
    }  # fmt: skip


def test_cost_stands_beside_the_reported_values(tmp_path):
    files = {}
    for problem, factor in (("qa", 1.1), ("qa_hard", 1.2), ("fc", 2.5)):
        files[problem] = tmp_path / f"{problem}.json"
        files[problem].write_text(json.dumps(cost(factor)))
    columns = ["problem", "editor", "ms", "ratio", "MB", "reported ms", "reported GB"]
    data = check(lambda paths: tabulate_cost(files, paths, parts=COST_PARTS), tmp_path, "cost", 3, columns)
    assert data["serac_ms"].tolist() == pytest.approx([11, 12, 25])
    text = (tmp_path / "0" / "cost.md").read_text()
    assert "| QA | SERAC (Embed): small, t5 | 10.0 → 11.0 | 1.10 | 10.0 → 30.0 | 87 → 92 | 2.96 → 3.47 |" in text
    assert "recalled, unverified" in text


HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def benchmark(path, seconds: float, memory: str):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEADER}{seconds}\t0:00:01\t{memory}\t1\t1\t1\t0\t0\t99\t1\n")
    return path


def record(folder, output: str, rule: str, start: float, end: float, inputs: list[str], *, split=None, log=None):
    """Snakemake's record of an output file; long names are spread over folders that start with @."""
    name = base64.urlsafe_b64encode(output.encode()).decode()
    path = folder / f"@{name[:split]}" / name[split:] if split else folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"rule": rule, "starttime": start, "endtime": end, "input": inputs, "log": [log or f"{rule}.log"]}
    path.write_text(json.dumps(content))


def test_rules_are_summed_and_the_critical_path_is_found(tmp_path):
    files = {
        "train": [benchmark(tmp_path / "a.tsv", 100, "500"), benchmark(tmp_path / "b.tsv", 20, "900")],
        "draw": [benchmark(tmp_path / "c.tsv", 2, "-")],  # too short to be measured
    }
    metadata = tmp_path / "metadata"
    record(metadata, "results/long/model", "train", 0, 100, ["data"], split=8)
    record(metadata, "results/long/history", "train", 0, 100, ["data"])
    record(metadata, "other", "tune", 0, 60, [])
    record(metadata, "figure", "draw", 100, 102, ["results/long/history", "other"])
    jobs = read_jobs(metadata)
    local = [column for column in RULES_COLUMNS if column not in ("seconds in queue, mean", "GPU time")]
    data = check(lambda paths: tabulate_rules(files, paths, jobs=jobs), tmp_path, "rules", 2, local)
    assert data["rule"].tolist() == ["train", "draw"]
    assert data["seconds"].tolist() == [120, 2]
    assert data["peak_mb"].tolist() == [900, 0]
    assert data["critical_seconds"].tolist() == [100, 2]
    assert data["gpu_share"].isna().all()
    assert "train (100 s), then draw (2 s)" in (tmp_path / "0" / "rules.md").read_text()


def test_costs_are_slurms_where_it_has_records_of_one_rule_alone(tmp_path):
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
    data = check(lambda paths: tabulate_rules(files, paths, jobs={}, costs=costs), tmp_path, "rules", 4, RULES_COLUMNS)
    data = data.set_index("rule")
    assert data["seconds"].to_dict() == {"train": 210, "tune": 50, "evaluate": 50, "draw": 1}
    assert data["peak_mb"].to_dict() == {"train": 800, "tune": 400, "evaluate": 400, "draw": 9}
    assert data["queued"].dropna().to_dict() == {"train": 20, "tune": 5, "evaluate": 5}
    assert data["gpu_share"].dropna().round(6).to_dict() == {
        "train": round(210 / 410, 6), "tune": round(100 / 410, 6), "evaluate": round(100 / 410, 6),
    }  # fmt: skip
    assert "by SLURM's records" in (tmp_path / "0" / "rules.tex").read_text()


def test_files_of_one_job_are_one_job(tmp_path):
    record(tmp_path, "model", "train", 0, 100, ["data"])
    record(tmp_path, "history", "train", 0, 100, ["data"])
    record(tmp_path, "later", "use", 100, 130, ["model", "history"])
    jobs = read_jobs(tmp_path)
    assert sorted(job.rule for job in jobs.values()) == ["train", "use"]
    assert [job.rule for job in critical_path(jobs)] == ["train", "use"]


def test_a_run_took_the_time_in_which_its_jobs_ran(tmp_path):
    """Jobs side by side count once, the pause before a restart does not count, nor do other runs."""
    record(tmp_path, "results/one/a", "train", 10, 110, [])
    record(tmp_path, "results/one/b", "tune", 50, 130, [])
    record(tmp_path, "results/one/c", "draw", 1000, 1007, ["results/one/a"])
    record(tmp_path, "results/other/a", "train", 0, 5000, [])
    assert busy_seconds(read_jobs(tmp_path, ["results/one"])) == 127
    assert busy_seconds({}) == 0


def test_a_job_on_a_cluster_took_what_its_benchmark_says(tmp_path):
    """Snakemake records no times of such jobs but when it heard of their end."""
    log = tmp_path / "results/logs/train/a.log"
    benchmark(tmp_path / "results/benchmarks/train/a.tsv", 77, "500")
    record(tmp_path / "metadata", "model", "train", 100.002, 100.001, [], log=str(log))
    record(tmp_path / "metadata", "world", "generate", 90.002, 90.001, [])
    jobs = {job.rule: job.seconds for job in read_jobs(tmp_path / "metadata").values()}
    assert jobs == {"train": 77, "generate": 0}


def test_the_critical_path_is_the_longest_in_seconds_not_in_jobs():
    jobs = {
        "a": Job("a", 5),
        "b": Job("b", 1, ("a",)),
        "c": Job("c", 1, ("b",)),
        "d": Job("d", 9),
        "e": Job("e", 1, ("d", "c")),
    }
    assert [job.rule for job in critical_path(jobs)] == ["d", "e"]
    assert critical_path({}) == []


def test_cells_are_escaped_where_needed(tmp_path):
    display = pd.DataFrame({"a_b": ["50% & more | x_y", with_interval(float("nan"), 0.0)]})
    table = Table(pd.DataFrame({"a": [1.0, 2.0]}), display, "100% of a_b", frozenset({(0, 0)}))
    write_table(table, [tmp_path / "t.md", tmp_path / "t.tex"])
    assert "| **50% & more \\| x_y** |" in (tmp_path / "t.md").read_text()
    text = (tmp_path / "t.tex").read_text()
    assert "\\bfseries 50\\% \\& more | x\\_y" in text
    assert "\\caption{100\\% of a\\_b}" in text
    assert "a\\_b \\\\" in text
