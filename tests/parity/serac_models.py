"""The base model, counterfactual model and scope classifier of a SERAC vector as parts of this project."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
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

from serac.config.serac import RoutingSettings, ScopeSettings
from serac.editors.serac.counterfactual import CounterfactualModel
from serac.editors.serac.cross import CrossClassifier
from serac.editors.serac.embed import EmbedClassifier
from serac.editors.serac.model import SeracModel
from serac.editors.serac.scope import ScopeClassifier
from serac.editors.training_batches import DrawnBatch
from serac.records import Edit, Query
from serac.tasks.base import Task
from serac.tasks.losses import IGNORED
from serac.tasks.registry import load_task

from .vectors import Case, hyperparameters

CLASSES = {
    "T5ForConditionalGeneration": (T5ForConditionalGeneration, "seq2seq"),
    "BertClassifier": (BertForSequenceClassification, "binary"),
    "BlenderbotSmallForConditionalGeneration": (BlenderbotSmallForConditionalGeneration, "dialogue"),
    "DistilBertModel": (DistilBertModel, ""),
    "DistilBertForSequenceClassification": (DistilBertForSequenceClassification, ""),
}
DISTANCES = {
    "squared Euclidean": "square",
    "Euclidean": "unsquared",
    "cosine": "cosine",
    "cross-attention": None,
}
SCOPE, ROUTING = ("scale", "heads", "tanh"), ("threshold",)
READ_BY_TESTS = ("k", "n_test", "n_memory", "eps", "hits", "cedit", "cloc", "use_all_negatives", "unlikelihood")
LONG = 512


@dataclass(frozen=True)
class Parts:
    """What a SERAC vector holds."""

    case: Case

    @cached_property
    def hyperparameters(self) -> dict[str, Any]:
        return hyperparameters(self.case, *SCOPE, *ROUTING, *READ_BY_TESTS, "distance")

    @cached_property
    def base(self) -> Any:
        return self._model("base").requires_grad_(False)

    @cached_property
    def task(self) -> Task:
        return load_task(CLASSES[self.case.meta["models"]["base"]["class"]][1], self.tokenizer("base"), LONG)

    @cached_property
    def counterfactual(self) -> CounterfactualModel:
        return CounterfactualModel(self._model("counterfactual"), self.task)

    @cached_property
    def classifier(self) -> ScopeClassifier:
        return self.classifier_with()

    def classifier_with(self, **changes: Any) -> ScopeClassifier:
        """The classifier under the case's settings and ``changes``."""
        encoder = self._model("classifier")
        kind = EmbedClassifier if isinstance(encoder, DistilBertModel) else CrossClassifier
        settings = ScopeSettings(kind=kind.kind, checkpoint="parity", **{**self._scope_settings(), **changes})
        return kind(encoder, self.tokenizer("classifier"), settings)

    def _scope_settings(self) -> dict[str, Any]:
        settings = self._given(SCOPE)
        if (distance := DISTANCES[self.hyperparameters.get("distance", "squared Euclidean")]) is not None:
            settings["distance"] = distance
        return settings

    def _given(self, names: Iterable[str]) -> dict[str, Any]:
        return {name: self.hyperparameters[name] for name in names if name in self.hyperparameters}

    @cached_property
    def serac(self) -> SeracModel:
        """The model after the case's edits."""
        model = self.unedited()
        model.add(self.edits)
        return model

    def unedited(self, **changes: Any) -> SeracModel:
        """The model with an empty memory, under the case's settings and ``changes``."""
        routing = RoutingSettings(**{**self._given(ROUTING), **changes})
        return SeracModel(self.base, self.task, self.classifier, self.counterfactual, routing=routing)

    @cached_property
    def edits(self) -> list[Edit]:
        inputs = self.task.texts(self.case.inputs["edit.input_ids"])
        labels = [""] * len(inputs) if self.task.name == "binary" else self.label_texts("edit")
        return [Edit(*pair) for pair in zip(inputs, labels, strict=True)]

    @cached_property
    def gold(self) -> list[int]:
        """The true edit of each in-scope row."""
        return self.case.inputs["pos_pairs"][:, 1].tolist()

    def texts(self, prefix: str) -> list[str]:
        return self.task.texts(self.case.inputs[f"{prefix}.input_ids"])

    def label_texts(self, prefix: str) -> list[str]:
        labels = self.case.inputs[f"{prefix}.labels"]
        if self.task.name == "binary":
            return [str(label) for label in labels.flatten().tolist()]
        return self.task.texts(labels.masked_fill(labels == IGNORED, self.task.tokenizer.pad_token_id))

    def batch(self, prefix: str, *names: str) -> dict[str, Tensor]:
        """Tensors of one batch of the inputs; without labels for a binary base model, which does not read them."""
        wanted = names or ("input_ids", "attention_mask", *(() if self.task.name == "binary" else ("labels",)))
        return {name: self.case.inputs[f"{prefix}.{name}"] for name in wanted}

    def drawn(self, *, all_negatives: bool = False) -> DrawnBatch:
        """The training batch of the case: row i out of scope belongs to edit i.

        ``all_negatives`` (of the reference) pairs every row out of scope with every edit.
        """
        wanted = self._wanted()
        inside = [
            Query(text, label, "", wanted=row)
            for text, label, row in zip(self.texts("outer"), self.label_texts("outer"), wanted, strict=True)
        ]
        outside, places = [Query(text, "", "") for text in self.texts("loc")], range(len(self.edits))
        pairs = list(product(outside, places) if all_negatives else zip(outside, places, strict=True))
        rows, edits = [row for row, _ in pairs], [edit for _, edit in pairs]
        return DrawnBatch(self.edits, inside, self.gold, rows, edits)

    def _wanted(self) -> list[bool]:
        if "inner_sent" not in self.case.inputs:
            return [True] * len(self.gold)
        return (self.case.inputs["inner_sent"] == self.case.inputs["outer_sent"]).tolist()

    def tokenizer(self, part: str) -> PreTrainedTokenizerFast:
        tokenizer: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(self.case.folder / part)
        return tokenizer

    def _model(self, part: str) -> Any:
        name = self.case.meta["models"][part]["class"]
        if name not in CLASSES:
            raise ValueError(f"{self.case.name}: no model of this project corresponds to {name}")
        return load_model(self.case.folder / part, CLASSES[name][0])


