"""The smoke scenario through every rule; every output is opened."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from PIL import Image
from safetensors.torch import load_file
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

import serac
from report_browser import browser, read_report
from serac.evaluation.metrics import COLUMNS, NO_EDIT
from serac.paper.registry import ITEMS
from serac.paper.verdicts import COLUMNS as CLAIM_COLUMNS
from serac.records import read_examples
from serac.settings import load
from serac.workflow.explain import explain
from serac.workflow.provenance import read_records
from serac.wrapping.bundle import read_manifest
from snakemake_runs import ROOT, SMOKE, command, snakemake

SETTINGS = load(SMOKE.parent / "config.yaml", SMOKE)
PAPER = SETTINGS.paper
TABLES = ("examples", "main", "training_time", "components", "scope_classifier", "base_models", "cost", "rules")
MAY_BE_EMPTY = ("reported_", "es_", "dd_", "editor", "queued", "gpu_", "in_scope", "out_of_scope", "edit_label")
"""Beginnings of columns that may be empty: what is not reported, not defined, or known to SLURM alone."""
FIGURES = {
    "overview": 1,
    "batched_edits": 1,
    "edit_scope": 1,
    "errors": 2,
    "sequential_edits": 2,
    "threshold": 2,
    "per_kind": 1,
    "training_curves": 14,
    "memory_scaling": len(PAPER.memory_scaling.batch_sizes),
    "large_memory": 3,
}
"""Figures and their numbers of panels."""
ELSEWHERE = {"all", "data", "models", "tables", "figures", "readme", "bundle", "publish_results"}
"""Rules that only gather files or change the README."""
NEEDS_OTHER_SOURCES = {
    "convert_model", "copy_source_file", "extract_source_file", "measure_routing", "retrieve_archive",
    "retrieve_model", "retrieve_source_file", "write_facts",
}  # fmt: skip


def test_every_rule_ran(smoke: Path) -> None:
    listed = snakemake(smoke.parents[1], "--list-rules").stdout
    rules = set(re.findall(r"^(\w+_\w+|all|data|models|tables|figures|readme|bundle)$", listed, flags=re.M))
    logs = {
        path.name.removesuffix(".log")
        for folder in (smoke, smoke.parents[1] / "resources/smoke")
        for path in (folder / "logs").iterdir()
    }
    assert rules - ELSEWHERE - NEEDS_OTHER_SOURCES == logs - ELSEWHERE


def test_nothing_is_left_to_do(smoke: Path) -> None:
    run = snakemake(smoke.parents[1], "--dry-run", "--configfile", SMOKE)
    assert "Nothing to be done" in run.stdout


def test_results_have_every_editor_and_metric(smoke: Path) -> None:
    results = pd.read_csv(smoke / "results.csv")
    assert list(results) == COLUMNS
    expected = {(problem, editor) for problem in SETTINGS.run.problems for editor in editors_of(problem)}
    own = results[results["k"] == results["problem"].map(SETTINGS.paper.k_on)]
    assert expected == set(own[["problem", "editor"]].itertuples(index=False, name=None))
    batched = {("qa", k) for k in SETTINGS.paper.batched_edits.ks}
    found = set(results[["problem", "k"]].itertuples(index=False, name=None))
    assert found == batched | {(problem, SETTINGS.paper.k_on(problem)) for problem in SETTINGS.run.problems}
    assert {"es", "dd", "es_minus_dd", "router_hit", "router_false"} <= set(results["metric"])
    assert results["value"].notna().all()
    results = results[results["ci_low"].notna()]
    rates = results[results["metric"].isin(["es", "router_hit", "router_false"])]
    assert rates["value"].between(0, 1).all()
    assert (results["ci_low"] <= results["value"] + 1e-6).all()
    assert (results["value"] <= results["ci_high"] + 1e-6).all()


@pytest.mark.parametrize("name", TABLES)
def test_table(smoke: Path, name: str) -> None:
    data = pd.read_csv(smoke / f"tables/{name}.csv")
    assert len(data) > 0
    full = [column for column in data if not str(column).startswith(MAY_BE_EMPTY)]
    assert data[full].notna().all(axis=None)
    printed = (smoke / f"tables/{name}.md").read_text()
    assert "nan" not in printed.lower().split()
    assert printed.startswith("| ")
    latex = (smoke / f"tables/{name}.tex").read_text()
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}") == 1


def editors_of(problem: str) -> list[str]:
    return [NO_EDIT, *SETTINGS.problems[problem].editors]


def rows_of(smoke: Path, name: str, *columns: str) -> list[tuple[str, ...]]:
    data = pd.read_csv(smoke / f"tables/{name}.csv")
    return sorted(data[list(columns)].itertuples(index=False, name=None))


def test_tables_have_the_rows_that_the_configuration_asks_for(smoke: Path) -> None:
    problems = SETTINGS.run.problems
    assert rows_of(smoke, "examples", "problem") == sorted((problem,) for problem in problems)
    assert rows_of(smoke, "main", "problem", "editor") == sorted(
        (problem, editor) for problem in problems for editor in editors_of(problem)
    )
    compared = PAPER.scope_classifier
    assert rows_of(smoke, "scope_classifier", "problem", "editor", "metric") == sorted(
        product(compared.problems, compared.editors, ("es", "dd"))
    )
    assert rows_of(smoke, "base_models", "base", "problem", "metric") == sorted(
        product(("base", *PAPER.base_models.models), PAPER.base_models.problems, ("es", "dd"))
    )
    parts = product(PAPER.components.editors, ("scope_classifier", "counterfactual"), ("in", "out"), ("all", "hard"))
    assert rows_of(smoke, "components", "editor", "component", "scope", "subset") == sorted(parts)
    assert rows_of(smoke, "cost", "problem", "editor") == sorted(PAPER.cost.editors.items())
    assert {"train_base", "evaluate_editor"} < {rule for (rule,) in rows_of(smoke, "rules", "rule")}


@pytest.mark.parametrize("name", FIGURES)
def test_figure(smoke: Path, name: str) -> None:
    assert (smoke / f"figures/{name}.pdf").read_bytes().startswith(b"%PDF")
    with Image.open(smoke / f"figures/{name}.png") as picture:
        histogram = picture.convert("L").histogram()
        assert min(picture.size) > 300
        assert len(picture.info["Description"].splitlines()) == FIGURES[name]
    ink = sum(histogram[:200])
    assert ink > 500, "the figure is empty"


def test_report_has_every_item(smoke: Path) -> None:
    text = (smoke / "REPORT.md").read_text()
    for name in FIGURES:
        assert f"figures/{name}.png" in text
    assert "recalled, unverified" in text
    assert re.search(r"\*\*(Holds|Does not hold|Undecided)\.\*\*", text)
    claims = pd.read_csv(smoke / "claims.csv")
    assert list(claims) == list(CLAIM_COLUMNS)
    assert all(claim in text for claim in claims["claim"])
    for link in re.findall(r"!\[.*?\]\((.+?)\)", text):
        assert (smoke / link).is_file()


def test_readme_is_published_from_a_run(smoke: Path, tmp_path: Path) -> None:
    for name in ("workflow", "config", "src", "envs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("Snakefile", "README.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    target = ("--cores", "1", "--rerun-triggers", "mtime", "--configfile", SMOKE, "--", "readme")
    run = snakemake(smoke.parents[1], *target, snakefile=tmp_path / "Snakefile")
    assert run.returncode == 0, run.stdout[-3000:]
    text = (tmp_path / "README.md").read_text()
    assert (smoke / "tables/main.md").read_text().strip() in text
    assert re.search(
        r"Run smoke, date \d{4}-\d\d-\d\d, commit \S+, machine .+ cores, time of `smoke` [\d.]+ minutes", text
    )
    pictures = (tmp_path / "docs/images/batched_edits.png", smoke / "figures/batched_edits.png")
    assert pictures[0].read_bytes() == pictures[1].read_bytes()


def test_problems_are_disjoint_and_reported(smoke: Path) -> None:
    for problem in SETTINGS.run.problems:
        folder = smoke / "problems" / problem
        groups = [
            {e.group for e in read_examples(folder / f"{split}.jsonl")} for split in ("train", "validation", "test")
        ]
        assert all(groups)
        assert not groups[0] & groups[1]
        assert not groups[0] & groups[2]
        assert not groups[1] & groups[2]
        assert set(json.loads((folder / "report.json").read_text())["splits"]) == {"train", "validation", "test"}


def test_every_file_opens(smoke: Path) -> None:
    readers: dict[str, Callable[[Any], Any]] = {
        ".json": lambda path: json.loads(path.read_text()),
        ".jsonl": lambda path: [json.loads(line) for line in path.read_text().splitlines()],
        ".csv": pd.read_csv,
        ".tsv": lambda path: pd.read_csv(path, sep="\t"),
        ".parquet": pd.read_parquet,
        ".yaml": lambda path: yaml.safe_load(path.read_text()),
        ".safetensors": lambda path: load_file(path),
    }
    opened = [readers[path.suffix](path) for path in sorted(smoke.rglob("*")) if path.suffix in readers]
    assert len(opened) > 150
    assert all(len(content) > 0 for content in opened)


def test_config_of_the_run_is_kept(smoke: Path) -> None:
    assert yaml.safe_load((smoke / "config.yaml").read_text()) == SETTINGS.model_dump(mode="json")


def test_outcomes_can_be_traced(smoke: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind of result has a record, and the way back from a table ends at the generated world."""
    records = read_records([smoke])
    recorded = {path for record in records for path in record.outputs}
    results = [
        str(path.relative_to(smoke.parents[1]))
        for path in smoke.rglob("*")
        if path.suffix in (".parquet", ".csv", ".json", ".safetensors", ".png")
        and not {"provenance", "bundles"} & set(path.parts)
    ]  # the files of a bundle are recorded in its bundle.json
    assert len(results) > 100
    kept = {Path(path).parent for path in recorded}
    beside = {
        path for path in results
        if Path(path).name in ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json")
        and Path(path).parent in kept
    }  # fmt: skip
    """Of a model's folder; which there are depends on its kind."""
    assert set(results) - recorded - beside == set()
    monkeypatch.chdir(smoke.parents[1])
    explained = explain("results/smoke/tables/main.csv")
    assert [line for line in explained.splitlines() if "generate_world (1 job, raw data)" in line]
    assert "has changed" not in explained


