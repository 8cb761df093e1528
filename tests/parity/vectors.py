"""Where the parity vectors lie, how they are read and compared.

``SERAC_PARITY_DIR`` points at another set of vectors of the same form; the default is the copy beside this file.
A test module announces the cases that it understands with :func:`claim`; ``test_coverage.py`` fails on a case that
no module claims. The last test of a module calls :func:`assert_all_compared`, which fails on an expected tensor that
none of its tests compared.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

_CLAIMED: dict[str, str] = {}
_COMPARED: dict[str, set[str]] = {}
_COUNT = re.compile(r"_(?:over_|of_)?(\d+)(?:_batches)?$")


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


def hyperparameters(case: Case, *known: str) -> dict[str, Any]:
    """The case's hyperparameters: values that are dicts (forms) and ``known`` ones; fails on any other."""
    values: dict[str, Any] = case.meta["hyperparameters"]
    unknown = {name for name, value in values.items() if not isinstance(value, dict)} - set(known)
    assert not unknown, f"{case.name}: its tests do not read the hyperparameters {sorted(unknown)}"
    return values


def forms(names: list[str]) -> list[tuple[str, str]]:
    """Case and form: a hyperparameter that is a dict, by which some of the expected tensors are named."""
    loaded = [load_case(name) for name in names]
    return [
        (case.name, form)
        for case in loaded
        for form in case.meta["hyperparameters"]
        if any(key.startswith(f"{form}.") for key in case.expected)
    ]


def without_counts(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values by their keys without the counts that some end in (``seeded_batches_of_2``)."""
    return {_COUNT.sub("", key): value for key, value in values.items()}


def count_of(values: Mapping[str, Any], name: str) -> int:
    """The count in which the key called ``name`` ends."""
    (match,) = [match for key in values if (match := _COUNT.search(key)) and key[: match.start()] == name]
    return int(match[1])


def close(ours: float, reference: float, draws: int) -> bool:
    """Two relative frequencies of one event: within 5.5 standard deviations of their difference."""
    p = max(ours, reference)
    return bool(abs(ours - reference) <= 5.5 * (2 * p * (1 - p) / draws) ** 0.5 + 1e-3)


def tolerance(case: Case, key: str) -> dict[str, Any]:
    """``atol`` and ``rtol`` that case.json gives for this tensor; 0 where it has to be exact."""
    stated = case.meta["expected"][key]["tolerance"]
    exact = stated.get("exact", False) or not case.expected[key].is_floating_point()
    return {name: 0.0 if exact else stated[name] for name in ("atol", "rtol")}


def assert_close(case: Case, key: str, value: Tensor) -> None:
    """Compare ``value`` with ``case.expected[key]`` within the tolerance that case.json gives for this tensor."""
    _COMPARED.setdefault(case.name, set()).add(key)
    expected = case.expected[key]
    torch.testing.assert_close(
        value.detach().to(expected.dtype),
        expected,
        **tolerance(case, key),
        msg=lambda text: f"{case.name}: {key}: {text}",
    )


def assert_all_compared(name: str) -> None:
    """Fail if the tests that ran so far compared not all expected tensors of the case."""
    left = set(load_case(name).expected) - _COMPARED.get(name, set())
    assert not left, f"{name}: no test compares {sorted(left)}"


def claim(module: str, *prefixes: str) -> list[str]:
    """Register ``module`` as the test of all cases whose name starts with one of ``prefixes``; returns their names."""
    _CLAIMED.update(dict.fromkeys(prefixes, module))
    return [name for name in cases() if name.startswith(prefixes)]


def claimant(name: str) -> str | None:
    """The module that claimed a case, or None."""
    return next((module for prefix, module in _CLAIMED.items() if name.startswith(prefix)), None)


def claimed_by(module: str) -> list[str]:
    """Names of all cases that a module claimed so far."""
    return [name for name in cases() if claimant(name) == module]


def _tensors(stem: Path) -> dict[str, Tensor]:
    file = stem.with_suffix(".safetensors")
    return load_file(file) if file.exists() else {}
