"""Where the parity vectors lie, how they are read and compared.

``SERAC_PARITY_DIR`` points at another set of vectors of the same form; the default is the copy beside this file.
A test module announces the cases that it understands with :func:`claim`; ``test_coverage.py`` fails on a case that
no module claims.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

_CLAIMED: dict[str, str] = {}


@dataclass(frozen=True)
class Case:
    """One case: ``meta`` is its case.json, ``folder`` holds further files (models, native records, draws)."""

    name: str
    title: str
    meta: dict[str, Any]
    inputs: dict[str, Tensor]
    expected: dict[str, Tensor]
    folder: Path

    def json(self, file: str) -> Any:
        """A JSON file of the case's folder."""
        return json.loads((self.folder / file).read_text(encoding="utf-8"))


def root() -> Path:
    """The folder of the vectors."""
    return Path(os.environ.get("SERAC_PARITY_DIR") or Path(__file__).parent / "vectors")


def cases() -> list[str]:
    """Names of all cases, sorted: those of index.json and every folder with a case.json."""
    index = root() / "index.json"
    listed = json.loads(index.read_text(encoding="utf-8"))["cases"] if index.exists() else []
    return sorted({*(entry["case"] for entry in listed), *(file.parent.name for file in root().glob("*/case.json"))})


def load_case(name: str) -> Case:
    """Read one case; tensors that it does not have are empty dicts."""
    folder = root() / name
    meta = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    return Case(name, meta["title"], meta, _tensors(folder / "inputs"), _tensors(folder / "expected"), folder)


def assert_close(case: Case, key: str, value: Tensor) -> None:
    """Compare ``value`` with ``case.expected[key]`` within the tolerance that case.json gives for this tensor."""
    expected, tolerance = case.expected[key], case.meta["expected"][key]["tolerance"]
    exact = tolerance.get("exact", False) or not expected.is_floating_point()
    torch.testing.assert_close(
        value.detach().to(expected.dtype),
        expected,
        atol=0.0 if exact else tolerance["atol"],
        rtol=0.0 if exact else tolerance["rtol"],
        msg=lambda text: f"{case.name}: {key}: {text}",
    )


def claim(module: str, *prefixes: str) -> list[str]:
    """Register ``module`` as the test of all cases whose name starts with one of ``prefixes``; returns their names."""
    _CLAIMED.update(dict.fromkeys(prefixes, module))
    return [name for name in cases() if name.startswith(prefixes)]


def claimant(name: str) -> str | None:
    """The module that claimed a case, or None."""
    return next((module for prefix, module in _CLAIMED.items() if name.startswith(prefix)), None)


def _tensors(stem: Path) -> dict[str, Tensor]:
    file = stem.with_suffix(".safetensors")
    return load_file(file) if file.exists() else {}