def test_work_folders_are_removed(smoke: Path) -> None:
    left = [path for path in (smoke / "training").rglob("*") if path.is_file()]
    assert left == []


def test_snakemake_report_in_a_browser(smoke: Path, tmp_path: Path) -> None:
    target = smoke.parents[1] / "report.zip"
    run = snakemake(smoke.parents[1], "--configfile", SMOKE, "--report", str(target))
    assert run.returncode == 0, run.stdout[-3000:]
    with zipfile.ZipFile(target) as report:
        report.extractall(tmp_path)
    with browser() as opened:
        shown = read_report(opened, tmp_path / "report/report.html")
    for name in [*TABLES, *FIGURES]:
        item, caption = ITEMS[name], json.loads((smoke / f"items/{name}.json").read_text())["caption"]
        (row,) = [row for row in shown if f"/{name}." in row.description]
        assert row.category == item.category
        assert item.title in row.description
        assert " ".join(caption.split()) in " ".join(row.description.split())
        assert (row.picture > 300) == (item.form == "figure")


def test_killed_run_on_one_core_ends_with_the_same_bytes(smoke: Path, tmp_path: Path) -> None:
    """Two kills, one of them while a model trains; then the outcomes are those of the run on two cores."""
    target = "results/smoke/outcomes/qa/lu/k2/seed0.parquet"
    for log in ("resources/smoke/logs/generate_model/t5-mini.log", "results/smoke/logs/train_base/qa/base.log"):
        kill_when(tmp_path, target, tmp_path / log)
    snakemake(tmp_path, "--unlock", "--configfile", SMOKE)
    run = snakemake(tmp_path, target, "--cores", "1", "--rerun-incomplete", "--configfile", SMOKE)
    assert run.returncode == 0, run.stdout[-3000:]
    assert (tmp_path / target).read_bytes() == (smoke.parents[1] / target).read_bytes()


