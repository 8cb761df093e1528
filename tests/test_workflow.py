"""The workflow's graph and messages, without running heavy jobs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from serac.settings import load
from snakemake_runs import ROOT, SMOKE, files_of, snakemake

SCENARIOS = sorted((ROOT / "config").glob("*.yaml"))
TARGETS = ("data", "models", "tables", "figures")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_dry_run_of_every_scenario(tmp_path: Path, scenario: Path) -> None:
    run = snakemake(tmp_path, "--dry-run", "--configfile", *files_of(scenario))
    assert run.returncode == 0, run.stdout[-2000:]
    jobs = counts(run.stdout)
    assert {"prepare_problem", "train_base", "train_scope_classifier", "evaluate_editor", "write_report"} <= set(jobs)


@pytest.mark.parametrize("target", TARGETS)
def test_dry_run_of_every_named_target(tmp_path: Path, target: str) -> None:
    run = snakemake(tmp_path, target, "--dry-run", "--configfile", SMOKE)
    assert run.returncode == 0, run.stdout[-2000:]
    assert target in counts(run.stdout)


def test_one_figure_needs_no_other(tmp_path: Path) -> None:
    run = snakemake(tmp_path, "--dry-run", "results/miniature/figures/overview.pdf")
    assert counts(run.stdout) == {"make_overview": 1, "total": 1}


def test_lint_is_clean(tmp_path: Path) -> None:
    run = snakemake(tmp_path, "--lint")
    assert run.returncode == 0, run.stdout


def test_every_rule_is_documented_and_thin() -> None:
    rules = "\n".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    scripts = set(re.findall(r'"\.\./scripts/(\w+)\.py"', rules))
    assert scripts == {path.stem for path in (ROOT / "workflow/scripts").glob("*.py")}
    names = re.findall(r"^ *rule (\w+):", rules, flags=re.M)
    assert {"make_item", *names} >= scripts, "a script is named like its rule; make_item serves every item"
    for path in (ROOT / "workflow/scripts").glob("*.py"):
        assert len(path.read_text().splitlines()) < 60, path


def test_retrievals_run_where_snakemake_runs() -> None:
    """Compute nodes often lack internet."""
    rules = "".join((ROOT / f"workflow/rules/{name}.smk").read_text() for name in ("sources", "models")).split(
        "\nrule "
    )
    retrievals = [rule for rule in rules if rule.startswith("retrieve_")]
    assert len(retrievals) == 3
    assert all("localrule: True" in rule for rule in retrievals)


def test_the_default_profile_overrides_no_other() -> None:
    profiles = {
        path.parent.name: yaml.safe_load(path.read_text()) for path in ROOT.glob("workflow/profiles/*/config.yaml")
    }
    default = set(profiles.pop("default"))
    assert profiles
    assert all(default.isdisjoint(profile) for profile in profiles.values())


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ("evaluation: {edit: 3}", "evaluation.edit = 3: unknown key. Hint: did you mean 'edits'?"),
        ("problems: {qa: {editors: [serac_crosss]}}", "Hint: did you mean 'serac_cross'?"),
    ],
)
def test_a_wrong_configuration_is_one_clear_message(tmp_path: Path, mistake: str, message: str) -> None:
    config = tmp_path / "wrong.yaml"
    config.write_text(mistake)
    run = snakemake(tmp_path, "--dry-run", "--configfile", config)
    assert run.returncode != 0
    assert message in run.stdout
    assert "Traceback" not in run.stdout


def test_missing_source_file_is_one_clear_message(tmp_path: Path) -> None:
    config = tmp_path / "local.yaml"
    config.write_text(f"sources: {{zsre: {{origin: local, path: {tmp_path}/nothing}}}}\n")
    target = "resources/miniature/raw/zsre/impl_dev.json"
    run = snakemake(tmp_path, target, "--cores", "1", "--configfile", config)
    assert run.returncode != 0
    message = f"MissingSourceError in rule copy_source_file: {tmp_path}/nothing/impl_dev.json is missing"
    assert message in run.stdout
    assert "Traceback" not in run.stdout
    assert not (tmp_path / target).exists()


def test_malformed_record_is_one_clear_message(tmp_path: Path) -> None:
    raw = tmp_path / "vitaminc"
    raw.mkdir()
    for split in ("train", "dev", "test"):
        (raw / f"{split}.jsonl").write_text('{"claim": 3}\n')
    config = tmp_path / "local.yaml"
    local = {"vitaminc": {"origin": "local", "path": str(raw)}}
    config.write_text(yaml.safe_dump({"sources": local}))
    target = "results/smoke/problems/fc/train.jsonl"
    run = snakemake(tmp_path, target, "--cores", "1", "--configfile", SMOKE, config)
    assert run.returncode != 0
    assert re.search(r"RecordError in rule prepare_problem: \S*vitaminc/\w+\.jsonl, line 1: ", run.stdout)
    assert "Traceback" not in run.stdout


@pytest.mark.parametrize(("arguments", "together"), [((), False), (("--resources", "gpu=2"), True)])
def test_one_gpu_job_at_a_time_unless_told_otherwise(
    tmp_path: Path, arguments: tuple[str, ...], *, together: bool
) -> None:
    """Jobs of the heavy kinds ask for a GPU; `workflow.global_resources` is half-internal and may change."""
    config = tmp_path / "gpu.yaml"
    tiny = load(ROOT / "config/config.yaml", SMOKE).checkpoints["t5-mini"].pretrain
    assert tiny
    pretrained = {"t5-narrow": {"pretrain": tiny.model_dump(mode="json")}}
    config.write_text(yaml.safe_dump({"run": {"device": "cuda"}, "checkpoints": pretrained}))
    targets = [f"resources/smoke/models/{name}/config.json" for name in ("t5-mini", "t5-narrow")]
    run = snakemake(tmp_path, *targets, "--cores", "2", "--configfile", SMOKE, config, *arguments)
    assert run.returncode == 0, run.stdout[-2000:]
    events = re.findall(r"Creating the checkpoint|Finished jobid: \d+ \(Rule: generate_model\)", run.stdout)
    assert [event.startswith("Creating") for event in events] == (
        [True, True, False, False] if together else [True, False, True, False]
    )


def counts(output: str) -> dict[str, int]:
    """Jobs by rule, from Snakemake's statistics."""
    return {name: int(number) for name, number in re.findall(r"^(\w+) +(\d+)$", output, flags=re.M)}
