"""Fixtures that all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings

import tiny_models
from local_server import CONTENT, Server, serve
from serac.config.world import WorldSize
from serac.sources.lock import Lock
from serac.sources.miniature import generate_world
from snakemake_runs import SMOKE, snakemake
from tiny_models import Tiny

torch.set_num_threads(1)
settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slurm", action="store_true", help="start a SLURM cluster on this host and test on it")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several workers, each file belongs to one of them, and all tests of the smoke run to one: they share it."""
    for item in items:
        group = "smoke" if "smoke" in getattr(item, "fixturenames", ()) else item.location[0]
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The outputs of the smoke scenario, run once on two cores; kept in the folder $SMOKE_FOLDER if that is set."""
    kept = os.environ.get("SMOKE_FOLDER")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("smoke")
    run = snakemake(folder, "--cores", "2", "--configfile", SMOKE, "--show-failed-logs")
    assert run.returncode == 0, run.stdout[-6000:]
    return folder / "results/smoke"


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The raw files of a generated world of the default size."""
    folder = tmp_path_factory.mktemp("raw")
    generate_world(folder, seed=0, size=WorldSize())
    return folder


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
    found: Tiny = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    root = tmp_path / "served"
    root.mkdir()
    (root / "train.jsonl").write_bytes(CONTENT)
    with serve(root) as running:
        template = f"{running.address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", running.address)
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield running


@pytest.fixture
def lock(tmp_path: Path) -> Lock:
    return Lock(tmp_path / "lock.json")
