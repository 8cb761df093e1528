"""The editor that docs/extending.md adds: its module and an entry point, and not a line elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from added_from_outside import install
from serac.config.files import merge, read_yaml
from serac.editors.from_settings import assemble
from serac.editors.registry import EDITORS
from serac.errors import ConfigError
from serac.settings.composed import settings_section, validate
from serac.settings.paper import paper_section
from serac.settings.problems import problems_section
from snakemake_runs import ROOT, SMOKE, snakemake
from tiny_models import Tiny


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    sections = (settings_section, problems_section, paper_section)
    for section in sections:
        section.cache_clear()
    yield install(tmp_path, monkeypatch)
    for section in sections:
        section.cache_clear()


@pytest.mark.usefixtures("environment")
def test_an_added_editor_edits_and_is_saved(tiny_t5: Tiny, tmp_path: Path) -> None:
    task, edits = tiny_t5.task, tiny_t5.edits[:2]
    editor = assemble({"method": "one_step", "size": 0.05}, tiny_t5.model, task)
    batch = task.encode_edits(edits)
    edited = editor.edit(edits)
    before, after = (task.edit_loss(task.logits(model, batch), batch).item() for model in (tiny_t5.model, edited))
    assert after < before
    editor.save_pretrained(tmp_path / "saved")
    again = EDITORS["one_step"].from_pretrained(tmp_path / "saved", tiny_t5.model, task).edit(edits)
    assert torch.equal(task.logits(again, batch), task.logits(edited, batch))


def test_its_settings_are_checked_and_the_workflow_evaluates_it(environment: dict[str, str], tmp_path: Path) -> None:
    added = {
        "run": {"name": "outside"},
        "editors": {"step": {"method": "one_step", "size": 0.2}},
        "tuning": {"candidates": {"step": [{"size": size} for size in (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)]}},
        "problems": {"qa": {"editors": ["step"]}},
    }
    default = merge(read_yaml(ROOT / "config/config.yaml"), read_yaml(SMOKE))
    assert validate(merge(default, added)).editors["step"].model_dump()["method"] == "one_step"
    with pytest.raises(ConfigError, match="siz"):
        validate(merge(default, {**added, "editors": {"step": {"method": "one_step", "siz": 1}}}))
    scenario = tmp_path / "one_step.yaml"
    scenario.write_text(yaml.safe_dump(added))
    target = "results/outside/outcomes/qa/step/k2/seed0.parquet"
    result = snakemake(
        tmp_path, "--dry-run", "--configfile", SMOKE, scenario, "--", target, **dict[str, Any](environment)
    )
    assert result.returncode == 0, result.stdout
