"""The tiny base models of the vectors as models of this project, and tasks that need no tokenizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from safetensors.torch import load_file
from torch import Tensor
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from serac.tasks.base import Batch, Task
from serac.tasks.registry import load_task

from .vectors import Case, assert_close


def load_base(case: Case) -> Any:
    """``base/`` of the case: a T5, or the vectors' BertClassifier as a BertForSequenceClassification with one logit."""
    folder = case.folder / "base"
    weights = load_file(folder / "weights.safetensors")
    kind = case.meta["models"]["base"]["class"]
    if kind == "T5ForConditionalGeneration":
        model: PreTrainedModel = T5ForConditionalGeneration(_eager(T5Config.from_json_file(folder / "config.json")))
        tied = {"decoder.embed_tokens.weight", "encoder.embed_tokens.weight", "lm_head.weight"}
    elif kind == "BertClassifier":
        config = _eager(BertConfig.from_json_file(folder / "config.json"))
        config.num_labels = 1
        model, tied = BertForSequenceClassification(config), set()
        weights = {our_name(name): tensor for name, tensor in weights.items()}
    else:
        raise ValueError(f"{case.name}: no model of this project corresponds to {kind}")
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected, unexpected
    assert set(missing) <= tied, missing
    model.tie_weights()
    return model.eval()


def our_name(name: str) -> str:
    """A parameter of the vectors' models in ours (the vectors' BertClassifier keeps its BertModel in ``model``)."""
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


def _eager(config: Any) -> Any:
    config._attn_implementation = "eager"
    return config
