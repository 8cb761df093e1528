"""Linters, formatters and the type checker are clean."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from snakemake_runs import ROOT

CHECKS = {
    "ruff": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "snakefmt": ["snakefmt", "--check", "Snakefile", "workflow"],
}


@pytest.mark.parametrize("name", CHECKS)
def test_clean(name: str) -> None:
    run = subprocess.run([sys.executable, "-m", *CHECKS[name]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]


def test_files_stay_small() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.smk", "Snakefile"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    long = {
        name: lines for name in listed.stdout.split() if (lines := len((ROOT / name).read_text().splitlines())) > 300
    }
    assert long == {}


def test_nothing_names_a_machine() -> None:
    run = subprocess.run(
        ["git", "grep", "-nIE", r"/(work|farm|root)/|\.\./shared", "--", ".", ":!tests/test_quality.py"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout == ""


def test_every_environment_is_used_and_there() -> None:
    rules = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    named = set(re.findall(r'conda:\s+"\.\./\.\./envs/(\w+)\.yaml"', rules))
    assert named == {path.stem for path in (ROOT / "envs").glob("*.yaml")}
    assert len(re.findall(r"^ +conda:$", rules, flags=re.M)) == len(re.findall(r"^ +script:$", rules, flags=re.M))


def test_the_container_installs_the_pins() -> None:
    recipe = (ROOT / "Dockerfile").read_text()
    assert "pip install --no-cache-dir --requirement requirements.txt" in recipe
    assert not re.search(r"==", recipe), "versions belong to requirements.txt"


def test_environments_agree_with_the_pins() -> None:
    pins = dict(line.split("==") for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line)
    lowered = {name.lower(): version for name, version in pins.items()}
    for path in (ROOT / "envs").glob("*.yaml"):
        for line in path.read_text().splitlines():
            if "==" in line:
                name, version = line.strip(" -").split("==")
                assert lowered[name.lower()] == version, f"{path.name}: {name}"
