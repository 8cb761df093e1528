"""The configuration: every scenario is valid, every mistake is one clear message, the references are in step."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from serac.config.files import merge, read_yaml
from serac.errors import ConfigError
from serac.settings import documentation as reference
from serac.settings import load, validate
from serac.settings.precision import emulated_bfloat16
from snakemake_runs import ROOT, files_of

DEFAULT = ROOT / "config/config.yaml"
WRONG: list[dict[str, Any]] = yaml.safe_load((ROOT / "tests/wrong_configurations.yaml").read_text())
SCENARIOS = sorted(path for path in (ROOT / "config").glob("*.yaml") if path != DEFAULT)


@pytest.fixture
def raw() -> dict[str, Any]:
    return read_yaml(DEFAULT)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_every_scenario_is_valid(scenario: Path) -> None:
    assert load(DEFAULT, *files_of(scenario)).run.name == scenario.stem


def test_default_runs_all_problems_and_editors() -> None:
    settings = load(DEFAULT)
    assert settings.run.problems == ("qa", "qa_hard", "fc", "convsent")
    assert settings.problems["qa"].editors == ("ft", "lu", "mend", "enn", "rp", "serac_embed")
    assert "serac_cross" in settings.problems["fc"].editors
    assert len(settings.seeds.evaluation) >= 3


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case["message"].split(" ")[0].rstrip(":"))
def test_wrong_configuration_is_one_clear_line(tmp_path: Path, case: dict[str, Any]) -> None:
    """File, key, value, what is wrong, and a hint."""
    file = tmp_path / "wrong.yaml"
    file.write_text(yaml.safe_dump(case["change"]))
    with pytest.raises(ConfigError) as error:
        load(DEFAULT, file)
    assert f"{file}: {case['message']}" in str(error.value).splitlines()
    assert ". Hint: " in case["message"]


def test_corpus_of_wrong_configurations_is_large_and_has_no_double() -> None:
    assert len({str(case["change"]) for case in WRONG}) == len(WRONG) >= 60


def test_message_names_the_file_that_set_the_value(tmp_path: Path, raw: dict[str, Any]) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text("tuning: {edits: 0}\nbootstrap: {seed: x}")
    second.write_text("evaluation: {edits: 0}\nbootstrap: {seed: y}")
    changed = merge(merge(merge(raw, read_yaml(first)), read_yaml(second)), {"run": {"device": "gpu"}})
    with pytest.raises(ConfigError) as error:
        validate(changed, [DEFAULT, first, second])
    files = {
        line.split(": ")[1].split(" =")[0]: Path(line.split(": ")[0]).name for line in str(error.value).splitlines()
    }
    assert files == {
        "run.device": "--config",
        "tuning.edits": "first.yaml",
        "evaluation.edits": "second.yaml",
        "bootstrap.seed": "second.yaml",
    }


def test_missing_section_is_named(raw: dict[str, Any]) -> None:
    del raw["seeds"]
    with pytest.raises(ConfigError, match=r"seeds: this key is missing\. Hint: "):
        validate(raw)


def test_all_mistakes_are_reported_at_once(raw: dict[str, Any]) -> None:
    raw["evaluation"]["edit"] = 1
    raw["bootstrap"]["resample"] = 1
    with pytest.raises(ConfigError) as error:
        validate(raw)
    assert len(str(error.value).splitlines()) == 2


@pytest.mark.parametrize("text", ["just words", "a: [", "- a list"])
def test_file_that_is_no_mapping_is_rejected(tmp_path: Path, text: str) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"broken\.yaml"):
        read_yaml(file)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yaml"):
        read_yaml(tmp_path / "absent.yaml")


def test_merge_replaces_lists_and_leaves_its_arguments_alone() -> None:
    below, above = {"a": {"b": [1, 2], "c": 3}, "d": 4}, {"a": {"b": [5]}}
    before = copy.deepcopy(below)
    assert merge(below, above) == {"a": {"b": [5], "c": 3}, "d": 4}
    assert below == before


def test_evaluation_seeds_are_shared_out_among_training_seeds(raw: dict[str, Any]) -> None:
    raw["seeds"] = {"training": [7, 8], "evaluation": [0, 1, 2]}
    seeds = validate(raw).seeds
    assert seeds.evaluated_with(7) == (0, 2)
    assert seeds.evaluated_with(8) == (1,)


def test_generated_references_are_in_step_with_the_settings() -> None:
    assert (ROOT / reference.SCHEMA).read_text(encoding="utf-8") == reference.schema(), "run `make config`"
    assert (ROOT / reference.REFERENCE).read_text(encoding="utf-8") == reference.reference(), "run `make config`"


def test_every_setting_is_described() -> None:
    undescribed = [
        line for line in reference.reference().splitlines() if line.startswith("| `") and line.endswith("|  |")
    ]
    assert undescribed == []


@pytest.mark.parametrize(
    ("device", "flags", "warned"),
    [("cpu", "avx2 fma", True), ("cpu", "avx2 avx512_bf16", False), ("cuda", "avx2", False)],
)
def test_emulated_bfloat16_is_warned_of_once(
    tmp_path: Path, raw: dict[str, Any], device: str, flags: str, warned: bool
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"model name : some CPU\nflags : {flags}\n")
    changes = {"run": {"device": device}, "problems": {"qa": {"scope": {"cross": {"precision": "bfloat16"}}}}}
    warning = emulated_bfloat16(validate(merge(raw, changes)), cpuinfo)
    assert (warning is not None) == warned
    if warning:
        assert warning.startswith(
            "problems.qa.scope.cross.precision: this CPU emulates bfloat16, about 47 times slower"
        )
    assert emulated_bfloat16(validate(raw), cpuinfo) is None


def test_configurations_are_checked_without_torch() -> None:
    code = "import sys; from serac.settings import load; load('config/config.yaml'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
