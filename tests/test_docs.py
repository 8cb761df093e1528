"""The documentation site is built without a warning and has every page."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from serac.records import EditExample
from snakemake_runs import ROOT


def test_the_site_is_built_without_warnings(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "docs", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-4000:]
    shown = re.sub(r"<[^>]+>", "", (tmp_path / "extending.html").read_text())
    for code in (ROOT / "docs/examples/serac_extras").glob("[a-z]*.py"):
        assert code.read_text().splitlines()[0].strip('"') in shown, code.name


def test_the_quick_starts_example_is_one() -> None:
    [line] = re.findall(r"```json\n(.*?)\n```", (ROOT / "docs/quickstart.md").read_text(), flags=re.S)
    example = EditExample.from_json(line)
    assert example.in_scope[0].label == example.edit.label != example.out_of_scope[0].label


def test_every_page_is_in_the_contents() -> None:
    contents = set(re.findall(r"^([\w/-]+)$", (ROOT / "docs/index.md").read_text(), flags=re.M))
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"}
    assert pages | {"api/modules"} == contents
