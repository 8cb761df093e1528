"""Estimates: sizes against real models, work against the job graph, documents in step."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import pytest
import torch
from transformers import DistilBertConfig, DistilBertModel

from serac.config.files import merge, read_yaml
from serac.config.models import Architecture
from serac.models.architectures import build_model
from serac.models.sizes import size_of
from serac.settings import Settings, load, validate
from serac.workflow import cost_document as table
from serac.workflow import cost_estimate as work
from serac.workflow import graph
from serac.workflow import sources_document as sources
from snakemake_runs import ROOT

DEFAULT, PAPER = ROOT / "config/config.yaml", ROOT / "config/paper.yaml"


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load(DEFAULT, PAPER)


class _Vocabulary:
    """As much of a tokenizer as a builder asks for."""

    pad_token_id = bos_token_id = eos_token_id = 0

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size


@pytest.mark.parametrize(
    "name",
    ["t5-large-ssm-nq", "t5-small", "t5-3b-ssm-nq", "bart-base", "gpt2", "bert-base-cased", "blenderbot-small-90m"],
)
def test_sizes_are_those_of_real_models(settings: Settings, name: str) -> None:
    architecture = settings.checkpoints[name].architecture
    assert architecture
    with torch.device("meta"):
        model = build_model(architecture, _Vocabulary(architecture.vocabulary), 0)  # type: ignore[arg-type]
    assert size_of(architecture).parameters == pytest.approx(model.num_parameters(), rel=0.015)


def test_a_distilled_bert_is_half_a_bert(settings: Settings) -> None:
    architecture = settings.checkpoints["distilbert-base-cased"].architecture
    with torch.device("meta"):
        model = DistilBertModel(DistilBertConfig(vocab_size=28996))
    assert architecture
    assert size_of(architecture).parameters == pytest.approx(model.num_parameters(), rel=0.01)


def test_every_checkpoint_of_the_hub_states_its_architecture_and_licence(settings: Settings) -> None:
    retrieved = {name: model for name, model in settings.checkpoints.items() if model.source == "hub"}
    assert len(retrieved) == 13
    for name, model in retrieved.items():
        assert model.architecture or name == "blenderbot-3b", name  # fewer layers in the encoder; it trains nothing
        assert model.licence, name


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    with contextlib.chdir(tmp_path_factory.mktemp("paper")):
        return graph.jobs(graph.plan([PAPER]))


def test_every_job_that_computes_for_long_is_counted(settings: Settings, jobs: list[Any]) -> None:
    counted = {job.rule for job in work.Estimate(settings).of_jobs(jobs)}
    heavy = {job.rule.name for job in jobs if job.rule.name.startswith(("train_", "evaluate_"))}
    assert heavy - counted == {"evaluate_no_edit", "evaluate_components"}  # answers that are there; seconds


def test_six_flops_a_parameter_and_token_of_training() -> None:
    size = size_of(Architecture(family="bert", width=8, layers=2, heads=2, inner=16, vocabulary=300))
    assert work.Batch(size, 3, texts=5, read=7).flops == 6 * size.reading * 5 * 7


def test_hours_grow_with_steps(settings: Settings, jobs: list[Any]) -> None:
    raw = merge(read_yaml(DEFAULT), read_yaml(PAPER))
    longer = validate(merge(raw, {"problems": {"qa": {"scope": {"embed": {"train": {"steps": 200000}}}}}}))
    least, most = total(settings, jobs)
    assert total(longer, jobs)[0] == pytest.approx(least)
    assert total(longer, jobs)[1] > most


def test_candidates_that_differ_in_the_threshold_cost_one_pass(settings: Settings, jobs: list[Any]) -> None:
    tuning = {"candidates": {"serac_embed": [{"threshold": value} for value in (0.1, 0.2, 0.3, 0.4, 0.6, 0.8)]}}
    tuned = "results/paper/tuning/qa/serac_embed/k10/seed0.json"
    (embed,) = (job for job in jobs if tuned in job.output)
    raw = merge(read_yaml(DEFAULT), read_yaml(PAPER))
    assert total(validate(merge(raw, {"tuning": tuning})), [embed]) == total(settings, [embed])


def total(settings: Settings, jobs: list[Any]) -> tuple[float, float]:
    hours = [table.hours(job) for job in work.Estimate(settings).of_jobs(jobs)]
    return sum(least for least, _ in hours), sum(most for _, most in hours)


def test_generated_documents_are_in_step(settings: Settings) -> None:
    for path, text in ((table.DOCUMENT, table.document(PAPER)), (sources.DOCUMENT, sources.document(settings))):
        assert (ROOT / path).read_text(encoding="utf-8") == text, "run `make config`"


def test_every_source_that_is_retrieved_has_a_row(settings: Settings) -> None:
    text = (ROOT / sources.DOCUMENT).read_text(encoding="utf-8")
    for name, source in settings.sources.items():
        if source.origin == "retrieve":
            assert re.search(rf"\| [^|]*\b{name}\b[^|]* \|$", text, flags=re.M), name
