"""The problem that docs/extending.md adds: its module and an entry point, and not a line elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from added_from_outside import EXAMPLES, install
from serac.records import read_examples
from snakemake_runs import snakemake


def test_a_package_adds_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment: Any = install(tmp_path, monkeypatch)
    (tmp_path / "countries").mkdir()
    for split in ("train", "dev", "test"):
        records = [{"country": f"{split} {n}", "capital": f"town {n}", "other": f"town {n + 1}"} for n in range(3)]
        lines = [json.dumps(record) + "\n" for record in records]
        (tmp_path / f"countries/{split}.jsonl").write_text("".join(lines))
    target = "results/capitals/problems/capitals/test.jsonl"
    scenario = EXAMPLES / "capitals.yaml"
    result = snakemake(
        tmp_path, "--cores", "1", "--quiet", "all", "--configfile", scenario, "--", target, **environment
    )
    assert result.returncode == 0, result.stdout
    examples = read_examples(tmp_path / target)
    assert [example.edit.input for example in examples] == [
        f"Please: what is the capital of test {n}?" for n in range(3)
    ]
    assert all(len(example.out_of_scope) == 2 for example in examples)
    table = "results/capitals/tables/main.md"
    planned = snakemake(tmp_path, "--dry-run", "--configfile", scenario, "--", table, **environment)
    assert planned.returncode == 0, planned.stdout
