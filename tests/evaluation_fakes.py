"""A word-level binary task with a base model and editors simple enough to know every outcome in advance.

The base model calls every text false. An edit's first word is its subject: the fake router sends every text with
the same first word to it, and calls it true.
"""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

from serac.editors.base import EditedModel, Editor
from serac.records import Edit, EditExample, Query
from serac.tasks.binary import BinaryTask

SUBJECTS = [f"subject{i}" for i in range(60)]
WORDS = [*SUBJECTS, "is", "was", "old", "new", "red", "other", "thing"]


def make_task() -> BinaryTask:
    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return BinaryTask(PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]"), 16)


class FalseModel(nn.Module):
    """Logit -1 for every text; counts forward passes."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, input_ids: Any, **batch: Any) -> Any:
        self.calls += 1
        return SimpleNamespace(logits=-torch.ones(len(input_ids), 1))


class RoutedModel(EditedModel):
    def __init__(self, base: nn.Module, subjects: list[int], bias: float) -> None:
        super().__init__()
        self.base, self.subjects, self.bias = base, subjects, bias
        self.last: dict[str, Tensor] | None = None

    def forward(self, **batch: Any) -> Any:
        logits = self.base(**batch).logits
        first = batch["input_ids"][:, 0].tolist()
        index = torch.tensor([self.subjects.index(word) if word in self.subjects else 0 for word in first])
        beta = torch.tensor([0.9 if word in self.subjects else 0.1 for word in first]) + self.bias
        routed = beta > 0.5
        self.last = {"beta": beta, "index": index, "routed": routed}
        return SimpleNamespace(logits=torch.where(routed[:, None], 1.0, logits))

    def generate(self, **kwargs: Any) -> Any:
        raise NotImplementedError

    def routing(self) -> Any:
        return self.last


class RoutingEditor(Editor):
    name = "fake_router"

    def edit(self, edits: Any) -> Any:
        ids = self.task.encode([edit.input for edit in edits], ["1"] * len(edits))["input_ids"]
        return RoutedModel(self.base, ids[:, 0].tolist(), self.hyperparameters.get("bias", 0.0))

    def tuned(self, **choice: Any) -> Any:
        return type(self)(self.base, self.task, **{**self.hyperparameters, **choice})

    def save_pretrained(self, folder: Any) -> None:
        raise NotImplementedError

    @classmethod
    def from_pretrained(cls, folder: Any, base: Any, task: Any, **changes: Any) -> Any:
        raise NotImplementedError


def make_examples(count: int = 40, seed: int = 0) -> list[EditExample]:
    """Edit ``i`` is about subject ``i``; two of its out-of-scope inputs are about other subjects, one about none."""
    rng = random.Random(seed)
    examples = []
    for i, subject in enumerate(SUBJECTS[:count]):
        others = rng.sample([s for s in SUBJECTS[:count] if s != subject], 2)
        examples.append(
            EditExample(
                id=f"e{i}",
                group=subject,
                edit=Edit(f"{subject} is new", ""),
                in_scope=(
                    Query(f"{subject} is new", "1", "supports", about=subject),
                    Query(f"{subject} was red old thing", "0", "refutes", hard=True, about=subject),
                ),
                out_of_scope=(
                    *(Query(f"{other} is old", "0", "neutral", hard=True, about=other) for other in others),
                    Query("other thing", "0", "other_page"),
                ),
            )
        )
    return examples
