"""The tiny models of the vectors as models of this project, and tasks that need no tokenizer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from safetensors.torch import load_file
from torch import Tensor
from transformers import (
    AutoConfig,
    BertForSequenceClassification,
    BlenderbotSmallForConditionalGeneration,
    DistilBertForSequenceClassification,
    DistilBertModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    T5ForConditionalGeneration,
)

from serac.tasks.base import Batch, Task
from serac.tasks.registry import load_task

from .vectors import Case, assert_close

CLASSES: dict[str, type[PreTrainedModel]] = {
    "T5ForConditionalGeneration": T5ForConditionalGeneration,
    "BertClassifier": BertForSequenceClassification,
    "BlenderbotSmallForConditionalGeneration": BlenderbotSmallForConditionalGeneration,
    "DistilBertModel": DistilBertModel,
    "DistilBertForSequenceClassification": DistilBertForSequenceClassification,
}
"""The vectors' classes of models in ours: their BertClassifier is a BertForSequenceClassification with one logit."""


def load_base(case: Case) -> Any:
    """``base/`` of the case, with an attention that has second derivatives."""
    model = load_model(case, "base")
    model.set_attn_implementation("eager")
    return model


def load_model(case: Case, part: str) -> Any:
    """A model from config.json and weights.safetensors; tied weights may be missing, nothing else."""
    folder, kind = case.folder / part, case.meta["models"][part]["class"]
    if kind not in CLASSES:
        raise ValueError(f"{case.name}: no model of this project corresponds to {kind}")
    config = AutoConfig.for_model(**json.loads((folder / "config.json").read_text()))
    weights = load_file(folder / "weights.safetensors")
    if kind == "BertClassifier":
        config.num_labels = 1
        weights = {our_name(name): tensor for name, tensor in weights.items()}
    model: Any = CLASSES[kind](config)
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected, unexpected
    model.tie_weights()
    state = dict(model.named_parameters(remove_duplicate=False))
    kept = {id(parameter) for name, parameter in state.items() if name in weights}
    assert all(id(state[name]) in kept for name in missing if name in state), missing
    return model.eval()


def our_name(name: str) -> str:
    """A parameter of the vectors' T5 or BertClassifier in ours; the latter keeps its BertModel in ``model``."""
    return f"bert.{name.removeprefix('model.')}" if name.startswith("model.") else name


def task_of(model: Any) -> Task:
    """The task that scores the model; its tokenizer is a placeholder, the vectors hold token ids."""
    return load_task("seq2seq" if model.config.is_encoder_decoder else "binary", PlaceholderTokenizer(), 1)


def batch_of(case: Case, prefix: str) -> Batch:
    """Ids, mask and labels of one batch of the inputs."""
    return {key: case.inputs[f"{prefix}.{key}"] for key in ("input_ids", "attention_mask", "labels")}


def inputs_by_our_names(case: Case, prefix: str) -> dict[str, Tensor]:
    """Input tensors ``{prefix}.{parameter}`` by our parameter names."""
    names = [key.removeprefix(f"{prefix}.") for key in case.inputs if key.startswith(f"{prefix}.")]
    return {our_name(name): case.inputs[f"{prefix}.{name}"] for name in names}


def assert_named_close(case: Case, prefix: str, tensors: Mapping[str, Tensor]) -> None:
    """Compare ``tensors``, by our parameter names, with all expected ``{prefix}.{parameter}``."""
    keys = [key for key in case.expected if key.startswith(f"{prefix}.")]
    assert keys, f"{case.name} expects nothing called {prefix}"
    for key in keys:
        assert_close(case, key, tensors[our_name(key.removeprefix(f"{prefix}."))])


class PlaceholderTokenizer(PreTrainedTokenizerFast):
    """Stands where a tokenizer is required and never reads text."""

    def __init__(self) -> None:
        self.padding_side = "right"

    def __deepcopy__(self, memo: object) -> PlaceholderTokenizer:
        return self
