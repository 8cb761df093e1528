"""The base model, counterfactual model and scope classifier of a SERAC vector as parts of this project."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertForSequenceClassification, DistilBertModel, PreTrainedTokenizerFast

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

from .base_models import load_model, our_name
from .vectors import Case, hyperparameters

TASKS = {
    "T5ForConditionalGeneration": "seq2seq",
    "BertClassifier": "binary",
    "BlenderbotSmallForConditionalGeneration": "dialogue",
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
        return load_model(self.case, "base").requires_grad_(False)

    @cached_property
    def task(self) -> Task:
        return load_task(TASKS[self.case.meta["models"]["base"]["class"]], self.tokenizer("base"), LONG)

    @cached_property
    def counterfactual(self) -> CounterfactualModel:
        return CounterfactualModel(load_model(self.case, "counterfactual"), self.task)

    @cached_property
    def classifier(self) -> ScopeClassifier:
        return self.classifier_with()

    def classifier_with(self, **changes: Any) -> ScopeClassifier:
        """The classifier under the case's settings and ``changes``."""
        encoder = load_model(self.case, "classifier")
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


def gradients(case: Case, part: str, model: nn.Module) -> list[tuple[str, Tensor]]:
    """Expected keys of the gradients of one part, each with the gradient that ``model`` has."""
    prefix, is_bert = f"grad.{part}.", isinstance(model, BertForSequenceClassification)
    own = dict(model.named_parameters(remove_duplicate=False))
    found = []
    for key in case.expected:
        if key.startswith(prefix):
            name = key.removeprefix(prefix)
            parameter = own[our_name(name) if is_bert else name]
            gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            found.append((key, gradient))
    return found
