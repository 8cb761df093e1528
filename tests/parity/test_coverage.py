"""Every parity vector is understood by some test module, which compares all that it expects."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from .vectors import cases, claimant, load_case


@pytest.fixture(scope="module", autouse=True)
def _import_all_modules() -> None:
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(f"{__package__}.{file.stem}")


def test_there_are_vectors() -> None:
    assert cases()


@pytest.mark.parametrize("name", cases())
def test_case_is_claimed_by_a_module(name: str) -> None:
    assert claimant(name), f"no module of tests/parity handles the case {name!r}: claim it there"


@pytest.mark.parametrize("name", cases())
def test_expected_tensors_are_described(name: str) -> None:
    case = load_case(name)
    described = case.meta.get("expected", {})
    assert set(case.expected) == set(described)
    for key, tensor in case.expected.items():
        assert list(tensor.shape) == described[key]["shape"], key


@pytest.mark.parametrize("name", cases())
def test_module_checks_that_it_compares_all_expected_tensors(name: str) -> None:
    if load_case(name).expected:
        assert hasattr(sys.modules[claimant(name) or ""], "test_every_expected_tensor_is_compared")
