"""The table of differences to the reference: complete, explained and up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from serac.errors import ConfigError
from serac.workflow.differences_document import DOCUMENT, Difference, differences, document
from snakemake_runs import ROOT

PAPER = ROOT / "config/paper.yaml"


def test_each_value_of_ours_is_a_row_with_its_reason() -> None:
    lines = [line for line in PAPER.read_text().splitlines() if "(ours" in line and not line.startswith("#")]
    found = differences(PAPER)
    assert len(found) == len(lines) >= 20
    assert all(len(row.note) > 15 for row in found)
    assert "problems.qa.scope.embed.train.precision" in {row.key for row in found}
    assert (ROOT / DOCUMENT).read_text() == document(PAPER), "run `make config`"


def test_values_are_shown_as_the_file_writes_them(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: &a\n  b: [1, 2]  # (ours) reference: [1]\nc: *a\nd:  # (ours) two keys\n  e: 1\n  f: 2\n")
    assert differences(file) == [
        Difference("a.b", "`[1, 2]`", "reference: [1]"),
        Difference("d", "(see the file)", "two keys"),
    ]
    file.write_text("a: 1  # (ours)\n")
    with pytest.raises(ConfigError, match=r"line 1: \(ours\) needs a key before it and an explanation"):
        differences(file)
