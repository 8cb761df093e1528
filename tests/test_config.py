"""The configuration: every scenario is valid, every mistake is one clear message, the references are in step."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from serac.config.files import merge, read_yaml
from serac.errors import ConfigError
from serac.settings import documentation as reference
from serac.settings import load, validate

ROOT = Path(__file__).parent.parent
DEFAULT = ROOT / "config/config.yaml"
SCENARIOS = sorted(path for path in (ROOT / "config").glob("*.yaml") if path != DEFAULT)


@pytest.fixture
def raw() -> dict[str, Any]:
    return read_yaml(DEFAULT)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_every_scenario_is_valid(scenario: Path) -> None:
    settings = load(DEFAULT, scenario)
    assert settings.run.name == scenario.stem


def test_default_runs_all_problems_and_editors() -> None:
    settings = load(DEFAULT)
    assert settings.run.problems == ("qa", "qa_hard", "fc", "convsent")
    assert settings.problems["qa"].editors == ("ft", "lu", "mend", "enn", "rp", "serac_embed", "serac_cross")
    assert len(settings.seeds.evaluation) >= 3


@pytest.mark.parametrize(
    ("path", "key", "message"),
    [
        ([], "evalution", "unknown key 'evalution' in the configuration. Hint: did you mean 'evaluation'?"),
        (["evaluation"], "edit", "unknown key 'edit' in evaluation. Hint: did you mean 'edits'?"),
        (["problems"], "qa_harder", "unknown key 'qa_harder' in problems. Hint: did you mean 'qa_hard'?"),
        (["problems", "qa", "data"], "rephrase", "did you mean 'rephrases'?"),
        (["problems", "qa", "scope", "embed", "train"], "learning_rat", "did you mean 'learning_rate'?"),
        (["editors", "ft"], "max_step", "did you mean 'max_steps'?"),
        (["paper", "cost"], "zzz", "Hint: known are"),
    ],
)
def test_unknown_key_is_rejected_with_a_hint(raw: dict[str, Any], path: list[str], key: str, message: str) -> None:
    section = raw
    for part in path:
        section = section[part]
    section[key] = 1
    with pytest.raises(ConfigError) as error:
        validate(raw)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"run": {"problems": ["qa", "qa_hardd"]}}, "unknown name 'qa_hardd' in run.problems"),
        ({"problems": {"qa": {"editors": ["serac"]}}}, "unknown name 'serac' in problems.qa.editors"),
        ({"problems": {"qa": {"encoder": "minilmm"}}}, "Hint: did you mean 'minilm'?"),
        ({"problems": {"qa": {"base_from": "fc"}}}, "needs either 'base' or 'base_from'"),
        ({"problems": {"qa_hard": {"base_from": "qaa"}}}, "unknown name 'qaa' in problems.qa_hard.base_from"),
        ({"problems": {"qa": {"training": None}}}, "problems.qa.training"),
        ({"editors": {"rp": {"classifier": "embedd"}}}, "unknown name 'embedd' in editors.rp.classifier"),
        ({"editors": {"ft": {"method": "fft"}}}, "editors.ft"),
        ({"tuning": {"candidates": {"lu": [{"threshold": 1.0}]}}}, "same number of candidates"),
        ({"tuning": {"candidates": {"luu": [{"t": 1}] * 4}}}, "unknown name 'luu' in tuning.candidates"),
        ({"sources": {"zsre": {"origin": "local"}}}, "a source with origin 'local' needs 'path'"),
        ({"paper": {"errors": {"editor": "nobody"}}}, "unknown name 'nobody' in paper.errors"),
        ({"evaluation": {"edits": 0}}, "evaluation.edits: Input should be greater than or equal to 1"),
        ({"run": {"device": "gpu"}}, "run.device: Input should be 'cpu' or 'cuda'"),
    ],
)
def test_impossible_value_is_rejected_with_its_place(raw: dict[str, Any], change: dict, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        validate(merge(raw, change))
    assert message in str(error.value)


def test_missing_section_is_named(raw: dict[str, Any]) -> None:
    del raw["seeds"]
    with pytest.raises(ConfigError, match="seeds is missing"):
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
