"""Fixtures that all tests share."""

from __future__ import annotations

import pytest
import torch
from hypothesis import settings

import tiny_models
from tiny_models import Tiny

torch.set_num_threads(1)
settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")


@pytest.fixture(scope="session")
def tiny_t5() -> Tiny:
    return tiny_models.t5()


@pytest.fixture(scope="session")
def tiny_bert() -> Tiny:
    return tiny_models.bert()


@pytest.fixture(scope="session")
def tiny_blender() -> Tiny:
    return tiny_models.blender()


@pytest.fixture(params=["tiny_t5", "tiny_bert", "tiny_blender"])
def tiny(request: pytest.FixtureRequest) -> Tiny:
    """Each of the three kinds in turn."""
    return request.getfixturevalue(request.param)
