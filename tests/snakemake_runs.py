"""Running Snakemake as a user does, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SMOKE = ROOT / "config/smoke.yaml"


def command(folder: Path, *arguments: str | Path, snakefile: Path = ROOT / "Snakefile") -> list[str]:
    """Command line of a run whose outputs go below ``folder``."""
    return [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        f"{snakefile}",
        "--directory",
        f"{folder}",
        *map(str, arguments),
    ]


def snakemake(
    folder: Path, *arguments: str | Path, snakefile: Path = ROOT / "Snakefile", **variables: Any
) -> subprocess.CompletedProcess[str]:
    """Run to the end; ``stdout`` holds everything that Snakemake printed."""
    return subprocess.run(
        command(folder, *arguments, snakefile=snakefile),
        cwd=ROOT,
        env={**os.environ, **variables},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


def files_of(scenario: Path) -> list[Path]:
    """What a scenario is merged from, in order: ``a_b.yaml`` lies on top of ``a.yaml``."""
    below = [path for path in sorted(scenario.parent.glob("*.yaml")) if scenario.stem.startswith(f"{path.stem}_")]
    return [*below, scenario]
