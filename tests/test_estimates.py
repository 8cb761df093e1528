"""Estimates: sizes against real models, work against the job graph, documents in step."""

from __future__ import annotations

import re
from pathlib import Path
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
from serac.workflow import sources_document as sources
from snakemake_runs import ROOT, snakemake

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
    assert len(retrieved) == 11
    for name, model in retrieved.items():
        assert model.architecture, name
        assert model.licence, name


def test_jobs_are_those_of_the_graph(settings: Settings, tmp_path: Path) -> None:
    run = snakemake(tmp_path, "--dry-run", "--configfile", PAPER)
    graph = {name: int(number) for name, number in re.findall(r"^(\w+) +(\d+)$", run.stdout, flags=re.M)}
    jobs = [job.rule for job in work.Estimate(settings).jobs()]
    assert {rule: jobs.count(rule) for rule in jobs} == {rule: graph[rule] for rule in set(jobs)}


def test_six_flops_a_parameter_and_token_of_training() -> None:
    size = size_of(Architecture(family="bert", width=8, layers=2, heads=2, inner=16, vocabulary=300))
    assert work.Batch(size, 3, texts=5, read=7).flops == 6 * size.reading * 5 * 7


def test_hours_grow_with_steps_and_seeds() -> None:
    raw = merge(read_yaml(DEFAULT), read_yaml(PAPER))
    base = total(validate(raw))
    longer = {"problems": {"qa": {"scope": {"embed": {"train": {"steps": 200000}}}}}}
    assert total(validate(merge(raw, longer)))[1] > base[1]
    assert total(validate(merge(raw, longer)))[0] == pytest.approx(base[0])
    assert total(validate(merge(raw, {"seeds": {"training": [0], "evaluation": [0, 1, 2]}})))[1] < base[1] / 2


def total(settings: Settings) -> tuple[float, float]:
    hours = [table.hours(job) for job in work.Estimate(settings).jobs()]
    return sum(least for least, _ in hours), sum(most for _, most in hours)


@pytest.mark.parametrize("generated", [table, sources])
def test_generated_documents_are_in_step(settings: Settings, generated: Any) -> None:
    assert (ROOT / generated.DOCUMENT).read_text(encoding="utf-8") == generated.document(settings), "run `make config`"


def test_every_source_that_is_retrieved_has_a_row(settings: Settings) -> None:
    text = (ROOT / sources.DOCUMENT).read_text(encoding="utf-8")
    for name, source in settings.sources.items():
        if source.origin == "retrieve":
            assert re.search(rf"\| [^|]*\b{name}\b[^|]* \|$", text, flags=re.M), name