def load_model(folder: Path, model_class: type[PreTrainedModel]) -> Any:
    """A model from config.json and weights.safetensors; tied weights may be missing, nothing else."""
    config = AutoConfig.for_model(**json.loads((folder / "config.json").read_text()))
    if model_class is BertForSequenceClassification:
        config.num_labels = 1
    model = model_class(config)
    weights = {our_name(model, name): tensor for name, tensor in load_file(folder / "weights.safetensors").items()}
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected, unexpected
    model.tie_weights()
    kept = {id(parameter) for name, parameter in model.named_parameters(remove_duplicate=False) if name in weights}
    state = dict(model.named_parameters(remove_duplicate=False))
    assert all(id(state[name]) in kept for name in missing if name in state), missing
    return model.eval()


def our_name(model: nn.Module, name: str) -> str:
    """The vectors' BertClassifier keeps its BertModel in ``model``, ours in ``bert``."""
    if isinstance(model, BertForSequenceClassification) and name.startswith("model."):
        return "bert." + name.removeprefix("model.")
    return name


def gradients(case: Case, part: str, model: nn.Module) -> list[tuple[str, Tensor]]:
    """Expected keys of the gradients of one part, each with the gradient that ``model`` has."""
    prefix = f"grad.{part}."
    own = dict(model.named_parameters(remove_duplicate=False))
    found = []
    for key in case.expected:
        if key.startswith(prefix):
            parameter = own[our_name(model, key.removeprefix(prefix))]
            gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            found.append((key, gradient))
    return found