def kill_when(folder: Path, target: str, log: Path) -> None:
    """Start a run and kill it, with its jobs, once ``log`` exists."""
    snakemake(folder, "--unlock", "--configfile", SMOKE)
    arguments = command(folder, target, "--cores", "1", "--rerun-incomplete", "--configfile", str(SMOKE))
    run = subprocess.Popen(arguments, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 900
    while not log.exists() and time.monotonic() < deadline and run.poll() is None:
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert log.exists()


def test_the_bundle_holds_parts_and_what_the_run_measured(smoke: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [bundle] = (smoke / "bundles").iterdir()
    assert sum(file.stat().st_size for file in bundle.rglob("*") if file.is_file()) < 100e6
    manifest, card = read_manifest(bundle), (bundle / "README.md").read_text()
    results = pd.read_csv(smoke / "results.csv")
    k, editor = PAPER.k_on("qa"), "serac_embed"
    here = results[(results["problem"] == "qa") & (results["editor"] == editor) & (results["k"] == k)]
    measured = here[here["subset"] == "all"].set_index("metric")["value"]
    for metric, value in manifest.metrics.items():
        assert value == pytest.approx(measured[metric], abs=1e-5)  # the table has six decimals
        assert f"| {metric} | {value:.3f} |" in card
    assert {"es", "dd", "router_hit"} <= manifest.metrics.keys()
    assert manifest.origin["commit"] in card
    base = AutoModelForSeq2SeqLM.from_pretrained(smoke / "models/qa/base")
    monkeypatch.setenv("SERAC_BUNDLES", f"/nowhere:{smoke / 'bundles'}")
    model = serac.wrap(base, AutoTokenizer.from_pretrained(smoke / "models/qa/base"), threshold=0.0)
    model.add("Who leads France?", "Marie Dupont")
    assert model.answer("Who leads France?").spoken_by == "counterfactual"
