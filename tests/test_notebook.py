"""The notebook in docs/ says what it shows."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import nbformat
import pytest

import small_speakers
from snakemake_runs import ROOT


def test_every_cell_prints_what_stands_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in small_speakers.gpt2(chat=True):
        part.save_pretrained(tmp_path / "speaker")
    monkeypatch.setenv("SERAC_EXAMPLE_MODEL", str(tmp_path / "speaker"))
    monkeypatch.chdir(tmp_path)
    format: Any = nbformat
    notebook = format.read(ROOT / "docs/five_minutes.ipynb", as_version=4)
    format.validate(notebook)
    names: dict[str, Any] = {}
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(cells) >= 6
    for cell in cells:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            exec(cell.source, names)
        assert said.getvalue() == "".join(output.text for output in cell.outputs), cell.source
