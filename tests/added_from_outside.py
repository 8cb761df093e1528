"""The package of ``docs/extending.md``, as ``pip install docs/examples`` would leave it."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from serac import registry
from snakemake_runs import ROOT

EXAMPLES = ROOT / "docs/examples"


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Install the package for this process; returns the environment that does so for others."""
    site = folder / "site-packages"
    shutil.copytree(EXAMPLES / "serac_extras", site / "serac_extras")
    project = tomllib.loads((EXAMPLES / "pyproject.toml").read_text())["project"]
    name, version = project["name"].replace("-", "_"), project["version"]
    metadata = site / f"{name}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    groups = [
        f"[{group}]\n" + "".join(f"{part} = {target}\n" for part, target in parts.items())
        for group, parts in project["entry-points"].items()
    ]
    (metadata / "entry_points.txt").write_text("\n".join(groups))
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr(registry, "installed", registry.installed.__wrapped__)
    return {"PYTHONPATH": f"{site}:{Path(registry.__file__).parents[1]}"}
