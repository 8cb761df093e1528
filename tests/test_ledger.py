"""Submitted runs: every file is valid, and a wrong one is a clear message."""

from __future__ import annotations

from pathlib import Path

import pytest

from serac.errors import ConfigError
from serac.paper.ledger import DOCUMENT, FOLDER, document, read_ledger
from snakemake_runs import ROOT


def test_the_ledger_is_valid_and_its_document_in_step() -> None:
    entries = read_ledger(ROOT / FOLDER)
    assert [entry.kind for entry in entries][:1] == ["reference, third party"]
    assert (ROOT / DOCUMENT).read_text() == document(entries)
    assert "| convsent | serac_embed | 0.832 | 0.000 | 0.991 / 0.000 |" in document(entries)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("kind: this project", "needs config_hash"),
        ("hourz: 3", "unknown key"),
        ("results: [{problem: convsent, editor: serac_embed, es: 1.5}]", "less than or equal to 1"),
        ("results: [{problem: convsent, editor: ft, es: 0.5}]", "not in the paper's main table"),
    ],
)
def test_a_wrong_entry_names_its_file_and_mistake(change: str, message: str, tmp_path: Path) -> None:
    (source,) = (ROOT / FOLDER).glob("2024-07-*.yaml")
    key = change.partition(":")[0]
    text = source.read_text()
    kept = text.partition("results:")[0] if key == "results" else text
    lines = [line for line in kept.splitlines() if not line.startswith(f"{key}:")]
    (tmp_path / "mine.yaml").write_text("\n".join([*lines, change]) + "\n")
    with pytest.raises(ConfigError, match=rf"(?s)mine\.yaml: .*{message}"):
        read_ledger(tmp_path)
