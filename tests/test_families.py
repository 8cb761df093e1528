"""Families of base models: each builds, reads, sizes and edits models of its own; a package can add one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from added_from_outside import install
from serac.config.models import Architecture, CheckpointSettings
from serac.editors.edited_matrices import editable_matrices
from serac.editors.registry import EDITORS
from serac.models.architectures import build_model
from serac.models.base_model import load_base
from serac.models.checkpoints import make_checkpoint
from serac.models.families.family import POSITIONS
from serac.models.families.registry import FAMILIES, family_of
from serac.models.sizes import size_of
from serac.models.tokenizers import train_tokenizer
from serac.records import Edit, Query
from serac.tasks.registry import load_task
from tiny_gemma import TEMPLATE

TEXTS = [f"Where was person {n} born? In town {n % 7}." for n in range(40)]
QUERIES = [Query(text, "town", "main") for text in TEXTS[:3]]
DECODERS = [name for name, family in FAMILIES.items() if "causal" in family.tasks]


def size(family: str, **changes: int) -> Architecture:
    sizes: dict[str, Any] = {"width": 64, "layers": 4, "heads": 4, "inner": 96, "vocabulary": 300}
    return Architecture(family=family, **{**sizes, **changes})


def model_of(family: str, **changes: int) -> PreTrainedModel:
    return build_model(size(family, **changes), train_tokenizer(family, TEXTS, 300), 0)


@pytest.mark.parametrize("name", FAMILIES)
def test_family_edits_the_mlps_of_its_last_layers(name: str) -> None:
    family, model = FAMILIES[name], model_of(name)
    assert family_of(model.config.model_type) is family
    names = editable_matrices(model)
    layers = [model.get_submodule(weight.removesuffix(".weight")) for weight in names]
    assert all(isinstance(layer, nn.Linear | Conv1D) for layer in layers)
    assert len(names) == (3 if family.gated else 2) * family.edited_layers * family.stacks
    assert {96, 64} == {side for weight in names for side in model.get_parameter(weight).shape}


@pytest.mark.parametrize("name", FAMILIES)
def test_family_states_its_size(name: str) -> None:
    family = FAMILIES[name]
    shared = {"key_value_heads": 2} if family.gated else {}
    published = (family.positions or POSITIONS) - POSITIONS
    stated = size_of(size(name, **shared)).parameters - family.stacks * published * 64
    assert stated == pytest.approx(model_of(name, **shared).num_parameters(), rel=0.04)


@pytest.mark.parametrize(("name", "task"), [(name, task) for name, family in FAMILIES.items() for task in family.tasks])
def test_family_answers_as_the_tasks_that_it_names(tmp_path: Path, name: str, task: str) -> None:
    tokenizer = train_tokenizer(name, TEXTS, 300)
    build_model(size(name), tokenizer, 0).save_pretrained(tmp_path)
    tokenizer.chat_template = TEMPLATE % ""
    tokenizer.save_pretrained(tmp_path)
    model, reader = load_base(tmp_path, task, 32)
    queries = [Query(query.input, "1", "supports") for query in QUERIES] if task == "binary" else QUERIES
    assert torch.isfinite(reader.logits(model, reader.encode_queries(queries))).all()
    assert len(reader.generate(model, queries, 2)) == 3


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize(
    ("method", "settings"),
    [("ft", {"learning_rate": 1e-4, "max_steps": 3}), ("mend", {"edit_rate": 1e-2}), ("enn", {"edit_rate": 1e-2})],
)
def test_decoder_only_models_are_edited(name: str, method: str, settings: dict[str, float]) -> None:
    """Every edited matrix moves, in the direction that makes the edit more likely."""
    model, task = model_of(name), load_task("causal", train_tokenizer(name, TEXTS, 300), 32)
    edit = Edit(TEXTS[0], "Nowhere")
    edited: Any = EDITORS[method](model, task, **settings).edit([edit])
    batch = task.encode_edits([edit])
    before, after = (task.edit_loss(task.logits(one, batch), batch).item() for one in (model, edited))
    assert after < before
    assert all((edited.weights[each] != model.get_parameter(each)).any() for each in editable_matrices(model))


def test_a_package_adds_a_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The family of docs/extending.md: its module and an entry point, and not a line elsewhere."""
    install(tmp_path, monkeypatch)
    raw = tmp_path / "raw/zsre"
    raw.mkdir(parents=True)
    (raw / "texts.txt").write_text("\n".join(TEXTS))
    settings = CheckpointSettings(source="generate", architecture=size("cohere"))
    make_checkpoint(settings, raw.parent, tmp_path / "model", tmp_path / "work", seed=0)
    model, task = load_base(tmp_path / "model", "causal", 32)
    assert type(model).__name__ == "CohereForCausalLM"
    assert len(editable_matrices(model)) == 9
    assert len(task.generate(model, QUERIES, 2)) == 3
