"""A virtual environment that holds the package's wheel and what it declares that it needs, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

from snakemake_runs import ROOT

SOURCES = ("pyproject.toml", "README.md", "LICENSE")


def installed_wheel(folder: Path) -> Path:
    """The environment's folder of programs. Packages are links to those that the tests run with."""
    source, environment = folder / "source", folder / "environment"
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    for name in SOURCES:
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--quiet"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    subprocess.run([*pip, *build], check=True)
    venv.create(environment, symlinks=True)
    programs = environment / "bin"
    [wheel] = folder.glob("*.whl")
    subprocess.run([*pip, "--python", str(programs / "python"), "install", "--no-deps", str(wheel)], check=True)
    [packages] = environment.glob("lib/*/site-packages")
    [itself] = Distribution.discover(path=[str(packages)])
    for needed in _all_needed(itself):
        _link(needed, packages)
    return programs


def _all_needed(first: Distribution) -> list[Distribution]:
    """What ``first`` requires, and what that requires, without extras that nobody asks for."""
    found: dict[tuple[str, str], Distribution] = {}
    wanted = [(first, "")]
    while wanted:
        parent, extra = wanted.pop()
        for text in parent.requires or ():
            requirement = Requirement(text)
            if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
                continue
            for asked in ("", *requirement.extras):
                if (requirement.name.lower(), asked) not in found:
                    child = distribution(requirement.name)
                    found[requirement.name.lower(), asked] = child
                    wanted.append((child, asked))
    return list(found.values())


def _link(package: Distribution, target: Path) -> None:
    for name in {file.parts[0] for file in package.files or ()} - {"..", "__pycache__"}:
        if not (target / name).exists():
            (target / name).symlink_to(Path(str(package.locate_file(name))))
