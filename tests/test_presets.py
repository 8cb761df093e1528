"""Presets for a first run: what they choose, what they cost, and what a GPU that cannot be used says."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from serac.settings import load
from serac.workflow.cost_document import hours
from serac.workflow.cost_estimate import planned_work
from serac.workflow.gpus import unusable
from snakemake_runs import ROOT

CONFIG = ROOT / "config"


def fake_torch(
    cuda: str | None = "13.0",
    available: bool = True,
    card: tuple[int, int] = (8, 0),
    built: tuple[str, ...] = ("sm_80",),
) -> SimpleNamespace:
    return SimpleNamespace(
        __version__="2.13.0",
        version=SimpleNamespace(cuda=cuda),
        cuda=SimpleNamespace(
            is_available=lambda: available,
            get_device_capability=lambda _: card,
            get_device_name=lambda _: "a card",
            get_arch_list=lambda: list(built),
        ),
    )


@pytest.mark.parametrize(
    ("torch", "reason"),
    [
        (fake_torch(cuda=None), "built without CUDA"),
        (fake_torch(available=False), "too old a driver"),
        (fake_torch(card=(7, 0)), r"no code for a card \(sm_70\), only for sm_80"),
        (fake_torch(card=(9, 0)), r"no code for a card \(sm_90\)"),
        (fake_torch(card=(8, 6)), "^$"),
        (fake_torch(card=(12, 0), built=("sm_80", "compute_90")), "^$"),
        (fake_torch(card=(9, 0), built=("sm_90a",)), "^$"),
    ],
)
def test_a_gpu_that_torch_cannot_use_says_why(torch: SimpleNamespace, reason: str) -> None:
    assert re.search(reason, unusable(torch))


def test_fact_checking_alone_needs_no_archive() -> None:
    settings = load(CONFIG / "config.yaml", CONFIG / "paper.yaml", CONFIG / "paper-fc.yaml")
    assert settings.run.problems == ("fc",)
    files = settings.problems["fc"].data
    assert files is not None
    read = {"vitaminc", "fever"}
    kinds = {settings.releases[settings.sources[name].release or ""].kind for name in read}
    assert "archive" not in kinds


def test_the_first_run_costs_at_most_60_gpu_hours() -> None:
    settings = load(CONFIG / "config.yaml", CONFIG / "paper.yaml", CONFIG / "paper-first.yaml")
    assert settings.seeds.training == (0,)
    editors = {editor for name in settings.run.problems for editor in settings.problems[name].editors}
    assert not any(settings.editors[editor].trained for editor in editors)
    work = planned_work(CONFIG / "paper.yaml", CONFIG / "paper-first.yaml")
    assert 0 < sum(hours(job)[1] for job in work) <= 60


def test_the_cuda_smoke_run_computes_on_the_gpu_in_both_precisions() -> None:
    settings = load(CONFIG / "config.yaml", CONFIG / "smoke.yaml", CONFIG / "smoke-cuda.yaml")
    assert settings.run.device == "cuda"
    scope = settings.problems["qa"].scope
    train = scope["embed"].train
    assert train is not None
    assert train.precision == "bfloat16"
