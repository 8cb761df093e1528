"""Every job's record of provenance: hashes that cover settings and inputs, back to raw data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from serac.errors import ConfigError
from serac.workflow import provenance
from serac.workflow.explain import explain
from serac.workflow.single_job import Named


class Job:
    """What Snakemake gives to a script, for a chain raw -> prepare -> table."""

    def __init__(self, rule: str, inputs: list[str], output: str, **params: Any) -> None:
        self.rule = rule
        self.input, self.output = Named(inputs, {}), Named([output], {})
        self.params = Named(params.values(), params)
        self.wildcards = Named(["smoke"], {"run": "smoke"})
        self.log = Named([f"{provenance.folder_of(output)}/logs/{rule}.log"], {})


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


RAW, DATA, TABLE = "resources/world/raw/a.txt", "results/smoke/problems/qa/test.jsonl", "results/smoke/tables/main.csv"


def chain(raw: str = "raw", seed: int = 0, k: int = 10) -> str:
    """Run the chain; returns the table's hash."""
    for path, content in ((RAW, raw), (DATA, f"{raw} {seed}"), (TABLE, "0.5")):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(content)
    provenance.write(Job("retrieve", [], RAW, work="somewhere"), 0.0)
    provenance.write(Job("prepare", [RAW], DATA, seed=seed), 0.0)
    provenance.write(Job("tabulate", [DATA], TABLE, k=k, work="elsewhere"), 0.0)
    return provenance.record_of(TABLE).hash


def test_a_hash_changes_with_raw_data_and_with_any_setting_on_the_way_and_with_nothing_else() -> None:
    first = chain()
    assert chain(raw="other") != first
    assert chain(seed=1) != first
    assert chain(k=11) != first
    assert chain() == first


def test_a_record_states_settings_seeds_and_machine() -> None:
    chain(seed=3)
    record = provenance.record_of(DATA)
    assert (record.settings, record.seeds, record.wildcards) == ({"seed": 3}, {"seed": 3}, {})
    assert {"commit", "device", "processor", "instruction_set", "threads", "versions"} == set(record.made)
    assert record.made["instruction_set"] == torch.backends.cpu.get_cpu_capability()
    assert record.made["threads"] == torch.get_num_threads()
    assert record.made["processor"]
    assert record.made["instruction_set"] in provenance.origin(TABLE, DATA)["device"]
    assert record.outputs == {DATA: provenance.checksum(DATA)}
    assert set(provenance.origin(TABLE, DATA)) >= {"hash", "commit", "device", "python", "torch"}


def test_explain_leads_from_a_number_to_raw_data_and_tells_changed_files() -> None:
    chain()
    text = explain(TABLE)
    positions = [text.index(path) for path in (TABLE, DATA, RAW)]
    assert positions == sorted(positions)
    assert "k: 10" in text
    assert "changed" not in text
    Path(DATA).write_text("edited by hand")
    assert f"{DATA} has changed since prepare wrote it" in explain(TABLE)


def test_a_file_without_a_record_and_a_damaged_record_are_one_clear_message() -> None:
    with pytest.raises(ConfigError, match=r"no provenance record names results/smoke/tables/main\.csv\. Hint"):
        explain(TABLE)
    chain()
    file = Path("results/smoke/provenance/tabulate.json")
    file.write_text(json.dumps({"rule": "tabulate"}))
    with pytest.raises(ConfigError, match=r"tabulate\.json is not a valid provenance record .*Hint: delete it"):
        explain(TABLE)


def test_a_record_that_vanishes_while_its_job_runs_again_is_passed_over() -> None:
    chain()
    known = provenance.read_records([Path("results/smoke")])
    Path("results/smoke/provenance/again.json").symlink_to("listed, but no longer there")
    assert provenance.read_records([Path("results/smoke")]) == known
