"""What others take from here: the workflow as a module, a finished run as an RO-Crate."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from rocrate.rocrate import ROCrate

from serac.errors import ConfigError
from serac.workflow.crate import PROFILES, export_crate
from serac.workflow.provenance import checksum
from snakemake_runs import ROOT, SMOKE, snakemake

CATALOGS = ROOT / "workflow/Snakefile"


def test_a_run_is_exported_as_ro_crate(smoke: Path, tmp_path: Path) -> None:
    folder = export_crate(smoke, tmp_path / "crate", code=ROOT)
    crate = ROCrate(folder)
    assert {profile.id for profile in crate.root_dataset["conformsTo"]} == PROFILES.keys()
    assert crate.mainEntity.id == "Snakefile"
    [action] = [entity for entity in crate.contextual_entities if entity.type == "CreateAction"]
    assert action["instrument"] is crate.mainEntity
    assert action["startTime"] < action["endTime"]
    made = {entity.id for entity in action["result"]}
    tables = {f"tables/{file.name}" for file in (smoke / "tables").iterdir()}
    assert tables | {"REPORT.md", "results.csv", "provenance/"} <= made
    for entity in crate.data_entities:
        assert (folder / entity.id).exists(), entity.id
        if digest := entity.get("sha256"):
            assert checksum(folder / entity.id) == digest
    read = {entity.id for entity in action["object"]}
    assert "config.yaml" in read
    raw = [entity for entity in action["object"] if entity.id.startswith("#resources/")]
    assert any("/raw/zsre/" in entity.id for entity in raw)
    assert all(entity["identifier"].startswith("sha256:") for entity in raw)
    with pytest.raises(ConfigError, match="Hint: choose a new folder"):
        export_crate(smoke, folder, code=ROOT)


def test_an_unfinished_run_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a finished run"):
        export_crate(tmp_path, tmp_path / "crate", code=ROOT)


def test_the_workflow_is_a_module_of_another(tmp_path: Path) -> None:
    """As config/README.md shows it; the other workflow gives only the keys that differ."""
    example = (ROOT / "config/README.md").read_text().split("```python\n")[1].split("```")[0]
    assert "path/to/serac/Snakefile" in example
    (tmp_path / "Snakefile").write_text(example.replace("path/to/serac/Snakefile", str(ROOT / "Snakefile")))
    (tmp_path / "config.yaml").write_text("run: {name: mine, problems: [qa]}\n")
    run = snakemake(tmp_path, "--dry-run", "--cores", "1", "serac_tables", snakefile=tmp_path / "Snakefile")
    assert run.returncode == 0, run.stdout[-3000:]
    assert "results/mine/tables/main.md" in run.stdout
    assert "serac_train_base" in run.stdout


def test_the_snakefile_where_the_catalog_looks_is_the_same(tmp_path: Path) -> None:
    run = snakemake(
        tmp_path, "--dry-run", "--cores", "1", "--quiet", "rules", "--configfile", SMOKE, snakefile=CATALOGS
    )
    assert run.returncode == 0, run.stdout[-3000:]
    assert re.search(r"^all +1$", run.stdout, flags=re.M)
    assert re.search(r"^write_report +1$", run.stdout, flags=re.M)


@pytest.mark.parametrize("file", [".github/workflows/tests.yml", ".snakemake-workflow-catalog.yml"])
def test_published_files_are_yaml(file: str) -> None:
    content: Any = yaml.safe_load((ROOT / file).read_text())
    assert content


def test_continuous_integration_runs_what_the_makefile_has() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())["jobs"]
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    targets = {command.removeprefix("make ") for command in commands if command.startswith("make ")}
    makefile = (ROOT / "Makefile").read_text()
    assert targets == {"test", "lint", "docs", "setup"}
    assert all(f"\n{target}: setup" in makefile or target == "setup" for target in targets)
    named = (ROOT / "config/README.md").read_text()
    assert all(path.name in named for path in (ROOT / "config").glob("*.yaml") if path.name != "config.yaml")
