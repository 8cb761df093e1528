"""A package that adds a part to the project, as ``pip install`` would leave it: a module and its entry point."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from serac import registry


def install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, group: str, name: str, code: str, attribute: str
) -> dict[str, str]:
    """Install the module ``added_{name}`` for this process; returns the environment that does so for others."""
    site = folder / "site-packages"
    metadata = site / f"added_{name}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: added_{name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{group}]\n{name} = added_{name}:{attribute}\n")
    (site / f"added_{name}.py").write_text(dedent(code))
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr(registry, "installed", registry.installed.__wrapped__)
    return {"PYTHONPATH": f"{site}:{Path(registry.__file__).parents[1]}"}
